"""A ``save()`` sets a column that partial saves leave out."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.guards import conditions
from djguide_analyzers.rules.model_classes import (
    assigned,
    is_name,
    method,
    nodes_within,
    overrides,
    self_name,
    targets,
)
from djguide_analyzers.rules.partial_saves import PartialSave, partial_saves
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.saving import parent_calls
from djguide_analyzers.source.positions import Position

RULE = Rule(
    summary="A `save()` override sets a column that partial saves then leave out",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
    default=False,
)

_NEW_ROW = frozenset({"_state", "pk", "id", "force_insert", "created", "adding"})
"""What tests mention that tell new rows from stored ones: those are never saved in part."""


def check(file: FileContext) -> Iterator[Hit]:
    """Looked for from the partial saves; the finding stands at the override, which has to be mended."""
    if file.is_test:
        return
    for save in partial_saves(file):
        if save.listed is None and _is_saved_again(save):
            continue
        for info in overrides(file.project, save.model.cls, "save"):
            if info.module.path not in file.project.modules or _heeds(info):
                continue
            lost = _lost(file, save, info)
            if lost:
                yield _hit(file, save, info, lost)


def _is_saved_again(save: PartialSave) -> bool:
    """Whether the row that ``update_or_create()`` returns is stored as a whole afterwards."""
    statements = save.scope.function.statements if save.scope.function is not None else []
    rows = {
        items[0].id
        for node in walk(statements)
        if isinstance(node, ir.Assign) and node.value is not None and contains(node.value, save.node)
        for target in node.targets
        if isinstance(target, ir.Display) and isinstance((items := target.items)[0], ir.Name)
    }
    return any(
        isinstance(node, ir.Call) and not node.args and not node.keywords
        and isinstance(node.func, ir.Attr) and node.func.name in ("save", "asave")
        and isinstance(node.func.value, ir.Name) and node.func.value.id in rows
        for node in walk(statements)
    )  # fmt: skip


def _hit(file: FileContext, save: PartialSave, info: FunctionInfo, lost: list[str]) -> Hit:
    home = file.sibling(info.module)
    own = name_place(home, info.code, info.node)
    place = file.place(save.code, save.node)
    names = ", ".join(f"`{name}`" for name in lost)
    apart = place.path != own.path
    return Hit(
        own,
        f"This `save()` sets {names}, but a save that names its columns does not store what it sets: "
        "the override never looks at `update_fields`",
        access=place if apart else None,
        related=(Related("columns are named here", place),),
        fixes=(_fix(home, save.model, info, lost),),
    )


def _heeds(info: FunctionInfo) -> bool:
    """Whether the override looks at ``update_fields``, rather than only passing it on."""
    passed = {
        id(node.value)
        for node, _ in nodes_within(info)
        if isinstance(node, ir.Keyword) and node.name == "update_fields"
    }
    for node, _ in nodes_within(info):
        if isinstance(node, ir.Const) and node.value == "update_fields":
            return True
        if (
            isinstance(node, ir.Keyword)
            and node.name == "update_fields"
            and not isinstance(node.value, ir.Name)
        ):
            return True
        if is_name(node if isinstance(node, ir.Name) else None, "update_fields") and id(node) not in passed:
            return True
    return False


# --- what is lost ----------------------------------------------------------------------------------------


def _lost(file: FileContext, save: PartialSave, info: FunctionInfo) -> list[str]:
    """Columns that the override sets before it calls the parent, always anew, from what the partial save stores."""
    parents = [
        info.body_code.range(call)
        for call, code in parent_calls(file, save.model.cls, info)
        if code.body == info.body_code.body
    ]
    first = min((range_.start for range_ in parents), default=None)
    found = list(_set(save, info, first))
    for node in walk(info.statements):
        helper = _helper(file, save, info, node)
        early = first is None or info.body_code.range(node).start < first
        if helper is not None and early:
            tests = conditions(info.statements, node)
            # What is only called for want of a value that it sets fills a gap: stored rows have none.
            if not any(_depends(tests, self_name(info), name) for name in ("", *assigned(helper))):
                found += _set(save, helper, None)
    return list(dict.fromkeys(found))


def _helper(file: FileContext, save: PartialSave, info: FunctionInfo, node: ir.Node) -> FunctionInfo | None:
    """The method of the project's that ``self.method()`` calls."""
    if not isinstance(node, ir.Call) or not isinstance(node.func, ir.Attr) or node.args or node.keywords:
        return None
    if not is_name(node.func.value, self_name(info)):
        return None
    return method(file.project, save.model.cls, node.func.name)


def _set(save: PartialSave, info: FunctionInfo, before: Position | None) -> Iterator[str]:
    """Columns that a method sets, up to a position."""
    own = self_name(info)
    for node in walk(info.statements):
        for target in targets(node):
            if not isinstance(target, ir.Attr) or not is_name(target.value, own) or isinstance(node, ir.For):
                continue
            field = save.model.fields.get(target.name) or save.model.field_of_attname(target.name)
            if (
                field is None
                or field.column is None
                or not {field.name, field.attname}.isdisjoint(save.columns)
            ):
                continue
            early = before is None or info.body_code.range(node).start < before
            if early and _is_set_again(info, node, target, save):
                yield field.name


def _is_set_again(info: FunctionInfo, node: ir.Node, target: ir.Attr, save: PartialSave) -> bool:
    """Whether saving these columns gives the attribute a new value."""
    own = self_name(info)
    if _depends(conditions(info.statements, target), own, target.name):
        return False
    value = node.value if isinstance(node, (ir.Assign, ir.AugAssign)) else None
    if value is None or isinstance(node, ir.AugAssign):
        return False
    seen: set[str] = set()
    reads = _reads(info, value, own, seen)
    for test in conditions(info.statements, target):
        reads |= _reads(info, test, own, seen)
    if target.name in reads:
        return False  # tidies up what is there, which a partial save has not changed
    if not reads:  # the same each time, unless something like a clock is asked
        return any(isinstance(part, ir.Call) for part in walk(value))
    return not reads.isdisjoint(save.columns)


def _depends(tests: list[ir.Expr], own: str | None, attribute: str) -> bool:
    """Whether tests mention what tells new rows from stored ones, `attribute` itself, or anything unknown."""
    for part in (inner for test in tests for inner in walk(test)):
        if isinstance(part, ir.Call):
            return True
        if isinstance(part, ir.Attr) and (part.name in _NEW_ROW or part.name == attribute):
            return True
        if isinstance(part, ir.Name) and part.id != own:
            return True
    return False


def _reads(info: FunctionInfo, value: ir.Expr, own: str | None, seen: set[str]) -> set[str]:
    """Attributes of the instance that a value is made of, through local variables."""
    found: set[str] = set()
    for part in walk(value):
        if isinstance(part, ir.Attr) and is_name(part.value, own):
            found.add(part.name)
        elif isinstance(part, ir.Name) and part.id == own and not _is_attribute_base(value, part):
            found.add("*")  # the instance is handed on, who knows what of it is read
        elif isinstance(part, ir.Name) and part.id not in seen:
            seen.add(part.id)
            for given in _given(info, part.id):
                found |= _reads(info, given, own, seen)
    return found


def _given(info: FunctionInfo, name: str) -> Iterator[ir.Expr]:
    """What a local variable is assigned."""
    for node in walk(info.statements):
        bound = isinstance(node, ir.Assign) and any(is_name(target, name) for target in targets(node))
        if isinstance(node, ir.Assign) and bound and node.value is not None:
            yield node.value


def _is_attribute_base(value: ir.Expr, name: ir.Name) -> bool:
    return any(isinstance(part, ir.Attr) and part.value is name for part in walk(value))


# --- the fix ---------------------------------------------------------------------------------------------


def _fix(home: FileContext, model: Model, info: FunctionInfo, lost: list[str]) -> Fix:
    """Add the columns to ``update_fields`` in front of the parent's ``save()``."""
    title = f"Add {', '.join(f'`{name}`' for name in lost)} to `update_fields`"
    calls = list(parent_calls(home, model.cls, info))
    statement = _statement_of(info, calls[0][0]) if len(calls) == 1 else None
    kinds = {param.kind: param.name for param in info.node.params.items}
    named = any(param.name == "update_fields" for param in info.node.params.items)
    passed = {keyword.name for keyword in calls[0][0].keywords} if calls else set()
    if statement is None or not (("**" in kinds and None in passed) or (named and "update_fields" in passed)):
        return Fix(title, Safety.MANUAL)
    start = info.body_code.range(statement).start
    indent = home.lines.line(start.line)[: start.column]
    if indent.strip():
        return Fix(title, Safety.MANUAL)
    listed = ", ".join(f'"{name}"' for name in lost)
    if named:
        test, value = "update_fields is not None", f"update_fields = {{*update_fields, {listed}}}"
    else:
        kwargs = kinds["**"]
        test = f'{kwargs}.get("update_fields") is not None'
        value = f'{kwargs}["update_fields"] = {{*{kwargs}["update_fields"], {listed}}}'
    text = f"if {test}:\n{indent}    {value}\n{indent}"
    return Fix(title, Safety.REVIEW, (insert(home, start, text),))


def _statement_of(info: FunctionInfo, call: ir.Call) -> ir.Stmt | None:
    """The statement of the method's own block that makes `call`, and does nothing else."""
    for statement in info.statements:
        if isinstance(statement, (ir.ExprStmt, ir.Return)) and statement.value is call:
            return statement
    return None
