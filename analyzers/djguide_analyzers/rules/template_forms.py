"""The forms in a template's HTML: what stands inside of them, and how they are sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts.template_ir import (
    Expression,
    Form,
    TemplateFacts,
    TemplateNode,
    Variable,
    walk,
)
from djguide_analyzers.source.positions import Range

_SCRIPTED = re.compile(
    r"\bonsubmit\b|\bon:submit|@submit|\bhx-|\bdata-hx-|\bng-|\bx-on:|\bdata-(?:remote|ajax|action|turbo)|\bajax",
    re.IGNORECASE,
)
"""Attributes by which JavaScript takes the sending over."""
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_MAX_INCLUDES = 6


def method_of(form: Form) -> str:
    """The method as written, in lower case; ``get`` where there is none."""
    return (form.method or "get").strip().lower()


def start_tag(text: str) -> str:
    """`text` of a start tag without the values of its attributes."""
    return _QUOTED.sub("", text)


def is_scripted(text: str) -> bool:
    """Whether a start tag says that JavaScript sends the form."""
    return _SCRIPTED.search(text) is not None


def nodes_in(facts: TemplateFacts, form: Form) -> Iterator[TemplateNode]:
    """The nodes between a form's tags, in the order of the text; none for a form without an end."""
    if form.close is None:
        return
    inside = Range(facts.range_of(form.at).end, facts.range_of(form.close).start)
    for node in walk(facts.nodes):
        if inside.start <= facts.range_of(node.at).start < inside.end:
            yield node


def first_name(expression: Expression) -> str | None:
    """The name that an expression starts with; None for a constant."""
    base = expression.base
    return base.lookups[0] if isinstance(base, Variable) and base.lookups else None
