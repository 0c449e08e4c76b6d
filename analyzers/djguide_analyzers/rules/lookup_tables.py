"""The fix of a look-up in a loop: all rows in one query before it, in a dictionary."""

from __future__ import annotations

from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.loop_writes import fresh_name, indent_of, names_used
from djguide_analyzers.rules.loops import node_at, statements_of, written_in
from djguide_analyzers.rules.repeated import Round
from djguide_analyzers.trace.values import ClassValue, QuerySetValue, Row, Sequence

_ADVICE = "Fetch all of them before the loop, with in_bulk() or one `__in` query"
_SAME_AS_WRITTEN = frozenset(
    {"AutoField", "BigAutoField", "SmallAutoField", "IntegerField", "BigIntegerField", "PositiveIntegerField",
     "PositiveBigIntegerField", "CharField", "SlugField", "EmailField"}
)  # fmt: skip
"""Columns whose values come back as what they are looked up by; of UUIDs, texts and objects are both in use."""

_CREATES = frozenset({"create", "get_or_create", "update_or_create", "bulk_create"})


def is_fed_by_own_rows(found: Round) -> bool:
    """Whether the loop adds rows to the table it looks into: a round may look for one that an earlier made."""
    model = found.item.query.model
    for event in written_in(found.trace, found.item.loop.site):
        if event.model == model:
            receiver = event.receiver
            fresh = isinstance(receiver, Row) and receiver.root.query is None
            if event.operation in _CREATES or (event.operation == "save" and fresh):
                return True
    return False


def lookup_fix(found: Round) -> tuple[Fix, ...]:
    """The rows in a dictionary before the loop, where the loop's own variable is the key; else advice."""
    table = _table(found)
    if table is None:
        return (Fix(_ADVICE, Safety.MANUAL),)
    file, code, loop = found.file, table.code, table.loop
    outside = indent_of(file, code, loop)
    keys, name = table.keys, fresh_name(table.scope, table.name, f"{table.name}_by_{table.column}")
    if outside is None or name is None:
        return (Fix(_ADVICE, Safety.MANUAL),)
    by = "" if table.column == "pk" else f', field_name="{table.column}"'
    lines = [f"{name} = {table.manager}.in_bulk({keys}{by})"]
    if not table.is_reusable:
        lines.insert(0, f"{keys} = list({keys})")
    before = "".join(f"{line}\n{outside}" for line in lines)
    read = f"{name}[{table.key}]" if table.must_exist else f"{name}.get({table.key})"
    edits = (insert(file, code.range(loop).start, before), replace(file, code.range(table.call), read))
    return (Fix("Fetch all of them with in_bulk() before the loop", Safety.REVIEW, edits),)


@dataclass(frozen=True, slots=True)
class _Table:
    """``for key in keys: Model.objects.get(column=key)``, and what its parts are called."""

    scope: Scope
    code: Code
    loop: ir.For
    call: ir.Call
    manager: str
    column: str
    key: str
    keys: str
    name: str
    must_exist: bool
    is_reusable: bool


def _table(found: Round) -> _Table | None:
    item, file = found.item, found.file
    code = item.site.code
    if not item.direct or code.module.path != file.path or item.loop.site.code != code:
        return None
    scope = file.scope_of(code)
    statements = statements_of(file, found.trace, item.context, code)
    loop, call = node_at(statements, item.loop.site.at), node_at(statements, item.site.at)
    if scope is None or not isinstance(loop, ir.For) or loop.is_async or not isinstance(call, ir.Call):
        return None
    if not isinstance(loop.target, ir.Name) or not isinstance(loop.iter, ir.Name) or _is_handled(loop, call):
        return None
    found_lookup = _lookup(scope, code, call)
    column = _unique_column(found, found_lookup[1]) if found_lookup is not None else None
    if found_lookup is None or column is None or not _is_name(found_lookup[1].value, loop.target.id):
        return None
    manager, keyword = found_lookup
    if any(isinstance(n, ir.Await) and n.value is call for n in walk(statements)) or _is_changed(loop):
        return None
    is_reusable = isinstance(scope.value(code, loop.iter), (QuerySetValue, Sequence))
    if not is_reusable and names_used(statements, loop.iter.id) != 1:
        return None  # what is read elsewhere must stay what it is
    return _Table(
        scope,
        code,
        loop,
        call,
        file.text(code, manager),
        column,
        file.text(code, keyword.value),
        loop.iter.id,
        f"{found.model.lower()}s",
        item.operation == "get",
        is_reusable,
    )


def _lookup(scope: Scope, code: Code, call: ir.Call) -> tuple[ir.Expr, ir.Keyword] | None:
    """The manager and the one condition of ``get(key=...)`` or ``filter(key=...).first()``."""
    inner: ir.Expr = call
    if isinstance(call.func, ir.Attr) and call.func.name == "first" and not call.args and not call.keywords:
        inner = call.func.value
    elif not isinstance(call.func, ir.Attr) or call.func.name != "get":
        return None
    match inner:
        case ir.Call(
            func=ir.Attr(value=ir.Attr(value=cls) as manager, name="get" | "filter"), args=[], keywords=[one]
        ):
            return (manager, one) if isinstance(scope.value(code, cls), ClassValue) else None
    return None


def _unique_column(found: Round, keyword: ir.Keyword) -> str | None:
    """The column that a condition names, when each of its values stands in one row."""
    model = found.file.project.graph.get(found.item.query.model)
    if model is None or keyword.name is None:
        return None
    is_key = keyword.name in ("pk", model.pk)
    field = model.fields.get(model.pk if is_key else keyword.name)
    if field is None or field.kind != "column" or field.django_base not in _SAME_AS_WRITTEN:
        return None
    if is_key:
        return "pk"
    return field.name if field.unique else None


def _is_name(node: ir.Expr, name: str) -> bool:
    return isinstance(node, ir.Name) and node.id == name


def _is_handled(loop: ir.For, call: ir.Call) -> bool:
    """Whether a row that is not there is dealt with by a handler."""
    return any(
        isinstance(node, ir.Try) and node.handlers and contains(node.body, call) for node in walk(loop.body)
    )


def _is_changed(loop: ir.For) -> bool:
    """Whether the body binds the loop's variable anew."""
    assert isinstance(loop.target, ir.Name)
    name = loop.target.id
    for node in walk(loop.body):
        if isinstance(node, ir.Assign) and any(_is_name(target, name) for target in node.targets):
            return True
        if isinstance(node, (ir.AugAssign, ir.For, ir.Clause)) and _is_name(node.target, name):
            return True
        if isinstance(node, ir.Walrus) and node.target == name:
            return True
    return False
