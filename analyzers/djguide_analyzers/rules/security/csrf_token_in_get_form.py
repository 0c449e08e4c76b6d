"""A form that gets carries the token against cross-site request forgery."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts.template_ir import CsrfToken
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import TemplateContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.template_forms import is_scripted, method_of, nodes_in
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range

RULE = Rule(
    summary="A form that gets puts the CSRF token into the address",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_CONTROLS = re.compile(r"<(?:button|input|select|textarea)\b|\{\{|\{%\s*(?!csrf_token)\w", re.IGNORECASE)
_SECRET = re.compile(r"<input\b[^>]*\btype\s*=\s*[\"']?password\b", re.IGNORECASE)


def check_template(template: TemplateContext) -> Iterator[Hit]:
    if not template.source.judged or "csrfmiddlewaretoken" in template.lines.text:
        return  # a script of the template may look the token up
    for form in template.facts.forms:
        # Without a method written down, JavaScript may be what sends the form.
        if form.method is None or method_of(form) != "get" or form.close is None:
            continue
        inside = _inside(template, form.at, form.close)
        if is_scripted(template.text(form.at)) or "formmethod" in inside.lower():
            continue  # a script or one of the buttons sends it another way
        if "<form" in inside.lower():
            continue  # the token is meant for a form inside of it
        if _CONTROLS.search(inside) is None:
            continue  # it only keeps the token for scripts
        for node in nodes_in(template.facts, form):
            if isinstance(node, CsrfToken):
                yield Hit(
                    template.place(node),
                    "The token of a form that gets stands in the address: in the history, in logs, and in what "
                    "other sites are told",
                    fixes=(_fix(template, node, inside),),
                )


def _inside(template: TemplateContext, start: int, close: int) -> str:
    """The form's text, its tags left out."""
    return template.lines.slice(Range(template.source.range(start).end, template.source.range(close).start))


def _fix(template: TemplateContext, node: CsrfToken, inside: str) -> Fix:
    if _SECRET.search(inside) is not None:
        return Fix('Send the form with `method="post"`: it holds a password', Safety.MANUAL)
    return Fix("Remove the token", Safety.SAFE, (_edit(template, node),))


def _edit(template: TemplateContext, node: CsrfToken) -> Edit:
    """Take the tag out, with its line where it has one to itself."""
    own = template.source.range(node)
    line = template.lines.line(own.start.line)
    if line.strip() == template.lines.slice(own) and own.start.line + 1 < template.lines.line_count:
        own = Range(Position(own.start.line, 0), Position(own.start.line + 1, 0))
    return Edit(template.path, own, "")
