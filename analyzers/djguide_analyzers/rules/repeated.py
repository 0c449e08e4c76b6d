"""From queries that a loop repeats to findings: what the rules about one query per round share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from weakref import WeakKeyDictionary

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.conditions import is_fallback, is_of_one_kind
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.eager import owner_site
from djguide_analyzers.rules.finding import Fix, Related, Severity
from djguide_analyzers.rules.loop_writes import is_seeding
from djguide_analyzers.rules.loops import (
    chain,
    deletes_what_it_lists,
    looks_first,
    node_at,
    statements_of,
    written_in,
)
from djguide_analyzers.rules.n_plus_one import called_name, declaration, is_foreign, line_of, loop_evidence
from djguide_analyzers.rules.varying import (
    asks_for_row_at_hand,
    depends_on_answer,
    differs_by_round,
    is_of_round,
    round_of,
    varies_elsewhere,
    varying_lookups,
)
from djguide_analyzers.trace.querysets import RELATED_WRITES
from djguide_analyzers.trace.refine import is_served
from djguide_analyzers.trace.repeated import Repeated, repeated
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import Mapping, Query, Site

MAX_CALLS = 3
"""Calls between a loop and a query up to which the loop is held to repeat it."""

Concern = Literal["count", "exists", "latest", "get", "list", "prefetched", "invariant"]
"""Which of the rules about repeated queries one belongs to."""

_OTHER_CONCERNS: dict[str, Concern] = {"aggregate": "count", "bool": "list"}
"""Operations that are told with others than their kind: a queryset that is tested has all its rows loaded."""

_NEVER_REMEMBERED = frozenset({"get", "last", "latest", "earliest", "aggregate", "in_bulk", "explain"})
"""Operations that a prefetched relation asks the database for all the same."""

_INEXACT = frozenset(
    {"iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "regex", "iregex",
     "gt", "gte", "lt", "lte"}
)  # fmt: skip
"""Comparisons that no ``__in`` makes for many values."""

_FRAMEWORKS = ("template", "serializer")
"""Readers whose loops are a framework's: what they do in a round is known of their own rows alone."""

_DELETES = frozenset({"delete", "adelete"})

_found: WeakKeyDictionary[Trace, list[tuple[Repeated, Concern]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Round:
    """A query that a loop runs in every round, with where it was found."""

    file: FileContext
    trace: Trace
    item: Repeated

    @property
    def model(self) -> str:
        """Name of the model that is asked for."""
        return self.item.query.model.rpartition(".")[2]

    @property
    def over_rows(self) -> bool:
        """Whether the loop runs over rows, whose queryset could bring the answers along."""
        return self.item.loop.rows is not None and not (self.path and self.item.row is None)

    @property
    def path(self) -> tuple[str, ...]:
        """From the loop's row, or an object of the round, to the relation; empty when look-ups name it."""
        row, manager = self.item.row, self.item.manager
        if manager is None:
            return ()
        if row is not None:
            return (*row.path, manager.accessor)
        return () if varying_lookups(self.file, self.trace, self.item) else (manager.accessor,)


def rounds(file: FileContext, trace: Trace, *concerns: Concern) -> Iterator[Round]:
    """The repeated queries of a trace of `file`, or of what its loops call, that are of one of `concerns`.

    Test code is left alone, and so are migrations and sample data, which run once.
    """
    if file.is_test or is_seeding(file):
        return
    for item, concern in _reported(file, trace):
        if concern in concerns:
            yield Round(file, trace, item)


def _reported(file: FileContext, trace: Trace) -> list[tuple[Repeated, Concern]]:
    kept = _found.get(trace)
    if kept is None:
        kept = []
        for item in repeated(trace):
            concern = _concern(file, trace, item) if _is_reported(item) else None
            if concern is not None:
                kept.append((item, concern))
        _found[trace] = kept
    return kept


def _is_reported(item: Repeated) -> bool:
    if is_foreign(item.site) or item.query.locked:
        return False
    if item.reader not in ("loop", "helper") and (item.row is None or item.reader not in _FRAMEWORKS):
        return False
    if item.query.sliced and item.row is None:
        return False
    if any(step.callee.body_code == item.loop.site.code for step in chain(item.context, item.loop)):
        return False  # a function that calls itself walks down something
    if is_of_one_kind(chain(item.context, item.loop), item.site):
        return False
    return item.direct or (not item.writes and item.depth <= MAX_CALLS)


def _concern(file: FileContext, trace: Trace, item: Repeated) -> Concern | None:
    if _is_outdated(trace, item) if item.kind != "get" else _may_be_gone(file, trace, item):
        return None
    if item.row is not None:
        if item.reader in _FRAMEWORKS and any(
            looks_first(step.callee) for step in chain(item.context, item.loop)
        ):
            return None
        if not _asks_database(item) or (_streams(item) and not item.prefetched):
            return None
        root = item.row.root.query
        if item.prefetched and (root is None or not root.opaque):
            in_template = (
                item.reader == "template" and item.direct
            )  # a rule of its own tells what passes rows by
            return None if root is None or in_template else "prefetched"
        if item.kind == "list" and root is not None and _is_streamed(root):
            return None
        if _is_beyond_fix(file, trace, item):
            return None
        concern = _OTHER_CONCERNS.get(item.operation, item.kind)
        # what a helper lists depends on more than can be seen from the loop
        return None if concern == "list" and item.reader == "helper" and not item.direct else concern
    if not item.varies:
        return "invariant" if item.direct else None
    keys = varying_lookups(file, trace, item)
    through = not keys and _passes_by_memory(item) and is_of_round(file, trace, item)
    if not (keys or through) or (item.direct and _is_on_its_own(file, trace, item)) or _is_kept(item):
        return None
    if item.direct and _is_for_want_of_more(file, trace, item):
        return None
    concern = _of_lookups(file, item, keys, through=through)
    if concern == "get" and asks_for_row_at_hand(file, trace, item):
        return None
    if concern == "get" and not _is_by_key(file, trace, item, keys):
        return None
    return concern


def _of_lookups(file: FileContext, item: Repeated, keys: list[str], *, through: bool) -> Concern | None:
    """The concern of a query whose look-ups `keys` depend on the round, or that goes `through` an object of it."""
    if item.kind == "count" or item.operation == "aggregate":
        return "count"
    of_row = through or any(_is_relation(file, item.query.model, key) for key in keys)
    if item.operation in ("exists", "contains"):
        return "exists" if of_row else "get"
    if item.kind == "latest":
        return "latest" if of_row or item.query.ordered or item.operation not in ("first", "index") else "get"
    if item.kind == "list" or item.operation == "bool":
        if _streams(item):
            return None  # rows of a large table are often taken a part at a time
        return "list" if through else "get" if of_row and item.direct else None
    return "get"


def _is_by_key(file: FileContext, trace: Trace, item: Repeated, keys: list[str]) -> bool:
    """Whether one query could ask for all rounds: they differ in values to look up, and know them beforehand."""
    exact = all(key.rpartition("__")[2] not in _INEXACT for key in keys)
    return exact and not varies_elsewhere(file, trace, item) and not depends_on_answer(file, trace, item)


def _is_outdated(trace: Trace, item: Repeated) -> bool:
    """Whether the loop writes rows of what it asks for: no answer from before the loop would do.

    Which rows a relation holds is a matter of that relation (see `repeated`).
    """
    return any(
        write.model == item.query.model and write.operation not in RELATED_WRITES
        for write in written_in(trace, item.loop.site)
    )


def _is_for_want_of_more(file: FileContext, trace: Trace, item: Repeated) -> bool:
    """Whether the loop asks only where its function was not given the answers, or keys instead of rows."""
    functions = [trace.function, *(step.callee for step in item.context.stack)]
    info = next((each for each in functions if each is not None and each.body_code == item.site.code), None)
    if info is None:
        return False
    optional = {
        param.name
        for param in info.node.params.items
        if isinstance(param.default, ir.Const) and param.default.value is None
    }
    return is_fallback(info.statements, item.site.at, item.loop.site.at, frozenset(optional))


def _is_beyond_fix(file: FileContext, trace: Trace, item: Repeated) -> bool:
    """Whether no prefetch and no annotation can say which rows of a relation are asked for, or brings anything.

    An annotation can compare with columns of the row; a prefetch cannot, nor take the first of each group. Rows
    that are listed to be deleted cost more than the list.
    """
    lists = item.kind == "list" or item.operation == "bool"
    if lists and deletes_what_it_lists(round_of(file, trace, item), item.site.at):
        return True
    if lists and any(link.name == "distinct" and link.node.args for link in item.query.chain):
        return True
    return differs_by_round(file, trace, item, columns=lists)


def _may_be_gone(file: FileContext, trace: Trace, item: Repeated) -> bool:
    """Whether an earlier round may have deleted the row that is fetched, together with one that it refers to."""
    model = file.project.graph.get(item.query.model)
    if model is None or all(field.target != model.label for field in model.fields.values()):
        return False
    writes = written_in(trace, item.loop.site)
    return any(write.model == model.label and write.operation in _DELETES for write in writes)


def _streams(item: Repeated) -> bool:
    """Whether the rows are taken one after the other, since there may be too many to hold."""
    return _is_streamed(item.query)


def _is_streamed(query: Query) -> bool:
    return any(link.name == "iterator" for link in query.chain)


def _is_kept(item: Repeated) -> bool:
    """Whether a function on the way remembers its answer, for an object that need not be the round's."""
    decorators = [node for step in chain(item.context, item.loop) for node in step.callee.node.decorators]
    names = [
        part.name if isinstance(part, ir.Attr) else part.id
        for node in decorators
        for part in walk(node)
        if isinstance(part, (ir.Name, ir.Attr))
    ]
    return any("cache" in name or "memo" in name for name in names)


def _asks_database(item: Repeated) -> bool:
    """Whether a query of a row's relation certainly runs, and is another one for each row."""
    assert item.row is not None
    query = item.row.root.query
    if query is not None and item.row.path and item.row.path[0] in query.known:
        return False
    if _passes_by_memory(item):
        return True
    # whoever loaded the rows may have filled what is remembered on them
    return query is not None and item.row.provenance_known and not query.opaque and not query.assumed


def _passes_by_memory(item: Repeated) -> bool:
    """Whether a query of a related manager runs even where the relation is prefetched."""
    return not is_served(item.query) or item.operation in _NEVER_REMEMBERED


def _is_relation(file: FileContext, label: str, lookup: str) -> bool:
    """Whether a lookup of model `label` compares a relation."""
    model = file.project.graph.get(label)
    name = lookup.split("__")[0]
    if model is None:
        return False
    field = model.fields.get(name) or model.field_of_attname(name)
    return field is not None and field.kind != "column"


def _is_on_its_own(file: FileContext, trace: Trace, item: Repeated) -> bool:
    """Whether each round stands for itself.

    So it is where a loop may end before its last round, since it looks for something or tries again, where the
    round has a transaction or another context around the query, and where the code spells out the few rounds.
    """
    code = item.loop.site.code
    loop = node_at(statements_of(file, trace, item.context, code), item.loop.site.at)
    if isinstance(loop, (ir.For, ir.Clause)) and _is_written_out(trace, code, loop.iter):
        return True
    if not isinstance(loop, ir.For):
        return False
    for node in walk(loop.body):
        if isinstance(node, ir.Return) or (isinstance(node, ir.Jump) and node.kind == "break"):
            return True
        if isinstance(node, ir.With) and any(inner.at == item.site.at for inner in walk(node.body)):
            return True
    return False


# --- the code around -------------------------------------------------------------------------------------


def _is_written_out(trace: Trace, code: Code, iterated: ir.Expr) -> bool:
    """Whether a loop runs over the entries of a dictionary that the code writes out."""
    match iterated:
        case ir.Call(func=ir.Attr(value=value, name="items" | "keys" | "values")):
            mapping = trace.value(code, value)
            return isinstance(mapping, Mapping) and bool(mapping.entries)
    return False


# --- the finding -----------------------------------------------------------------------------------------


def hit(found: Round, what: str, fixes: tuple[Fix, ...], severity: Severity | None = None) -> Hit:
    """The finding for a repeated query; `what` goes on from "Each round of this loop"."""
    file, item = found.file, found.item
    access = file.place_of(item.site)
    owner = _owner(found)
    owner_place = file.place_of(owner) if owner is not None else None
    return Hit(
        access,
        _message(found, what),
        related=tuple(_evidence(found, owner)),
        fixes=fixes,
        data={
            "model": item.query.model,
            "relation": "__".join(found.path),
            "owner": line_of(owner_place),
            "access": line_of(access),
        },
        severity=severity,
    )


def _message(found: Round, what: str) -> str:
    calls = chain(found.item.context, found.item.loop)
    if found.item.direct or not calls:
        return f"Each round of this loop {what}"
    name = called_name(found.file, calls[-1].callee)
    return f"{name} is reached from a loop, each round of which {what}"


def _owner(found: Round) -> Site | None:
    """Where the queryset of the loop's rows is built."""
    row = found.item.row
    query: Query | None = row.root.query if row is not None else None
    site = owner_site(query) if query is not None else None
    return site if site is not None and not is_foreign(site) else None


def _evidence(found: Round, owner: Site | None) -> Iterator[Related]:
    file, item = found.file, found.item
    yield from loop_evidence(file, item.context, item.loop)
    if owner is not None:
        yield Related("the queryset of its rows is built here", file.place_of(owner))
    if item.row is not None and item.accessor is not None:
        declared = declaration(file, item.row.model, item.accessor)
        if declared is not None:
            yield Related(f"`{item.accessor}` is declared here", declared)
