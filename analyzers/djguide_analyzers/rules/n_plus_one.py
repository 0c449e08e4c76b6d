"""From misses to findings: what the rules of the N+1 family share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules import template_places
from djguide_analyzers.rules.alternatives import (
    alternatives,
    hangs_elsewhere,
    is_chosen_by,
    there_by_condition,
)
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.conditions import (
    conditional_steps,
    is_default,
    is_of_error,
    is_of_one_kind,
    is_passed_by,
    raises_behind,
)
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.eager import deferred_fix, eager_fix, on_every_way, owner_site, split
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety
from djguide_analyzers.rules.given import is_ruled_out
from djguide_analyzers.rules.handed import comes_bare
from djguide_analyzers.rules.loops import (
    becomes_new_row,
    chain,
    ends_search,
    statements_of,
    takes_apart,
    works_by_key,
    written_in,
)
from djguide_analyzers.trace.decorators import decorator_names
from djguide_analyzers.trace.events import Context, Loop, Write
from djguide_analyzers.trace.missing import MAX_PATH, Miss, deepest, misses
from djguide_analyzers.trace.templates.code import TemplateCode
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import Row, Site

MAX_CALLS = 4
"""Calls between a loop and a read up to which the loop is held to repeat it."""

MAX_CONDITIONS = 2
"""Functions on the way to a read that go on only under a condition, up to which every round is held to make it."""

_PROPERTIES = frozenset(
    {"builtins.property", "functools.cached_property", "django.utils.functional.cached_property"}
)
_WRITING = frozenset({"save", "asave", "save_base", "delete", "adelete", "full_clean", "clean"})
"""Methods that write each row anyway, and read much for new rows only."""

_NEW_ROWS = frozenset({"create", "get_or_create", "bulk_create", "add", "set", "remove", "clear"})
"""Writes that leave rows as they are which are there already, their keys to one another aside."""

_DELETES = frozenset({"delete", "adelete"})

_found: WeakKeyDictionary[Trace, list[Miss]] = WeakKeyDictionary()


def hits(file: FileContext, trace: Trace, wanted: Callable[[Miss], bool]) -> Iterator[Hit]:
    """The misses of a trace of `file` that are `wanted`, with one fix for all that a queryset misses.

    Test code is left alone: it loops over rows it has just made.
    """
    if not file.is_test:
        yield from merged(_hits_of(file, trace, wanted))


def _hits_of(file: FileContext, trace: Trace, wanted: Callable[[Miss], bool]) -> Iterator[Hit]:
    found = reported_misses(file, trace)
    every = deepest(found)
    for miss in deepest([miss for miss in found if wanted(miss)]):
        together = [other for other in every if other.owner == miss.owner]
        hit = _hit(file, miss, together)
        if any(_is_hampered(file, trace, other) for other in together):
            hit = replace(hit, fixes=tuple(Fix(fix.title, Safety.MANUAL) for fix in hit.fixes))
        yield hit


def _is_hampered(file: FileContext, trace: Trace, miss: Miss) -> bool:
    """Whether code from the loop to the read would go wrong with a row that has what it misses."""
    if becomes_new_row(file, trace, miss.context, miss.loop):
        return True
    prefetched = method_for(file, miss) == "prefetch_related"
    return prefetched and takes_apart(file, trace, miss.context, miss.loop)


def merged(found: Iterable[Hit]) -> Iterator[Hit]:
    """`found` with those of the same lines, at both ends, that one fix removes told together, as the first of them.

    What is known of the others is in its `data`, under ``also``.
    """
    groups: dict[object, list[Hit]] = {}
    for hit in found:
        ends = [(end.path, end.range.start.line) for end in (hit.place, hit.access or hit.place)]
        key = (*ends, *(fix.title for fix in hit.fixes))
        groups.setdefault(key, []).append(hit)
    for first, *others in groups.values():
        if not others:
            yield first
            continue
        every = (first, *others)
        names = dict.fromkeys(f"`{hit.data['relation']}`" for hit in every)
        _, *rest = names  # several querysets may miss the same
        listed = rest[0] if len(rest) == 1 else f"{', '.join(rest[:-1])} and {rest[-1]}" if rest else ""
        yield replace(
            first,
            message=f"{first.message}; the same goes for {listed}" if listed else first.message,
            related=tuple(dict.fromkeys(each for hit in every for each in hit.related)),
            fixes=tuple(_joined(fixes) for fixes in zip(*(hit.fixes for hit in every), strict=True)),
            data={**first.data, "also": [other.data for other in others]},
        )


def _joined(fixes: tuple[Fix, ...]) -> Fix:
    """One fix for several of the same title, each for a queryset of its own or all for the same."""
    weakest = max((fix.safety for fix in fixes), key=list(Safety).index)
    edits = dict.fromkeys(edit for fix in fixes for edit in fix.edits)
    return Fix(fixes[0].title, weakest, () if weakest is Safety.MANUAL else tuple(edits))


def reported_misses(file: FileContext, trace: Trace) -> list[Miss]:
    """The misses of `trace`, one of `file`, that are worth a finding of some rule."""
    kept = _found.get(trace)
    if kept is None:
        kept = [
            miss
            for miss in misses(trace.events, handed=True)
            if _is_reported(miss) and not _is_of_no_use(file, trace, miss)
        ]
        _found[trace] = kept
    # asked each time: who calls the function may change while its own trace stays
    return [miss for miss in kept if not miss.handed or comes_bare(file, trace, miss)]


def _is_reported(miss: Miss) -> bool:
    if miss.context.memoised or len(miss.path) > MAX_PATH or is_foreign(miss.site):
        return False
    if any(one == other for one, other in pairwise(miss.path)):
        return False  # a walk through a tree, which no path of a fixed depth covers
    calls = chain(miss.context, miss.loop)
    if any(call.callee.body_code == miss.loop.site.code for call in calls):
        return False
    if len(calls) > MAX_CALLS or any(call.callee.name in _WRITING for call in calls):
        return False
    if is_default(calls, miss.site) or is_of_error(calls, miss.site) or is_of_one_kind(calls, miss.site):
        return False
    return conditional_steps(calls, miss.site) <= MAX_CONDITIONS


def _is_of_no_use(file: FileContext, trace: Trace, miss: Miss) -> bool:
    """Whether loading it with the rows would load what is never read, or what the loop itself makes outdated."""
    if ends_search(file, trace, miss.context, miss.loop, miss.site):
        return True
    if raises_behind(statements_of(file, trace, miss.context, miss.loop.site.code), miss.loop.site.at):
        return True  # the rows that an error names
    if miss.kind == "to_many" and works_by_key(file, trace, miss.context, miss.loop):
        return True
    statements = statements_of(file, trace, miss.context, miss.site.code)
    known = miss.owner.known if len(miss.path) == 1 else frozenset[str]()
    if is_passed_by(statements, miss.site.at, known | there_by_condition(miss)):
        return True
    others = alternatives(file, miss)
    if is_passed_by(statements, miss.site.at, others, early=False) or is_chosen_by(miss, others):
        return True
    code = miss.site.code
    if isinstance(code, TemplateCode) and template_places.is_passed_by(code.source, miss.site.at, others):
        return True
    if hangs_elsewhere(file, miss) or _hangs_on_new_row(file, miss):
        return True
    calls, home = chain(miss.context, miss.loop), miss.loop.site.code
    if is_ruled_out(home, statements_of(file, trace, miss.context, home), calls, miss.site):
        return True
    if miss.reader == "helper" and any(
        write.model == miss.owner.model and write.operation in _DELETES
        for write in written_in(trace, miss.loop.site)
    ):
        return True  # a row that goes takes queries for everything that refers to it
    if miss.kind == "deferred":
        return False
    target = _target(file, miss)
    if miss.kind == "to_many":
        return not becomes_new_row(file, trace, miss.context, miss.loop) and any(
            write.model == target and _is_of_same_rows(write, miss)
            for write in written_in(trace, miss.loop.site)
        )  # the loop itself adds to what was prefetched, or takes away from it
    return target is not None and any(
        write.model == target and write.operation not in _NEW_ROWS and not _is_of_new_row(write)
        for write in written_in(trace, miss.loop.site)
    )  # several rows may share one, each with a copy of its own that knows nothing of the others' changes


def _hangs_on_new_row(file: FileContext, miss: Miss) -> bool:
    """Whether the rows belong to one that the code has just made: they are those that it has made along with it.

    Nobody has made the user that a request comes with.
    """
    related = miss.row.root.related
    while related is not None:
        row = related.row
        if _is_new(row) and row.model != file.project.graph.auth_user:
            return True
        related = row.root.related
    return False


def _is_of_same_rows(write: Write, miss: Miss) -> bool:
    """Whether what is written belongs to the row that misses it, or to another round's that may be the same."""
    query = miss.row.root.query
    is_other_rounds = bool(miss.row.path) and query is not None and miss.row.model == query.model
    return is_other_rounds or any(row.key == miss.row.key for _, row in write.given)


def _is_of_new_row(write: Write) -> bool:
    """Whether the row written is one that the code has just made."""
    return isinstance(write.receiver, Row) and _is_new(write.receiver)


def _is_new(row: Row) -> bool:
    return row.provenance_known and row.root.query is None and not row.path


def _target(file: FileContext, miss: Miss) -> str | None:
    """Label of the model that the relation missed leads to."""
    model = file.project.graph.get(miss.model)
    if model is None:
        return None
    field, reverse = model.fields.get(miss.name), model.reverse.get(miss.name)
    return field.target if field is not None else reverse.model if reverse is not None else None


def is_foreign(site: Site) -> bool:
    """Whether a site lies in code that is not the project's own."""
    return site.code.module.origin != "project"


def _hit(file: FileContext, miss: Miss, together: list[Miss]) -> Hit:
    access = file.place_of(miss.site)
    owner = _owner_place(file, miss)
    # A helper may be reached from many querysets: each has its own finding, which stands where it is built.
    two_ends = owner is not None and (owner.path != access.path or not miss.direct)
    kind = method_for(file, miss)
    return Hit(
        owner if two_ends and owner is not None else access,
        _message(file, miss, kind),
        access if two_ends else None,
        tuple(_evidence(file, miss, owner, access)),
        _fixes(file, miss, together),
        {
            "model": miss.owner.model,
            "relation": miss.joined,
            "kind": kind,
            "owner": line_of(owner),
            "access": line_of(access),
        },
    )


def method_for(file: FileContext, miss: Miss) -> str:
    """The queryset method that loads what is missed."""
    if miss.kind == "deferred":
        return "defer" if miss.owner.only is None else "only"
    joins, _ = split(file.project.graph, miss.owner, [miss.path])
    return "select_related" if joins else "prefetch_related"


def _fixes(file: FileContext, miss: Miss, together: list[Miss]) -> tuple[Fix, ...]:
    local = miss.loop.site.code
    if miss.kind == "deferred":
        names = [other.name for other in together if other.kind == "deferred" and len(other.path) == 1]
        return deferred_fix(file, miss.owner, names, local, shared=miss.shared)
    loaded = [other for other in together if other.kind != "deferred"]
    # a generic foreign key is loaded with one query per model, past what the classes may do on their own
    # and what frameworks read may be read of the same queryset by other requests
    # or pass through code that shows only here how it treats the row
    shared = miss.shared or miss.reader != "loop" or any(other.kind == "gfk" for other in loaded)
    shared = shared or any(_has_own_manager(file, other) for other in loaded if other.kind == "to_many")
    paths = [other.path for other in loaded]
    return eager_fix(file, miss.owner, paths, local, shared=shared, used=_used(miss))


def _used(miss: Miss) -> tuple[Site, ...]:
    """Where the rows are used: the loop over them, and the calls on the way to it."""
    return (miss.loop.site, *(step.site for step in miss.context.stack))


def _has_own_manager(file: FileContext, miss: Miss) -> bool:
    """Whether a prefetch would go through a manager of the project or a package, wherever that may be evaluated."""
    if file.project.graph.get(miss.model) is None:
        return True
    target = file.project.graph.get(_target(file, miss))
    info = target.managers.get(target.default_manager) if target is not None else None
    return info is not None and not info.class_name.startswith("django.db.models.")


def _message(file: FileContext, miss: Miss, kind: str) -> str:
    what = {"to_many": "runs one query", "deferred": "fetches the column"}.get(miss.kind, "loads one row")
    rows = f"every {miss.model.rpartition('.')[2]} of"
    missing = f'its queryset has no {kind}("{miss.joined}")'
    if miss.kind == "deferred":
        missing = f"its queryset leaves the column out with {kind}()"
    calls = chain(miss.context, miss.loop)
    if miss.direct or not calls:
        return f"Reading `{miss.name}` {what} for {rows} this loop: {missing}"
    callee = called_name(file, calls[-1].callee)
    return f"{callee} reads `{miss.name}`, which {what} for {rows} the loop that leads there: {missing}"


def called_name(file: FileContext, info: FunctionInfo) -> str:
    """How code names `info` where it uses it: `` `name()` ``, or `` `name` `` for a property."""
    return f"`{info.name}`" if is_property(file, info) else f"`{info.name}()`"


def is_property(file: FileContext, info: FunctionInfo) -> bool:
    return not _PROPERTIES.isdisjoint(decorator_names(file.project, info))


def line_of(place: Place | None) -> dict[str, object] | None:
    """A place as `data` has it."""
    return None if place is None else {"path": place.path, "line": place.range.start.line + 1}


def _owner_place(file: FileContext, miss: Miss) -> Place | None:
    """Where a queryset of the project is built: the last call of its chain that all ways pass, else its start."""
    site = owner_site(on_every_way(file, miss.owner, _used(miss)))
    return file.place_of(site) if site is not None and not is_foreign(site) else None


# --- evidence --------------------------------------------------------------------------------------------


def _evidence(file: FileContext, miss: Miss, owner: Place | None, access: Place) -> Iterator[Related]:
    yield from loop_evidence(file, miss.context, miss.loop)
    if owner is not None:
        yield Related("the queryset is built here", owner)
    if owner is not None and (owner.path != access.path or not miss.direct):
        yield Related("each row is read here", access)
    if (declared := declaration(file, miss.model, miss.name)) is not None:
        yield Related(f"`{miss.name}` is declared here", declared)


def loop_evidence(file: FileContext, context: Context, loop: Loop) -> Iterator[Related]:
    """The loop, and the calls that lead from it to what happens in `context`."""
    if not is_foreign(loop.site):
        yield Related("the loop over the rows", file.place_of(loop.site))
    for call in chain(context, loop):
        if not is_foreign(call.site):
            verb = "read" if is_property(file, call.callee) else "called"
            yield Related(f"{called_name(file, call.callee)} is {verb} here", file.place_of(call.site))


def declaration(file: FileContext, label: str, name: str) -> Place | None:
    """Where the project declares the field behind attribute `name` of model `label`."""
    model = file.project.graph.get(label)
    if model is None:
        return None
    field = model.fields.get(name)
    if field is None and (reverse := model.reverse.get(name)) is not None:
        field = reverse.source
    if field is None or field.code is None or field.node is None or field.code.module.origin != "project":
        return None
    code: Code = field.code
    return Place(code.module.path, code.range(field.node))
