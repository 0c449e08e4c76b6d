"""Where the boxes of a diagram go, and the lines between them: a layered layout, from left to right.

The steps are those of Sugiyama: cycles are broken, each box gets a column (right of all that it points to), lines
over several columns get places to pass through, the order within columns is improved by barycentres, and boxes are
moved towards what they are connected with. Columns have a height that they should not exceed, so that a model that
everything refers to makes a picture of bounded shape instead of one tall column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

GAP_X = 70.0
GAP_Y = 18.0
PASSAGE = 2.0
"""Height of a place where a line passes a column."""
_NARROW = 7.0
"""Distance of such places from what is beside them."""
_SWEEPS = 12


class Box(NamedTuple):
    """Size of a node."""

    width: float
    height: float


class Placed(NamedTuple):
    """A node with its upper left corner."""

    x: float
    y: float
    width: float
    height: float


class Line(NamedTuple):
    """A connection as points from its source's left side to its target's right side (or back, for loops)."""

    source: str
    target: str
    points: tuple[tuple[float, float], ...]


class Drawing(NamedTuple):
    """All of it, in a plane of this size."""

    boxes: dict[str, Placed]
    lines: list[Line]
    width: float
    height: float


class _Passage(NamedTuple):
    """Where the line with this number passes a column."""

    line: int
    column: int


Name = str | _Passage
"""What stands in a column."""


def arranged(
    boxes: Mapping[str, Box], links: Iterable[tuple[str, str]], *, tallest: float = 900.0
) -> Drawing:
    """Lay out `boxes`; each of `links` goes from a box to one it refers to. Deterministic.

    Args:
        tallest: Height of a column that it should not exceed; boxes higher than that stand alone.
    """
    wanted = [(source, target) for source, target in dict.fromkeys(links) if source != target]
    forward = _without_cycles(list(boxes), wanted)
    columns = _columns(boxes, forward, tallest)
    layers, chains = _with_passages(boxes, wanted, columns)
    neighbours = _neighbours(chains)
    _order(layers, neighbours)
    heights = {name: box.height for name, box in boxes.items()}
    centres = _vertical(layers, neighbours, heights)
    return _drawn(boxes, wanted, layers, chains, centres)


def _without_cycles(names: list[str], links: list[tuple[str, str]]) -> dict[str, list[str]]:
    """What each name points to, links that would close a cycle turned round."""
    out: dict[str, list[str]] = defaultdict(list)
    for source, target in links:
        out[source].append(target)
    state: dict[str, int] = {}
    result: dict[str, list[str]] = {name: [] for name in names}
    for root in names:
        if root in state:
            continue
        stack = [(root, iter(out[root]))]
        state[root] = 1
        while stack:
            name, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                state[name] = 2
                stack.pop()
            elif state.get(target) == 1:
                result[target].append(name)
            else:
                result[name].append(target)
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(out[target])))
    return result


def _columns(boxes: Mapping[str, Box], forward: dict[str, list[str]], tallest: float) -> dict[str, int]:
    """A column for each box, right of all it points to; the next one where a column is full."""
    depth: dict[str, int] = {}

    def settle(name: str) -> None:
        pending = [name]
        while pending:
            current = pending[-1]
            missing = [target for target in forward[current] if target not in depth]
            if missing:
                pending += missing
                continue
            depth[current] = 1 + max((depth[target] for target in forward[current]), default=-1)
            pending.pop()

    for name in boxes:
        if name not in depth:
            settle(name)
    referred: dict[str, int] = defaultdict(int)
    for targets in forward.values():
        for target in targets:
            referred[target] += 1
    columns: dict[str, int] = {}
    used: dict[int, float] = defaultdict(float)
    for name in sorted(boxes, key=lambda name: (depth[name], -referred[name])):
        column = 1 + max((columns[target] for target in forward[name]), default=-1)
        while used[column] and used[column] + boxes[name].height > tallest:
            column += 1
        columns[name] = column
        used[column] += boxes[name].height + GAP_Y
    return columns


def _with_passages(
    boxes: Mapping[str, Box], links: list[tuple[str, str]], columns: dict[str, int]
) -> tuple[list[list[Name]], list[list[Name]]]:
    """The columns with places where lines pass, and each link as the chain of what it touches."""
    layers: list[list[Name]] = [[] for _ in range(max(columns.values(), default=-1) + 1)]
    for name in boxes:
        layers[columns[name]].append(name)
    chains: list[list[Name]] = []
    for number, (source, target) in enumerate(links):
        start, end = columns[source], columns[target]
        step = 1 if end > start else -1
        passed = [_Passage(number, column) for column in range(start + step, end, step)]
        for passage in passed:
            layers[passage.column].append(passage)
        chains.append([source, *passed, target])
    return layers, chains


def _neighbours(chains: list[list[Name]]) -> dict[Name, list[Name]]:
    found: dict[Name, list[Name]] = defaultdict(list)
    for chain in chains:
        for one, other in pairwise(chain):
            found[one].append(other)
            found[other].append(one)
    return found


def _order(layers: list[list[Name]], neighbours: dict[Name, list[Name]]) -> None:
    """Order each column by where the neighbours in the one before (then behind) stand, a few times over."""
    position = {name: float(place) for layer in layers for place, name in enumerate(layer)}
    column = {name: number for number, layer in enumerate(layers) for name in layer}
    for sweep in range(_SWEEPS):
        step = 1 if sweep % 2 == 0 else -1
        for layer in layers[::step]:
            means: dict[Name, float] = {}
            for name in layer:
                near = [position[n] for n in neighbours[name] if (column[name] - column[n]) * step > 0]
                means[name] = sum(near) / len(near) if near else position[name]
            layer.sort(key=lambda name: (means[name], position[name]))
            for place, name in enumerate(layer):
                position[name] = float(place)


def _vertical(
    layers: list[list[Name]], neighbours: dict[Name, list[Name]], heights: Mapping[str, float]
) -> dict[Name, float]:
    """The middle of each box and passage: near its neighbours' middles, in order and without overlaps."""
    centres: dict[Name, float] = {}
    size = {
        name: PASSAGE if isinstance(name, _Passage) else heights[name] for layer in layers for name in layer
    }
    for layer in layers:
        _stack(layer, 0.0, size, centres)
    for sweep in range(_SWEEPS):
        for layer in layers[:: 1 if sweep % 2 == 0 else -1]:
            wanted = [
                sum(centres[n] for n in neighbours[name]) / len(neighbours[name])
                if neighbours[name]
                else centres[name]
                for name in layer
            ]
            _spread(layer, wanted, size, centres)
    return centres


def _spread(
    layer: list[Name], wanted: list[float], size: dict[Name, float], centres: dict[Name, float]
) -> None:
    """Put what stands in a column as near to where it wants to be as order and sizes allow.

    Neighbours that would overlap become one block, which stands at the mean of what its members want.
    """
    blocks: list[tuple[float, float, list[Name]]] = []  # where its top wants to be, its height, its members
    for name, centre in zip(layer, wanted, strict=True):
        top, height, members = centre - size[name] / 2, size[name], [name]
        while blocks:
            above, tall, others = blocks[-1]
            gap = _gap(others[-1], members[0])
            if above + tall + gap <= top:
                break
            blocks.pop()
            count, more = len(others), len(members)
            shifted = top - tall - gap  # where the block above would stand if this one had its will
            top = (above * count + shifted * more) / (count + more)
            height, members = tall + gap + height, [*others, *members]
        blocks.append((top, height, members))
    for top, _, members in blocks:
        _stack(members, top, size, centres)


def _stack(names: list[Name], top: float, size: dict[Name, float], centres: dict[Name, float]) -> None:
    """Put `names` below one another."""
    y = top
    for number, name in enumerate(names):
        if number:
            y += _gap(names[number - 1], name)
        centres[name] = y + size[name] / 2
        y += size[name]


def _gap(one: Name, other: Name) -> float:
    """The distance of two that stand below one another."""
    return _NARROW if isinstance(one, _Passage) or isinstance(other, _Passage) else GAP_Y


def _drawn(
    boxes: Mapping[str, Box],
    links: list[tuple[str, str]],
    layers: list[list[Name]],
    chains: list[list[Name]],
    centres: dict[Name, float],
) -> Drawing:
    heights = {n: PASSAGE if isinstance(n, _Passage) else boxes[n].height for layer in layers for n in layer}
    top = min((centres[name] - height / 2 for name, height in heights.items()), default=0.0)
    placed: dict[str, Placed] = {}
    lefts: dict[int, tuple[float, float]] = {}
    x = bottom = 0.0
    for number, layer in enumerate(layers):
        width = max((boxes[name].width for name in layer if not isinstance(name, _Passage)), default=0.0)
        lefts[number] = x, x + width
        for name in layer:
            if not isinstance(name, _Passage):
                box = boxes[name]
                placed[name] = Placed(x, centres[name] - box.height / 2 - top, width, box.height)
            bottom = max(bottom, centres[name] + heights[name] / 2 - top)
        x += width + GAP_X
    column = {name: number for number, layer in enumerate(layers) for name in layer}
    lines = [
        Line(source, target, tuple(_points(chain, column, lefts, centres, top)))
        for (source, target), chain in zip(links, chains, strict=True)
    ]
    return Drawing(placed, lines, max(x - GAP_X, 0.0), bottom)


def _points(
    chain: list[Name],
    column: dict[Name, int],
    lefts: dict[int, tuple[float, float]],
    centres: dict[Name, float],
    top: float,
) -> Iterable[tuple[float, float]]:
    """From side to side, over both edges of each column that is passed."""
    leftwards = column[chain[0]] > column[chain[-1]]
    for place, name in enumerate(chain):
        left, right = lefts[column[name]]
        y = centres[name] - top
        if place > 0:
            yield (right if leftwards else left), y
        if place < len(chain) - 1:
            yield (left if leftwards else right), y
