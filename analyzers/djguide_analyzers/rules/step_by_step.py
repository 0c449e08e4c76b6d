"""Writes that a function commits one by one on purpose, so that the first lasts whatever becomes of the second."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.atomicity import Regions
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.coupling import Coupling
from djguide_analyzers.rules.write_units import Unit, is_new, on_one_path


def is_step_by_step(regions: Regions, coupling: Coupling, found: list[Unit]) -> bool:
    """Whether the code shows that a transaction around both writes is not wanted.

    `found` are all writes of the function. It shows where a block of the function holds just one of the two, where
    a row is saved more than once to tell how far the work has come, and where an ``except`` deals with what is
    half done.
    """
    return (
        _ends_between(regions, coupling)
        or _is_progress(regions.body, coupling, found)
        or _is_dealt_with(regions.body, coupling, found)
    )


def _ends_between(regions: Regions, coupling: Coupling) -> bool:
    """Whether the function opens a transaction for one of the writes and leaves the other one out."""
    opened = [regions.at(unit.node) for unit in (coupling.first, coupling.second)]
    return all(opened) != any(opened) and any(
        atomic.block is not None for atomics in opened for atomic in atomics
    )


def _is_progress(body: Body, coupling: Coupling, found: list[Unit]) -> bool:
    """Whether one of the writes is a step of several that each save the same row, such as a job's."""
    for unit in (coupling.first, coupling.second):
        if unit.operation != "save" or unit.made is None or is_new(unit.made):
            continue
        for other in found:
            if other.node is unit.node or other.operation != "save" or other.made is None:
                continue
            if other.made.key == unit.made.key and (
                on_one_path(body.statements, unit.node, other.node)
                or on_one_path(body.statements, other.node, unit.node)
            ):
                return True
    return False


def _is_dealt_with(body: Body, coupling: Coupling, found: list[Unit]) -> bool:
    """Whether an ``except`` changes or drops the row of one of the writes."""
    pair = {coupling.first.node.at, coupling.second.node.at}
    rows = {unit.made.key for unit in (coupling.first, coupling.second) if unit.made is not None}
    handlers = [node for node in body.nodes.values() if isinstance(node, ir.Handler)]
    inside = [{part.at for statement in node.body for part in walk(statement)} for node in handlers]
    handled = {at for numbers in inside if numbers.isdisjoint(pair) for at in numbers}
    return any(
        unit.node.at in handled
        and unit.operation in ("save", "update", "delete")
        and unit.made is not None
        and unit.made.key in rows
        for unit in found
    )
