"""A column is read, a new value computed from it in Python, and saved without a lock."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.f_expressions import fix_with_f, update_fix
from djguide_analyzers.rules.finding import Place, Related, Safety, Severity
from djguide_analyzers.rules.flow import reaches
from djguide_analyzers.rules.held_locks import is_lock_by_name, is_protected, mentions_lock
from djguide_analyzers.rules.lock_fixes import lock_fix
from djguide_analyzers.rules.lookups import conditions
from djguide_analyzers.rules.loop_writes import runs_once
from djguide_analyzers.rules.nodes import alike
from djguide_analyzers.rules.queryset_calls import QuerySetCall, queryset_calls
from djguide_analyzers.rules.row_bodies import ROW, GivenBody, Reads, TracedBody, bodies, stored_after, stores
from djguide_analyzers.rules.row_changes import NUMBERS, Change, changes, column_called
from djguide_analyzers.rules.row_loads import is_from_database, load_of

RULE = Rule(
    summary="A column is set from a value that may have changed since it was read",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_NOT_FOLLOWED = frozenset(
    {"save", "asave", "delete", "adelete", "clean", "full_clean", "__init__", "__str__"}
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or runs_once(file):
        return
    for body in bodies(file.project, scope):
        yield from _own_changes(file, scope, body)
        yield from _changes_in_calls(file, scope, body)
        yield from _updates(file, scope, body)


# --- in the function itself ------------------------------------------------------------------------------


def _own_changes(file: FileContext, scope: Scope, body: TracedBody) -> Iterator[Hit]:
    for change in changes(body):
        row = body.row(change.target.value)
        if row is None or not is_from_database(body, change.target.value, row, change.statement):
            continue
        stored = stored_after(body, change.statement, change.key, change.field)
        if not stored or is_protected(file, scope, body.code, body.statements, change.statement):
            continue
        at = _place(file, body, change)
        fix = fix_with_f(file, body, change, stored)
        yield Hit(
            at,
            _message(change),
            related=(Related("stored here", file.place(body.code, stored[0])),),
            fixes=(fix or lock_fix(file, scope, body, row, [change.statement, *stored]),),
            data=_data(change),
        )


def _place(file: FileContext, body: TracedBody, change: Change) -> Place:
    """Where the new value is computed, which may be before it is assigned."""
    inside = any(part is change.source for part in walk(change.statement))
    computed_before = change.how == "computed" and not inside
    return file.place(body.code, change.source if computed_before else change.statement)


def _message(change: Change) -> str:
    name = change.field.name
    if change.how == "computed":
        return (
            f"The new `{name}` is computed from a value that was read before: of two requests at the same time "
            "both start from the old one, and what the first has stored is lost"
        )
    return f"`{name}` is tested and then set: two requests at the same time both see the old value and both go on"


def _data(change: Change) -> dict[str, str]:
    return {"model": change.model.label, "column": change.field.name, "how": change.how}


# --- in what it calls ------------------------------------------------------------------------------------


def _changes_in_calls(file: FileContext, scope: Scope, body: TracedBody) -> Iterator[Hit]:
    """Methods and functions that change a row which this function has loaded."""
    for call in walk(body.statements):
        if not isinstance(call, ir.Call):
            continue
        for node, inner in body.entered(call):
            row = body.row(node)
            if row is None or inner.info.name in _NOT_FOLLOWED or _locks(inner):
                continue
            if not is_from_database(body, node, row, call):
                continue
            change = next(
                (each for each in changes(inner) if _is_stored(body, row.key, call, inner, each)), None
            )
            if change is None or is_protected(file, scope, body.code, body.statements, call):
                continue
            access = Place(inner.code.module.path, inner.code.range(change.statement))
            yield Hit(
                file.place(body.code, call),
                _message_of_call(inner, change),
                access=access if access.path != file.path else None,
                related=(Related("set here", access),),
                fixes=(lock_fix(file, scope, body, row, [call]),),
                data=_data(change),
            )


def _message_of_call(inner: GivenBody, change: Change) -> str:
    name, column = inner.info.name, change.field.name
    if change.how == "computed":
        return (
            f"`{name}()` computes `{column}` from the value that was read here: two requests at the same time both "
            "start from the old one, and one change is lost"
        )
    return (
        f"`{name}()` tests `{column}` as it was read here and then sets it: two requests at the same time both see "
        "the old value and both go on"
    )


def _is_stored(body: TracedBody, key: Hashable, call: ir.Call, inner: GivenBody, change: Change) -> bool:
    """Whether a change in a function that is called is stored there, or by the caller afterwards."""
    if stored_after(inner, change.statement, ROW, change.field):
        return True
    return any(
        each is not call and reaches(body.statements, call, each) for each in stores(body, key, change.field)
    )


def _locks(inner: GivenBody) -> bool:
    return mentions_lock(inner.statements) or any(
        is_lock_by_name(part) for part in walk(inner.statements) if isinstance(part, ir.With)
    )


# --- queryset.update() -----------------------------------------------------------------------------------


def _updates(file: FileContext, scope: Scope, body: TracedBody) -> Iterator[Hit]:
    """``filter(pk=row.pk).update(column=row.column + 1)``."""
    reads: Reads | None = None
    for call in queryset_calls(scope, "update"):
        model = file.project.graph.get(call.model)
        if model is None or call.code != body.code:
            continue
        reads = reads or Reads(body)
        for keyword in call.node.keywords:
            field = column_called(model, keyword.name) if keyword.name is not None else None
            if field is not None and field.django_base in NUMBERS:
                yield from _update(file, scope, body, reads, call, keyword, model, field)


def _update(
    file: FileContext,
    scope: Scope,
    body: TracedBody,
    reads: Reads,
    call: QuerySetCall,
    keyword: ir.Keyword,
    model: Model,
    field: Field,
) -> Iterator[Hit]:
    for part in _old_values(body, reads, keyword.value, field)[:1]:
        row = body.row(part.value)
        if row is None or row.model != model.label or not is_from_database(body, part.value, row, call.node):
            continue
        if not _is_same_row(body, reads, call, row.key, part) or _compares_old(reads, call, row.key):
            continue
        if is_protected(file, scope, body.code, body.statements, call.node):
            continue
        fix = update_fix(file, body.code, keyword, part)
        yield Hit(
            file.place(body.code, _computing(reads, keyword, part)),
            f"The new `{field.name}` is computed from a value that was read before: of two requests at the same "
            "time both start from the old one, and what the first has stored is lost",
            fixes=(fix or lock_fix(file, scope, body, row, [call.node]),),
            data={"model": model.label, "column": field.name, "how": "computed"},
        )


def _old_values(body: TracedBody, reads: Reads, value: ir.Expr, field: Field) -> list[ir.Attr]:
    """Where the column is read that `value` is computed from."""
    columns = (field.name, field.attname)
    keys = {read.key for read in reads.of(value) if read.computed and read.name in columns}
    return [
        part
        for part in walk(body.statements)
        if isinstance(part, ir.Attr) and part.name in columns and body.key(part.value) in keys
    ]


def _computing(reads: Reads, keyword: ir.Keyword, old: ir.Attr) -> ir.Expr | ir.Keyword:
    """Where the new value is computed: in the call, or where its variable was."""
    if isinstance(keyword.value, ir.Name) and not any(part is old for part in walk(keyword)):
        return reads.sources.get(keyword.value.id, keyword)
    return keyword


def _lookups(call: QuerySetCall) -> Iterator[ir.Keyword]:
    receiver = call.receiver
    for link in getattr(getattr(receiver, "query", None), "chain", ()):
        yield from conditions(link.node)


def _is_same_row(body: TracedBody, reads: Reads, call: QuerySetCall, key: Hashable, old: ir.Attr) -> bool:
    """Whether an update is one of the row that was read: by its key, or looked up in the same way."""
    row = body.row(old.value)
    load = load_of(body, row) if row is not None else None
    given = load.node.keywords if load is not None and isinstance(load.node, ir.Call) else []
    for lookup in _lookups(call):
        if any(read.key == key and read.name in ("pk", "id") for read in reads.of(lookup.value)):
            return True
        if any(each.name == lookup.name and alike(each.value, lookup.value) for each in given):
            return True
    return False


def _compares_old(reads: Reads, call: QuerySetCall, key: Hashable) -> bool:
    """Whether the update only finds the row if it is as it was read: a column that it sets is looked up by it."""
    written = {keyword.name for keyword in call.node.keywords}
    return any(
        lookup.name in written and any(read.key == key for read in reads.of(lookup.value))
        for lookup in _lookups(call)
    )
