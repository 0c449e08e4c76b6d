"""The standard library: functools and itertools."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.trace import iteration
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.library.builtin_functions import consume, per_item
from djguide_analyzers.trace.library.registry import models
from djguide_analyzers.trace.values import UNKNOWN, AbstractValue, Partial, Sequence, join_all


@models("functools.partial")
def _partial(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    if not args.positional:
        return UNKNOWN
    func, *rest = args.positional
    return Partial(func, tuple(rest), tuple(args.keywords.items()))


@models("itertools.chain")
def _chain(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    elements = [consume(frame, node, args, number) for number in range(len(args.positional))]
    return Sequence(join_all(elements)) if elements else UNKNOWN


@models("itertools.chain.from_iterable")
def _chain_from(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    inner = consume(frame, node, args)
    if not node.args:
        return UNKNOWN
    element, _ = iteration.iterate(frame, inner, node.args[0], node.at)
    return Sequence(element)


@models("itertools.islice", "itertools.takewhile", "itertools.dropwhile")
def _some(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    position = 0 if isinstance(node.func, ir.Attr) and node.func.name == "islice" else -1
    if position < 0:
        position = len(args.positional) - 1
    return Sequence(consume(frame, node, args, position))


@models("itertools.groupby")
def _groupby(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    element = consume(frame, node, args)
    key = args.get(1, "key")
    grouped: AbstractValue = UNKNOWN
    if key is not None:
        grouped = per_item(frame, node, Arguments([Sequence(element)]), key)
    return Sequence(Sequence(UNKNOWN, (grouped, Sequence(element))))
