"""``get_or_create()`` looks rows up by columns that the database does not keep unique."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.held_locks import is_protected
from djguide_analyzers.rules.lookups import conditions, field_called
from djguide_analyzers.rules.loop_writes import runs_once
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.new_rows import is_just_made
from djguide_analyzers.rules.queryset_calls import QuerySetCall, has_star, queryset_calls
from djguide_analyzers.rules.uniqueness import LookUp, enforcing_fix, keeps_apart, look_up
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="`get_or_create()` by columns that are not unique creates a row twice under load",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
    default=False,
)

_METHODS = ("get_or_create", "update_or_create")
_MAX_DEPTH = 4
"""Assignments over which a value is followed."""
_NO_LOOKUPS = frozenset({"defaults", "create_defaults"})
_OF_SEVERAL = frozenset({"in", "gt", "gte", "lt", "lte", "range", "isnull"})
"""Comparisons that many rows may meet: a look-up by one does not tell what should be unique."""


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or runs_once(file):
        return
    for call in queryset_calls(scope, *_METHODS):
        model = file.project.graph.get(call.model)
        own = model is not None and model.cls.module.origin == "project"  # others' tables are theirs
        found = _look_up(file, call, model) if model is not None and own else None
        if model is None or found is None or not found.names:
            continue
        given = _given(model, call.node)
        if keeps_apart(file.project, model, found, given) != "open" or _is_guarded(file, scope, call):
            continue
        names = of_scope(file, scope)
        if not any(value is not None and _is_new(names, value) for value in found.exact.values()):
            yield _hit(file, call, model, found)


def _look_up(file: FileContext, call: QuerySetCall, model: Model) -> LookUp | None:
    """The columns by which a row is looked up, those that narrow the queryset before included."""
    if has_star(call.node):
        return None
    keywords = [keyword for keyword in call.node.keywords if keyword.name not in _NO_LOOKUPS]
    if isinstance(call.receiver, QuerySetValue):
        for link in call.receiver.query.chain:
            if link.name == "filter" and not link.node.args:
                keywords += conditions(link.node)
    if any((keyword.name or "").rpartition("__")[2] in _OF_SEVERAL for keyword in keywords):
        return None
    return look_up(file.project, model, keywords, call.receiver)


def _given(model: Model, node: ir.Call) -> set[str] | None:
    """The columns that get a value besides when a row is created; None when they are not written out."""
    found: set[str] = set()
    parts = [node.args[0] if node.args else None, node.keyword("defaults"), node.keyword("create_defaults")]
    for part in parts:
        if part is None:
            continue
        if not isinstance(part, ir.Dict) or not all(isinstance(key, ir.Const) for key in part.keys):
            return None
        names = [str(key.value) for key in part.keys if isinstance(key, ir.Const)]
        columns = [field_called(model, name) for name in names]
        found |= {column.name for column in columns if column is not None}
    return found


def _is_guarded(file: FileContext, scope: Scope, call: QuerySetCall) -> bool:
    """Whether others are kept out, cannot know of the row yet, or the second row is expected."""
    for statements, code in scope.blocks:
        if code != call.code:
            continue
        given = [keyword.value for keyword in call.node.keywords if keyword.name not in _NO_LOOKUPS]
        match call.node.func:
            case ir.Attr(value=ir.Attr(value=owner)):
                given.append(owner)
        if any(is_just_made(scope, code, statements, value, call.node) for value in given):
            return True
        for node in walk(statements):
            caught = walk(node.type) if isinstance(node, ir.Handler) and node.type is not None else ()
            if any(getattr(part, "name", "") == "MultipleObjectsReturned" for part in caught):
                return True
        if scope.function is not None and is_protected(file, scope, code, statements, call.node):
            return True
    return False


def _is_new(names: Names, value: ir.Expr, depth: int = 0) -> bool:
    """Whether `value` tells of something that the function has just made: no other request can know of it yet."""
    if depth > _MAX_DEPTH:
        return False
    bound = [names.value(node.id) for node in walk(value) if isinstance(node, ir.Name)]
    sources = [each[0] for each in bound if each is not None]
    return any(_creates(source) or _is_new(names, source, depth + 1) for source in sources)


def _creates(value: ir.Expr) -> bool:
    called = value.func if isinstance(value, ir.Call) else None
    name = called.name if isinstance(called, ir.Attr) else called.id if isinstance(called, ir.Name) else ""
    return name.removeprefix("a") == "create" or name.startswith(("create_", "acreate_"))


def _hit(file: FileContext, call: QuerySetCall, model: Model, found: LookUp) -> Hit:
    names = " and ".join(f"`{name}`" for name in sorted(found.names, key=[*found.exact, *found.loose].index))
    verb = "are" if len(found.names) > 1 else "is"
    together = " together" if len(found.names) > 1 else ""
    return Hit(
        file.place(call.code, call.node),
        f"{names} of {model.name} {verb} not unique{together}: two requests at the same time both create a row, "
        f"and from then on `{call.name}()` raises MultipleObjectsReturned",
        fixes=(enforcing_fix(file, model, found),),
        data={"model": model.label, "columns": sorted(found.names)},
    )
