"""Where nodes stand in a template: which branches they are in."""

from __future__ import annotations

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
