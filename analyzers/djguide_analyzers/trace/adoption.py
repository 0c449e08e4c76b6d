"""Taking over what a call was found to do: into the run, and to the rows, of who makes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from djguide_analyzers.trace import loading
from djguide_analyzers.trace.events import (
    Called,
    CallSite,
    Context,
    Event,
    Loop,
    QueryRun,
    QuerySetUse,
    RelationLoad,
    Served,
    Write,
)
from djguide_analyzers.trace.frame import Holder, Run
from djguide_analyzers.trace.refine import is_served
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    BoundMethod,
    BuiltinMethod,
    FunctionValue,
    LambdaValue,
    ManagerValue,
    Mapping,
    ObjectValue,
    Page,
    Paginator,
    Partial,
    PrefetchValue,
    Query,
    QuerySetValue,
    Related,
    RequestValue,
    Row,
    RowRoot,
    Sequence,
    SuperValue,
)


class Adoption:
    """Values and events of another run as they are in this one.

    Each identity is replaced by a new one, and each stand-in by the caller's row in `rows`. What a row reaches is
    decided anew, since the caller may have loaded or set it. `evaluated` are identities of the rows of querysets,
    by that of the queryset, where the other run has been through them.
    """

    def __init__(
        self, run: Run, rows: dict[int, Row | ObjectValue], evaluated: dict[int, int] | None = None
    ) -> None:
        self._run = run
        self._rows = rows
        self._evaluated = evaluated or {}
        self._identities: dict[int, int] = {}
        self._roots: dict[int, RowRoot] = {}

    # --- values ------------------------------------------------------------------------------------------

    def value(self, value: Any) -> Any:
        match value:
            case QuerySetValue():
                return self._queryset(value)
            case Row():
                return self.row(value) or UNKNOWN
            case ObjectValue(identity=identity) if identity:
                return self._rows.get(identity) or ObjectValue(value.cls, self._identity(identity))
            case ManagerValue(related=related):
                if related is None:
                    return value
                adopted = self._related(related)
                return UNKNOWN if adopted is None else replace(value, related=adopted)
            case Sequence():
                items = None if value.items is None else tuple(self.value(item) for item in value.items)
                return Sequence(self.value(value.element), items, self._rows_of(value))
            case Mapping():
                entries = tuple((key, self.value(item)) for key, item in value.entries)
                return Mapping(entries, self.value(value.element), self.value(value.key))
            case Paginator(items=items) | Page(items=items):
                return type(value)(self.value(items))
            case PrefetchValue(queryset=QuerySetValue() as queryset):
                return replace(value, queryset=self.value(queryset))
            case BoundMethod() | BuiltinMethod():
                return replace(value, receiver=self.value(value.receiver))
            case Partial(func=func, args=args, keywords=keywords):
                bound = tuple(self.value(arg) for arg in args)
                return Partial(self.value(func), bound, tuple((n, self.value(v)) for n, v in keywords))
            case LambdaValue() | SuperValue():
                return UNKNOWN  # bound to frames of the other run
            case FunctionValue(info=info):
                return FunctionValue(info)
            case _:
                return value

    def _rows_of(self, value: Sequence) -> int | None:
        return None if value.rows_of is None else self._identities.get(value.rows_of)

    def _queryset(self, value: QuerySetValue) -> AbstractValue:
        identity = self._identity(value.identity)
        if value.identity in self._evaluated:
            self._run.rows.setdefault(identity, self._identity(self._evaluated[value.identity]))
        if value.related is None:
            return replace(value, identity=identity)
        related = self._related(value.related)
        if related is None:
            return UNKNOWN
        query, cached = self._query(value.query, value.related, related, value.cached)
        return QuerySetValue(query, identity, related, cached, value.certain)

    def row(self, row: Row) -> Row | None:
        """`row` in this run; None when the caller has put something else where the path to it leads."""
        actual = self._rows.get(row.root.identity)
        if isinstance(actual, Row):
            return self._follow(actual, row)
        root = self._root(row.root)
        if root is None:
            return None
        known = row.provenance_known or (root.related is not None and root.related.row.provenance_known)
        return Row(row.model, root, row.path, known)

    def _follow(self, start: Row, row: Row) -> Row | None:
        current = start
        for name in row.path:
            held = self._run.get_loaded(current, name)
            if isinstance(held, Row):
                current = held
            elif held is None:  # of rows on the way only the key counts
                current = Row(row.model, current.root, (*current.path, name), current.provenance_known)
            else:
                return None
        return current

    def _identity(self, identity: int) -> int:
        if identity not in self._identities:
            self._identities[identity] = self._run.new_identity()
        return self._identities[identity]

    def holder(self, holder: Holder) -> Holder | None:
        """A row or object with attributes in this run; None for one that the call has not handed over."""
        if isinstance(holder, RequestValue):
            return holder
        identity = holder.root.identity if isinstance(holder, Row) else holder.identity
        if identity <= 0 or identity in self._identities:
            adopted = self.value(holder)
            return adopted if isinstance(adopted, (Row, ObjectValue)) else None
        return None

    def _root(self, root: RowRoot) -> RowRoot | None:
        if root.identity in self._roots:
            return self._roots[root.identity]
        query, related = root.query, None
        if root.related is not None:
            related = self._related(root.related)
            if related is None:
                return None
            if query is not None:
                query, _ = self._query(query, root.related, related, False)
        adopted = RowRoot(self._identity(root.identity), query, root.many, related)
        self._roots[root.identity] = adopted
        return adopted

    def _related(self, related: Related) -> Related | None:
        row = self.row(related.row)
        if row is None:
            return None
        adopted = replace(related, row=self._run.renewed(row))
        joined = loading.is_prefetched(self._run.project, adopted)
        return replace(adopted, prefetched=related.prefetched or joined)

    def _query(self, query: Query, old: Related, new: Related, cached: bool) -> tuple[Query, bool]:
        """A related manager's query, and whether the cache answers it, now that its row is known."""
        if new.prefetched and not old.prefetched and is_served(query):
            return loading.prefetched_query(new, query), True
        return query, cached

    # --- events ------------------------------------------------------------------------------------------

    def event(self, event: Event, outer: Context, call: CallSite) -> Iterator[Event]:
        """`event` of the called function, as it happens when `call` is made at `outer`."""
        if isinstance(event, (QuerySetUse, Served)):
            return
        context = self._context(event.context, outer, call)
        varies = len(outer.loops) + getattr(event, "varies", 0)
        match event:
            case RelationLoad():
                row = self.row(event.row)
                if row is not None and self._is_loaded(row, event):
                    yield from () if event.proven else (Served(event.site, event.name),)
                elif row is not None:
                    proven = event.proven or self._is_certain(row, event.name, event.kind)
                    yield replace(event, context=context, row=row, proven=proven)
            case QueryRun(related=None):
                identity = self._identity(event.identity)
                yield replace(event, context=context, identity=identity, varies=varies)
            case QueryRun(related=Related() as old):
                related = self._related(old)
                if related is not None:
                    query, cached = self._query(event.query, old, related, event.cached)
                    if cached and not event.cached and not event.proven:
                        yield Served(event.site, related.accessor)
                    yield replace(
                        event,
                        context=context,
                        query=query,
                        identity=self._identity(event.identity),
                        related=related,
                        cached=cached,
                        varies=varies,
                        proven=event.proven or loading.is_certain_of(self._run.project, related),
                    )
            case Called():
                adopted = {number: self.value(old) for number, old in event.rows.items()}
                rows = {number: row for number, row in adopted.items() if row is not UNKNOWN}
                yield replace(event, context=context, rows=rows)
            case Write():
                adopted = [(name, self.row(row)) for name, row in event.given]
                given = tuple((name, row) for name, row in adopted if row is not None)
                yield replace(event, context=context, receiver=self.value(event.receiver), given=given)
            case _:
                yield replace(event, context=context)

    def _is_certain(self, row: Row, name: str, kind: str) -> bool:
        if kind == "deferred":
            return row.provenance_known
        return loading.is_certain_to_load(self._run.project, row, name)

    def _is_loaded(self, row: Row, event: RelationLoad) -> bool:
        run = self._run
        if run.get_loaded(row, event.name) is not None or (row.key, event.name) in run.once:
            return True
        return event.kind != "deferred" and loading.is_loaded(run.project, row, event.name)

    def _context(self, inner: Context, outer: Context, call: CallSite) -> Context:
        """Where something happens that happens at `inner` inside a call made at `outer`."""
        depth = len(outer.stack)
        loops = tuple(self._loop(loop, depth) for loop in inner.loops)
        return Context(
            (*outer.loops, *loops),
            (*outer.stack, call, *inner.stack[1:]),
            (*outer.transactions, *inner.transactions),
            outer.memoised or inner.memoised,
        )

    def _loop(self, loop: Loop, depth: int) -> Loop:
        rows = loop.rows
        if rows is not None and rows < 0:
            actual = self._rows.get(rows)
            whole = isinstance(actual, Row) and not actual.path and actual.root.many
            rows = actual.root.identity if isinstance(actual, Row) and whole else None
        elif rows is not None:
            rows = self._identity(rows)
        return replace(loop, rows=rows, depth=loop.depth + depth)
