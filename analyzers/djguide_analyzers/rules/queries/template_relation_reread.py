"""A template asks for the same rows of a relation more than once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from djguide_analyzers.facts import template_ir as t
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range
from djguide_analyzers.trace.events import QueryRun
from djguide_analyzers.trace.templates.code import TemplateCode
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A template reads the same relation twice, with a query each time",
    severity=Severity.INFO,
    safety=Safety.SAFE,
)

_LOADS = frozenset({"iterate", "bool", "len"})
Chain = tuple[tuple[list[t.TemplateNode], int], ...]
"""The lists of nodes around an expression, outermost first, each with the position of the node it stands in."""


class _Read(NamedTuple):
    """``row.relation.all`` in a template, with the nodes around it."""

    base: t.Variable
    chain: Chain


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for trace in file.traces:
        yield from _in_trace(file, trace)


def _in_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    asked: dict[object, list[QueryRun]] = {}
    for event in trace.events:
        code = event.site.code if isinstance(event, QueryRun) else None
        if (
            not isinstance(event, QueryRun)
            or not isinstance(code, TemplateCode)
            or event.operation not in _LOADS
        ):
            continue
        if event.cached or event.related is None or event.related.prefetched or not event.proven:
            continue
        if code.source.origin == "project" and all(link.name == "all" for link in event.query.chain):
            loops = tuple(loop.site for loop in event.context.loops)
            key = (code, event.related.row.key, event.related.accessor, loops, event.context.stack)
            asked.setdefault(key, []).append(event)
    for events in asked.values():
        if len({event.site.at for event in events}) > 1:
            yield from _hit(file, events)


def _hit(file: FileContext, events: list[QueryRun]) -> Iterator[Hit]:
    code = events[0].site.code
    assert isinstance(code, TemplateCode)
    source = code.source
    known = dict(_reads(source.facts.nodes, ()))
    reads = list({read.base.at: read for event in events if (read := known.get(event.site.at))}.values())
    reads = [read for read in reads if read.base.lookups == reads[0].base.lookups]
    shared = _shared(reads) if len(reads) > 1 else None
    if shared is None or (shared[0] is source.facts.nodes and source.extends is not None):
        return
    written = ".".join(reads[0].base.lookups)
    second = _range(source, reads[1].base)
    relation = events[0].related
    yield Hit(
        Place(source.path, second),
        f"`{written}` makes a new queryset each time it is written, so the same rows are loaded again",
        related=(Related("first loaded here", Place(source.path, _range(source, reads[0].base))),),
        fixes=(_fix(file, source, reads, *shared),),
        data={"model": events[0].query.model, "relation": relation.accessor if relation is not None else ""},
    )


# --- where it is read ------------------------------------------------------------------------------------


def _reads(nodes: list[t.TemplateNode], chain: Chain) -> Iterator[tuple[int, _Read]]:
    """The expressions that end in ``.all``, by the number at which a query for them is seen."""
    for number, node in enumerate(nodes):
        here = (*chain, (nodes, number))
        expressions: list[t.Expression] = []
        if isinstance(node, t.For):
            expressions = [node.iter]
        elif isinstance(node, t.If):
            conditions = [branch.condition for branch in node.branches if branch.condition is not None]
            expressions = [
                term for each in conditions for term in each.terms if isinstance(term, t.Expression)
            ]
        elif isinstance(node, t.Output):
            expressions = [node.value]
        for expression in expressions:
            base, filters = expression.base, expression.filters
            if isinstance(base, t.Variable) and len(base.lookups) > 2 and base.lookups[-1] == "all":
                if not filters:
                    yield expression.at, _Read(base, here)
                elif filters[0].name == "length":
                    yield filters[0].at, _Read(base, here)
        for body in t.bodies(node):
            yield from _reads(body, here)


def _shared(reads: list[_Read]) -> tuple[list[t.TemplateNode], int, int] | None:
    """The innermost list of nodes around all of them, and the first and last node in it that hold some.

    None where two of them never come together, or where the name means something else in between.
    """
    depth = 0
    chains = [read.chain for read in reads]
    while (
        all(len(chain) > depth + 1 for chain in chains)
        and len({id(chain[depth + 1][0]) for chain in chains}) == 1
    ):
        depth += 1
    if any(id(chain[depth][0]) != id(chains[0][depth][0]) for chain in chains):
        return None
    below = {id(chain[depth + 1][0]) for chain in chains if len(chain) > depth + 1}
    inside = {chain[depth][1] for chain in chains}
    if len(inside) == 1 and len(below) > 1:
        return None  # in different branches of one node
    first = reads[0].base.lookups[0]
    if any(_binds(nodes[number], first) for chain in chains for nodes, number in chain[depth:-1]):
        return None
    return chains[0][depth][0], min(inside), max(inside)


def _binds(node: t.TemplateNode, name: str) -> bool:
    """Whether a node gives `name` to something else inside of it."""
    if isinstance(node, t.For):
        return any(target.id == name for target in node.targets)
    return isinstance(node, (t.With, t.BlockTranslate)) and any(each.name == name for each in node.bindings)


def _range(source: TemplateSource, base: t.Variable) -> Range:
    return Range(source.range(base.at + 1).start, source.range(base.at + len(base.lookups)).end)


# --- the fix ---------------------------------------------------------------------------------------------


def _fix(
    file: FileContext,
    source: TemplateSource,
    reads: list[_Read],
    nodes: list[t.TemplateNode],
    first: int,
    last: int,
) -> Fix:
    title = "Load the rows once, with `{% with %}`"
    lookups = reads[0].base.lookups
    name = "_".join(lookups[:-1])
    end = _end(source, nodes[last])
    if end is None or not name.isidentifier() or name in (file.read(source.path) or ""):
        return Fix(title, Safety.MANUAL)
    start = source.range(nodes[first]).start
    opening = f"{{% with {name}={'.'.join(lookups)} %}}"
    edits = [Edit(source.path, _range(source, read.base), name) for read in reads]
    edits.insert(0, Edit(source.path, Range(start, start), opening))
    edits.append(Edit(source.path, Range(end, end), "{% endwith %}"))
    return Fix(title, Safety.SAFE, tuple(edits))


def _end(source: TemplateSource, node: t.TemplateNode) -> Position | None:
    """Where a node ends, with all that is in it; None where its end tag is missing."""
    if not t.bodies(node):
        return source.range(node).end
    close = getattr(node, "close", None)
    return source.range(close).end if close is not None else None
