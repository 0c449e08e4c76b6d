"""A related row is loaded to see whether there is one."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.trace.events import RelationLoad, RelationRead
from djguide_analyzers.trace.values import Row, Site

RULE = Rule(
    summary="`if row.relation` loads a row to see whether there is one",
    severity=Severity.INFO,
    safety=Safety.SAFE,
    default=False,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    events = [e for e in scope.trace.events if isinstance(e, (RelationLoad, RelationRead))]
    loads = {e.site: e for e in events if isinstance(e, RelationLoad) and e.kind in ("fk", "o2o")}
    if not loads:
        return
    for whole, node, code, is_none in _none_checks(scope):
        load = loads.get(Site(code, node.at))
        if load is None or _is_used(events, load) or _is_needed(file, scope, code, node):
            continue
        field = _field(file, scope, code, node)
        if field is not None:
            yield _hit(file, load, whole, node, field, is_none)


def _none_checks(scope: Scope) -> Iterator[tuple[ir.Expr, ir.Attr, Code, bool]]:
    """Tests of an attribute, or comparisons with None: the whole, the attribute, whether None makes it true."""
    negated = {
        (code, node.operand.at): node
        for node, code in scope.nodes(ir.Unary)
        if node.op == "not" and isinstance(node.operand, ir.Attr)
    }
    for test, code in scope.tests():
        if isinstance(test, ir.Attr):
            outer = negated.get((code, test.at))
            yield (outer, test, code, True) if outer is not None else (test, test, code, False)
    for node, code in scope.nodes(ir.Compare):
        if len(node.ops) == 1 and node.ops[0] in ("is", "is not", "==", "!="):
            right = node.rights[0]
            if isinstance(node.left, ir.Attr) and isinstance(right, ir.Const) and right.value is None:
                yield node, node.left, code, node.ops[0] in ("is", "==")


def _is_used(events: list[RelationLoad | RelationRead], load: RelationLoad) -> bool:
    """Whether the related row is read somewhere else as well."""
    return any(
        event.row.key == load.row.key and event.name == load.name and event.site != load.site
        for event in events
    )


def _is_needed(file: FileContext, scope: Scope, code: Code, node: ir.Attr) -> bool:
    """Whether the function may read the related row elsewhere: by itself, or by handing its row on."""
    base = file.text(code, node.value)
    for other, where in scope.nodes(ir.Attr):
        if other is node or file.text(where, other.value) != base:
            continue
        if other.name == node.name:
            return True
    for call, where in scope.nodes(ir.Call):
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if any(isinstance(arg, (ir.Name, ir.Attr)) and file.text(where, arg) == base for arg in given):
            return True
        func = call.func
        if isinstance(func, ir.Attr) and file.text(where, func.value) == base and func.name not in _PLAIN:
            return True
    return False


_PLAIN = frozenset({"save", "delete", "refresh_from_db", "full_clean", "append", "add"})


def _field(file: FileContext, scope: Scope, code: Code, node: ir.Attr) -> Field | None:
    row = scope.value(code, node.value)
    model = file.project.graph.get(row.model) if isinstance(row, Row) else None
    field = model.fields.get(node.name) if model is not None else None
    if field is None or not field.is_forward_one or field.parent_link:
        return None
    target = file.project.graph.get(field.target)
    if target is None or _decides_truth(file, target.cls):
        return None
    return field


def _decides_truth(file: FileContext, cls: ClassInfo) -> bool:
    """Whether rows of a class may be false."""
    resolver = file.project.resolver
    return any(resolver.class_attribute(cls, name) is not None for name in ("__bool__", "__len__"))


def _hit(
    file: FileContext, load: RelationLoad, whole: ir.Expr, node: ir.Attr, field: Field, is_none: bool
) -> Hit:
    code = load.site.code
    # a row from outside may hold an object that is not saved yet, which the key knows nothing of
    safety = Safety.SAFE if load.row.provenance_known else Safety.REVIEW
    key = f"{file.text(code, node.value)}.{field.attname}"
    edit = replace(file, code.range(whole), f"{key} is None" if is_none else f"{key} is not None")
    return Hit(
        file.place(code, node),
        f"This loads the related row only to see whether there is one, which `{field.attname}` tells",
        fixes=(Fix(f"Ask `{field.attname}`", safety, (edit,)),),
        data={"relation": field.name},
    )
