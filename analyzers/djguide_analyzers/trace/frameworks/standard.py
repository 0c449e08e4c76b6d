"""The standard library: functools, itertools, collections, copy."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.trace import calls, iteration
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks.builtin_functions import consume, per_item
from djguide_analyzers.trace.frameworks.registry import MODELS, models
from djguide_analyzers.trace.joining import join_all
from djguide_analyzers.trace.values import UNKNOWN, AbstractValue, Mapping, Partial, Sequence


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
    if not node.args or not args.positional:
        return UNKNOWN
    source = args.positional[0]
    inner = consume(frame, node, args)
    outside = frame.loops
    if isinstance(source, Sequence):
        frame.loops = (*outside, *source.made_in)
    element, _ = iteration.iterate(frame, inner, node.args[0], node.at)
    frame.loops = outside
    return Sequence(element)


@models("itertools.islice")
def _islice(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    return Sequence(consume(frame, node, args))


@models("itertools.takewhile", "itertools.dropwhile", "itertools.filterfalse")
def _tested(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    if len(args.positional) < 2:
        return UNKNOWN
    element = consume(frame, node, args, 1)
    per_item(frame, node, Arguments([args.positional[0], Sequence(element)]), args.positional[0], 1)
    return Sequence(element)


@models("itertools.groupby")
def _groupby(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    element = consume(frame, node, args)
    key = args.get(1, "key")
    grouped: AbstractValue = UNKNOWN
    if key is not None:
        grouped = per_item(frame, node, Arguments([Sequence(element)]), key)
    return Sequence(Sequence(UNKNOWN, (grouped, Sequence(element))))


@models("collections.defaultdict")
def _defaultdict(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """What is not there yet is made by the first argument."""
    return Mapping((), calls.call_value(frame, node, args.first) if args.first is not None else UNKNOWN)


@models("collections.OrderedDict")
def _ordered_dict(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    return MODELS["builtins.dict"](frame, node, args)


@models("collections.deque")
def _deque(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    return MODELS["builtins.list"](frame, node, args)


@models("copy.copy", "copy.deepcopy")
def _copy(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    return args.first if isinstance(args.first, (Mapping, Sequence)) else UNKNOWN
