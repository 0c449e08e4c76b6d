"""A form that gets carries the token against cross-site request forgery."""

from __future__ import annotations

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


def check_template(template: TemplateContext) -> Iterator[Hit]:
    if not template.source.judged or "csrfmiddlewaretoken" in template.lines.text:
        return  # a script of the template may look the token up
    for form in template.facts.forms:
        # Without a method written down, JavaScript may be what sends the form.
        if form.method is None or method_of(form) != "get" or form.close is None:
            continue
        if is_scripted(template.text(form.at)) or _posts_somewhere(template, form.at, form.close):
            continue
        for node in nodes_in(template.facts, form):
            if isinstance(node, CsrfToken):
                yield Hit(
                    template.place(node),
                    "The token of a form that gets stands in the address: in the history, in logs, and in what "
                    "other sites are told",
                    fixes=(Fix("Remove the token", Safety.SAFE, (_edit(template, node),)),),
                )


def _posts_somewhere(template: TemplateContext, start: int, close: int) -> bool:
    """Whether one of the form's buttons sends it with another method."""
    inside = Range(template.source.range(start).start, template.source.range(close).end)
    return "formmethod" in template.lines.slice(inside).lower()


def _edit(template: TemplateContext, node: CsrfToken) -> Edit:
    """Take the tag out, with its line where it has one to itself."""
    own = template.source.range(node)
    line = template.lines.line(own.start.line)
    if line.strip() == template.lines.slice(own) and own.start.line + 1 < template.lines.line_count:
        own = Range(Position(own.start.line, 0), Position(own.start.line + 1, 0))
    return Edit(template.path, own, "")
