"""Reading prefetched rows in Python instead of asking the database for some of them again."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.repeated import Round
from djguide_analyzers.trace.values import Link

_TEXT = frozenset({"CharField", "SlugField", "TextField"})
_NUMBERS = frozenset(
    {"IntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "SmallIntegerField", "BigIntegerField",
     "PositiveBigIntegerField", "AutoField", "BigAutoField"}
)  # fmt: skip
_DATES = frozenset({"DateField", "DateTimeField", "TimeField", "DecimalField", "FloatField"})


def python_fix(found: Round) -> tuple[Fix, ...]:
    """The same answer made in Python from the prefetched rows, where it is simple; else advice."""
    path = "__".join(found.path)
    advice = Fix(
        f'Prefetch what is read: Prefetch("{path}", queryset={found.model}.objects.…, to_attr="…")',
        Safety.MANUAL,
    )
    item, file = found.item, found.file
    code = item.site.code
    if all(link.name in ("all", "iterator") for link in item.query.chain):
        advice = Fix("Use `all()`, which answers from the prefetched rows", Safety.MANUAL)
    scope = file.scope_of(code) if item.direct and code.module.path == file.path else None
    link = _only_link(found)
    if scope is None or link is None or link.site.code != code or not _is_plainly_prefetched(found, path):
        return (advice,)
    if scope.function is not None and scope.function.node.is_async:
        return (advice,)
    text = _in_python(found, scope, code, link)
    if text is None:
        return (advice,)
    edit = replace(file, code.range(_replaced(found, scope, code, link)), text)
    return (Fix("Use the prefetched rows", Safety.REVIEW, (edit,)), advice)


def _only_link(found: Round) -> Link | None:
    """The one call behind ``row.relation`` that the prefetch does not serve."""
    links = [link for link in found.item.query.chain if link.name != "all"]
    return links[0] if len(links) == 1 and found.item.query.chain[-1] is links[0] else None


def _is_plainly_prefetched(found: Round, path: str) -> bool:
    """Whether the prefetched rows are all of the relation."""
    row = found.item.row
    query = row.root.query if row is not None else None
    if query is None:
        return False
    entries = [entry for entry in query.prefetch if entry.path == path or entry.path.startswith(path + "__")]
    return bool(entries) and all(entry.inner is None or entry.path != path for entry in entries)


def _in_python(found: Round, scope: Scope, code: Code, link: Link) -> str | None:
    """The expression over the prefetched rows that gives what the query gives."""
    model = found.file.project.graph.get(found.item.query.model)
    call, func = link.node, link.node.func
    if model is None or not isinstance(func, ir.Attr) or not isinstance(func.value, (ir.Attr, ir.Call)):
        return None
    each = _variable(found, model)
    relation = func.value
    while isinstance(relation, ir.Call) and isinstance(relation.func, ir.Attr):
        relation = relation.func.value  # an ``all()`` before
    rows = f"{found.file.text(code, relation)}.all()"
    match link.name, found.item.operation:
        case "filter", ("iterate" | "bool"):
            test = _condition(found, model, call, each, code)
            return f"[{each} for {each} in {rows} if {test}]" if test is not None else None
        case "filter", "exists" if _follows(found, scope, code, call, "exists"):
            test = _condition(found, model, call, each, code)
            return f"any({test} for {each} in {rows})" if test is not None else None
        case "filter", "count" if _follows(found, scope, code, call, "count"):
            test = _condition(found, model, call, each, code)
            return f"sum(1 for {each} in {rows} if {test})" if test is not None else None
        case "order_by", "iterate":
            return _sorted(model, call, each, rows)
        case "values_list", "iterate":
            return _listed(model, call, each, rows)
    return None


def _replaced(found: Round, scope: Scope, code: Code, link: Link) -> ir.Expr:
    """What the text stands for: the queryset, with a ``list()`` around it or the call that asks it."""
    if found.item.operation in ("count", "exists"):
        return next(n for n, c in scope.nodes(ir.Call) if c == code and n.at == found.item.site.at)
    for node, own in scope.nodes(ir.Call):
        is_list = isinstance(node.func, ir.Name) and node.func.id == "list" and len(node.args) == 1
        if own == code and is_list and node.args[0] is link.node:
            return node
    return link.node


def _follows(found: Round, scope: Scope, code: Code, call: ir.Call, method: str) -> bool:
    """Whether the query is run by ``.method()`` right behind `call`."""
    for node, own in scope.nodes(ir.Call):
        if own == code and node.at == found.item.site.at:
            return isinstance(node.func, ir.Attr) and node.func.name == method and node.func.value is call
    return False


def _variable(found: Round, model: Model) -> str:
    name = model.name.lower()
    row = found.item.row
    return name if row is None or row.model.rpartition(".")[2].lower() != name else f"related_{name}"


def _column(model: Model, name: str) -> Field | None:
    """A column of Django's own kind by its name."""
    field = model.fields.get(name)
    plain = (
        field is not None
        and field.kind == "column"
        and field.class_name.rpartition(".")[2] == field.django_base
    )
    return field if plain else None


def _condition(found: Round, model: Model, call: ir.Call, each: str, code: Code) -> str | None:
    """Conditions of ``filter()`` as a test of `each`; None unless all compare a column with a literal."""
    tests: list[str] = []
    for keyword in call.keywords:
        value = keyword.value
        field = _column(model, keyword.name or "")
        if field is None or not isinstance(value, ir.Const):
            return None
        read = f"{each}.{field.name}"
        base = field.django_base
        if isinstance(value.value, bool) and base == "BooleanField":
            tests.append(f"{read} is {value.value}" if field.null else read if value.value else f"not {read}")
        elif isinstance(value.value, str) and base in _TEXT:
            tests.append(f"{read} == {found.file.text(code, value)}")
        elif type(value.value) is int and base in _NUMBERS:
            tests.append(f"{read} == {value.value}")
        else:
            return None
    return " and ".join(tests) if tests and not call.args else None


def _sorted(model: Model, call: ir.Call, each: str, rows: str) -> str | None:
    if len(call.args) != 1 or call.keywords or not isinstance(call.args[0], ir.Const):
        return None
    name = call.args[0].value
    if not isinstance(name, str):
        return None
    field = _column(model, name.removeprefix("-"))
    if field is None or field.null or field.django_base not in _TEXT | _NUMBERS | _DATES:
        return None
    backwards = ", reverse=True" if name.startswith("-") else ""
    return f"sorted({rows}, key=lambda {each}: {each}.{field.name}{backwards})"


def _listed(model: Model, call: ir.Call, each: str, rows: str) -> str | None:
    names = [arg.value for arg in call.args if isinstance(arg, ir.Const) and isinstance(arg.value, str)]
    flat = call.keyword("flat")
    is_flat = isinstance(flat, ir.Const) and flat.value is True
    if not names or len(names) != len(call.args) or len(call.keywords) != is_flat:
        return None
    if not all(name == "pk" or _column(model, name) is not None for name in names):
        return None
    reads = [f"{each}.{name}" for name in names]
    if is_flat:
        return f"[{reads[0]} for {each} in {rows}]" if len(reads) == 1 else None
    return f"[({', '.join(reads)}{',' if len(reads) == 1 else ''}) for {each} in {rows}]"
