"""A value is looked up to keep it unique, and the database does not enforce it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.constraints import ENFORCE, unique_fix
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.counting import compared_with_none
from djguide_analyzers.rules.fields import has_stars
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.model_classes import MODEL, self_name
from djguide_analyzers.trace.values import BuiltinMethod, QuerySetValue

RULE = Rule(
    summary="Validation looks whether a value is taken, but no constraint keeps it unique",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_FORM = "django.forms.models.BaseModelForm"
_SERIALIZER = "rest_framework.serializers.ModelSerializer"
_METHODS = ("clean", "validate")
_LOOKS = ("exists", "count")
_CHAIN = frozenset({"filter", "exclude", "all", "only", "using"})


@dataclass(frozen=True, slots=True)
class _Check:
    """One look-up: the columns whose values must be new, and whether constants or other conditions narrow it."""

    model: Model
    fields: tuple[Field, ...]
    plain: bool


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    info = scope.function
    if info is None or info.owner is None or not info.name.startswith(_METHODS):
        return
    model = _validated(file, info.owner)
    if model is None or model.cls.module.origin != "project":
        return  # nobody can add a constraint to a package's table
    for node, code in scope.nodes(ir.Call):
        if not isinstance(node.func, ir.Attr) or node.func.name not in _LOOKS:
            continue
        found = _check(file, scope, code, node, model, info)
        if found is not None and _refuses(info, node) and not _is_enforced(model, found):
            yield _hit(file, code, node, found)


# --- the look-up -----------------------------------------------------------------------------------------


def _validated(file: FileContext, cls: ClassInfo) -> Model | None:
    """The model whose rows the class validates: the class itself, or that of its ``Meta``."""
    resolver, graph = file.project.resolver, file.project.graph
    if resolver.is_subclass(cls, MODEL):
        return graph.of_class(cls)
    if not resolver.is_subclass(cls, _FORM, _SERIALIZER):
        return None
    found = resolver.class_attribute(cls, "Meta")
    meta = found[1] if found is not None else None
    given = resolver.class_attribute(meta, "model") if isinstance(meta, ClassInfo) else None
    if found is None or given is None or not isinstance(given[1], Value) or given[1].expr is None:
        return None
    symbol = resolver.expr(given[1].code, given[1].expr, found[0])
    return graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None


def _check(
    file: FileContext, scope: Scope, code: Code, node: ir.Call, model: Model, info: FunctionInfo
) -> _Check | None:
    """What ``queryset.exists()`` looks for, if it is whether another row holds the values being validated."""
    calls = _calls(scope, code, node, model, info)
    fields: list[Field] = []
    plain = True
    for call in calls or ():
        link = call.func
        if not isinstance(link, ir.Attr) or link.name not in _CHAIN or has_stars(call) or call.args:
            return None
        for keyword in call.keywords:
            name, _, lookup = (keyword.name or "").partition("__")
            field = model.fields.get(name) or model.field_of_attname(name)
            if link.name == "exclude":
                if name not in ("pk", "id", model.pk):
                    return None
                continue
            if name in ("pk", "id", model.pk):
                return None
            if (
                field is None
                or field.column is None
                or not field.local
                or lookup not in ("", "exact", "iexact")
            ):
                return None
            if isinstance(keyword.value, ir.Const) or (field.kind != "column" and lookup):
                plain = False
                continue
            if not _is_validated(info, keyword.value, name):
                return None
            plain = plain and lookup != "iexact"
            fields.append(field)
    suffix = info.name.partition("_")[2]
    if not fields or (suffix and suffix not in {f.name for f in fields} | {f.attname for f in fields}):
        return None
    return _Check(model, tuple(dict.fromkeys(fields)), plain)


def _calls(scope: Scope, code: Code, node: ir.Call, model: Model, info: FunctionInfo) -> list[ir.Call] | None:
    """The calls that narrow the queryset; None when it is not one of the model's whole table."""
    method = scope.value(code, node.func)
    if isinstance(method, BuiltinMethod) and isinstance(method.receiver, QuerySetValue):
        query = method.receiver.query
        own = query.model == model.label and method.receiver.related is None
        return [link.node for link in query.chain] if own else None
    assert isinstance(node.func, ir.Attr)
    return _written(info, node.func.value, 0) if info.owner is model.cls else None


def _written(info: FunctionInfo, node: ir.Expr, depth: int) -> list[ir.Call] | None:
    """The same for a queryset of ``type(self)`` or ``self.__class__``, as it is written."""
    match node:
        case ir.Attr(value=ir.Call(func=ir.Name(id="type"), args=[ir.Name(id=name)]), name="objects"):
            return [] if name == self_name(info) else None
        case ir.Attr(value=ir.Attr(value=ir.Name(id=name), name="__class__"), name="objects"):
            return [] if name == self_name(info) else None
        case ir.Call(func=ir.Attr(value=value)):
            before = _written(info, value, depth)
            return [*before, node] if before is not None else None
        case ir.Name(id=name) if depth < 3:
            # `queryset = queryset.exclude(...)` goes on from what the name meant before.
            values = [v for v in _values(info, name) if not _starts_with(v, name)]
            first = _written(info, values[0], depth + 1) if len(values) == 1 else None
            return [*first, *_later(info, name)] if first is not None else None
        case _:
            return None


def _starts_with(node: ir.Expr, name: str) -> bool:
    while isinstance(node, (ir.Call, ir.Attr)):
        node = node.func if isinstance(node, ir.Call) else node.value
    return isinstance(node, ir.Name) and node.id == name


def _later(info: FunctionInfo, name: str) -> Iterator[ir.Call]:
    """Calls that narrow the queryset that a local variable holds."""
    for value in _values(info, name):
        if _starts_with(value, name):
            for part in walk(value):
                if isinstance(part, ir.Call) and isinstance(part.func, ir.Attr):
                    yield part


def _is_validated(info: FunctionInfo, node: ir.Expr, name: str, depth: int = 0) -> bool:
    """Whether a value is that of the column in the row being validated."""
    suffix = info.name.partition("_")[2]
    for part in walk(node):
        if isinstance(part, ir.Attr) and part.name in (name, f"{name}_id"):
            return True
        if isinstance(part, ir.Const) and part.value in (name, name.removesuffix("_id")):
            return True
        if isinstance(part, ir.Name):
            params = [param.name for param in info.node.params.items[1:]]
            if suffix and suffix in (name, name.removesuffix("_id")) and part.id in params:
                return True
            if depth < 3 and any(_is_validated(info, v, name, depth + 1) for v in _values(info, part.id)):
                return True
    return False


def _values(info: FunctionInfo, name: str) -> Iterator[ir.Expr]:
    for node in walk(info.statements):
        if isinstance(node, ir.Assign) and node.value is not None:
            if any(isinstance(target, ir.Name) and target.id == name for target in node.targets):
                yield node.value
        elif isinstance(node, ir.Walrus) and node.target == name:
            yield node.value


def _refuses(info: FunctionInfo, node: ir.Call) -> bool:
    """Whether validation fails when a row exists."""
    tested: list[ir.Node] = [node]
    for statement in walk(info.statements):
        if isinstance(statement, ir.Assign) and statement.value is node:
            tested += [
                part
                for part in walk(info.statements)
                for target in statement.targets
                if isinstance(part, ir.Name) and isinstance(target, ir.Name) and part.id == target.id
            ]
    for statement in walk(info.statements):
        taken = isinstance(statement, ir.If) and any(_is_positive(statement.test, t) for t in tested)
        if isinstance(statement, ir.If) and taken and any(_is_refusal(p) for p in walk(statement.body)):
            return True
    return False


def _is_positive(test: ir.Expr, node: ir.Node) -> bool:
    """Whether a test is true only if `node` is: the node itself, or an operand of ``and``."""
    if isinstance(test, ir.Bool) and test.op == "and":
        return any(_is_one(value, node) for value in test.values)
    return _is_one(test, node)


def _is_one(test: ir.Expr, node: ir.Node) -> bool:
    """Whether a test is `node` itself, or that it is a positive number."""
    compared = compared_with_none(test)
    return test is node or (compared is not None and compared[0] is node and compared[1])


def _is_refusal(node: ir.Node) -> bool:
    if isinstance(node, ir.Raise):
        return True
    return isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name == "add_error"


# --- constraints -----------------------------------------------------------------------------------------


def _is_enforced(model: Model, found: _Check) -> bool:
    """Whether the database may keep these values apart."""
    names = {field.name for field in found.fields}
    if any(field.unique or field.primary_key for field in found.fields):
        return True
    if any(set(group) <= names for group in model.unique_together):
        return True
    for entry in model.constraints:
        fields = entry["fields"]
        if entry["expressions"] or (isinstance(fields, list) and (not fields or set(fields) <= names)):
            return True
    return False


# --- the finding -----------------------------------------------------------------------------------------


def _hit(file: FileContext, code: Code, node: ir.Call, found: _Check) -> Hit:
    lookup = file.place(code, node)
    names = " and ".join(f"`{field.name}`" for field in found.fields)
    own = _declared(file, found.fields[0]) if len(found.fields) == 1 else None
    apart = own is not None and own.path != lookup.path
    related = (Related("the column", own),) if own is not None and not apart else ()
    return Hit(
        own if own is not None and apart else lookup,
        f"{names} of {found.model.name} {'is' if len(found.fields) == 1 else 'are'} kept unique by a look-up only: "
        "two requests that look at the same moment both get through",
        access=lookup if apart else None,
        related=related,
        fixes=(_fix(file, found),),
    )


def _declared(file: FileContext, field: Field) -> Place | None:
    if field.code is None or field.node is None or field.code.module.path not in file.project.modules:
        return None
    return Place(field.code.module.path, field.code.range(field.node))


def _fix(file: FileContext, found: _Check) -> Fix:
    first = found.fields[0]
    if not found.plain or (len(found.fields) == 1 and first.kind != "column"):
        return Fix(ENFORCE, Safety.MANUAL)
    return unique_fix(file, found.model, list(found.fields))
