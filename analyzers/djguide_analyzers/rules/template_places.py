"""Where nodes stand in a template: which branches they are in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from msgspec import Struct

from djguide_analyzers.facts import template_ir as t
from djguide_analyzers.project.templates import TemplateSource

Branches = tuple[tuple[int, int], ...]
"""The branches a node stands in, outermost first: the number of the ``if`` and which of its branches."""


def are_together(source: TemplateSource, asked: int, looped: int) -> bool:
    """Whether no ``if`` has the two in different branches."""
    one, other = _branches(source.facts.nodes, asked), _branches(source.facts.nodes, looped)
    if one is None or other is None:
        return False
    chosen = dict(other)
    return all(chosen.get(number, branch) == branch for number, branch in one)


def _branches(nodes: list[t.TemplateNode], at: int) -> Branches | None:
    """The branches around the node that the number `at` belongs to: the last one that starts before it."""
    found: Branches | None = None
    for node in nodes:
        if node.at > at:
            break
        if isinstance(node, t.If):
            found = ()
            for number, branch in enumerate(node.branches):
                inner = _branches(branch.body, at)
                if inner is not None:
                    found = ((node.at, number), *inner)
        else:
            found = ()
            for body in t.bodies(node):
                inner = _branches(body, at)
                if inner is not None:
                    found = inner
    return found


def is_passed_by(source: TemplateSource, at: int, names: frozenset[str]) -> bool:
    """Whether the lookup at `at` is in a branch for want of one of `names` of the same object.

    So are the later ones of ``{% if note.post %}…{% elif note.page %}…{% else %}…{% endif %}``.
    """
    owner = _owner(source.facts.nodes, at)
    return owner is not None and _is_in_later_branch(source.facts.nodes, at, owner, names)


def _owner(nodes: list[t.TemplateNode], at: int) -> list[str] | None:
    """What the lookup at `at` is made of; None when it is no lookup of a variable."""
    for variable in _variables(nodes):
        if variable.at + 1 < at <= _end(variable):
            return variable.lookups[: at - variable.at - 1]
    return None


def _is_in_later_branch(
    nodes: list[t.TemplateNode], at: int, owner: list[str], names: frozenset[str]
) -> bool:
    for node in t.walk(nodes):
        if not isinstance(node, t.If):
            continue
        asked = False
        for branch in node.branches:
            if asked and any(variable.at < at <= _end(variable) for variable in _variables(branch)):
                return True
            asked |= branch.condition is not None and _asks_for(branch.condition, owner, names)
    return False


def _variables(node: object) -> Iterator[t.Variable]:
    """All variables in a node, or in a list of nodes."""
    if isinstance(node, t.Variable):
        yield node
    elif isinstance(node, Struct):
        for name in node.__struct_fields__:
            yield from _variables(getattr(node, name))
    elif isinstance(node, list):
        for each in cast("list[object]", node):
            yield from _variables(each)


def _end(variable: t.Variable) -> int:
    """The number of its last lookup."""
    return variable.at + len(variable.lookups)


def _asks_for(condition: t.Condition, owner: list[str], names: frozenset[str]) -> bool:
    """Whether a condition is nothing but one of `names` of `owner`."""
    match condition.terms:
        case [t.Expression(base=t.Variable(lookups=[*before, name]), filters=[])]:
            return before == owner and name in names
    return False
