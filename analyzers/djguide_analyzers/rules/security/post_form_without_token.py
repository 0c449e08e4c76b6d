"""A form that posts to this site sends no token against cross-site request forgery."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from djguide_analyzers.facts.template_ir import (
    Block,
    CsrfToken,
    Expression,
    Form,
    Include,
    Output,
    Tag,
    TemplateNode,
    walk,
)
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import TemplateContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.template_forms import first_name, is_scripted, method_of, nodes_in, start_tag
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range

RULE = Rule(
    summary="A form that posts to this site has no `{% csrf_token %}`",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_OWN_ADDRESS = re.compile(
    r"(?:\{%-?\s*url\s|/(?!/)|[?#.]|[\w-]+/|\{\{\s*(?:request\.(?:path|get_full_path)|\w+\.get_absolute_url)\b)"
)
"""Starts of addresses that certainly lead back to this site."""
_FOREIGN = re.compile(r"[\w+.-]+:|//")
_SENDS = re.compile(
    r"<button\b(?![^>]*\b(?:type\s*=\s*[\"']?(?:button|reset)|aria-expanded|data-(?:bs-)?toggle|onclick))|<input\b[^>]*\btype\s*=\s*[\"']?(?:submit|image)\b"
    r"|\.(?:requestS|s)ubmit\(\)|\{\{[^}]*(?:button|submit)",
    re.IGNORECASE,
)
"""What a browser sends a form with. Without any of these, a script reads the form and sends what it likes."""
_ID = re.compile(r"\bid\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_MAX_DEPTH = 6


def check_template(template: TemplateContext) -> Iterator[Hit]:
    if not template.source.judged or not _is_checked(template):
        return
    for form in template.facts.forms:
        if form.csrf or form.close is None or method_of(form) != "post" or not _stays_here(form.action):
            continue
        text = template.text(form.at)
        if (
            is_scripted(text)
            or "{{" in start_tag(text)
            or _may_hold_token(template, nodes_in(template.facts, form))
        ):
            continue
        if not _can_be_sent(template, form):
            continue
        yield Hit(
            template.place(form.at),
            "This form posts to the site without `{% csrf_token %}`: the answer is 403",
            fixes=(Fix("Add the token", Safety.SAFE, (_edit(template, form),)),),
        )


def _can_be_sent(template: TemplateContext, form: Form) -> bool:
    """Whether a form holds anything that a browser sends it with, in an included template as well."""
    assert form.close is not None
    inside = Range(template.source.range(form.at).end, template.source.range(form.close).start)
    if _SENDS.search(template.lines.slice(inside)) is not None:
        return True
    own_id = _ID.search(template.text(form.at))
    if own_id is not None and re.search(rf"\bform\s*=\s*[\"']?{re.escape(own_id[1])}\b", template.lines.text):
        return True  # a button outside of it
    return any(_sends(template, node, 0) for node in nodes_in(template.facts, form))


def _sends(template: TemplateContext, node: TemplateNode, depth: int) -> bool:
    inner = template.included(node) if isinstance(node, Include) and depth <= _MAX_DEPTH else None
    if inner is None:
        return False
    found = _SENDS.search(inner.lines.text) is not None
    return found or any(_sends(inner, each, depth + 1) for each in walk(inner.facts.nodes))


def _is_checked(template: TemplateContext) -> bool:
    """Whether requests are checked at all, as far as the settings say."""
    installed = template.project.settings.get("MIDDLEWARE").items()
    names = [entry.value.constant for entry in installed]
    return not names or any(not isinstance(name, str) or "csrf" in name.lower() for name in names)


def _stays_here(action: str | None) -> bool:
    """Whether a form is certainly sent to this site, which may have the token."""
    target = (action or "").strip()
    if not target:
        return True
    return _FOREIGN.match(target) is None and _OWN_ADDRESS.match(target) is not None


def _may_hold_token(template: TemplateContext, nodes: Iterable[TemplateNode], depth: int = 0) -> bool:
    """Whether the token may come from somewhere that the form's own text does not show."""
    for node in nodes:
        match node:
            case CsrfToken() | Block():
                return True
            case Output(value=value) if _may_be_token(value):
                return True
            case Include():
                inner = template.included(node)
                if inner is None or depth > _MAX_DEPTH:
                    return True
                if _may_hold_token(inner, walk(inner.facts.nodes), depth + 1):
                    return True
            case Tag() if not _is_of_django(template, node):
                return True
            case _:
                pass
    return False


def _may_be_token(value: Expression) -> bool:
    """Whether an output may be HTML that somebody else made."""
    name = first_name(value) or ""
    known = {"default", "default_if_none", "escape", "linebreaks", "date", "time", "length", "upper", "lower"}
    return "csrf" in name or any(item.name == "safe" or item.name not in known for item in value.filters)


def _is_of_django(template: TemplateContext, node: Tag) -> bool:
    tag = template.project.templates.scope(template.source).tag(node.name)
    return tag is not None and tag.is_django


def _edit(template: TemplateContext, form: Form) -> Edit:
    """Put the token behind the start tag; on a line of its own where the form's content starts on one."""
    end = template.source.range(form.at).end
    lines = template.lines
    rest = lines.line(end.line)[end.column :]
    text = "{% csrf_token %}"
    if not rest.strip() and end.line + 1 < lines.line_count:
        following = lines.line(end.line + 1)
        indent = following[: len(following) - len(following.lstrip())]
        start = Position(end.line + 1, 0)
        newline = "\r\n" if "\r\n" in lines.text else "\n"
        return Edit(template.path, Range(start, start), f"{indent}{text}{newline}")
    return Edit(template.path, Range(end, end), text)
