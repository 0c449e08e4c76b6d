"""A value is written into a script without being escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts.template_ir import Output, Variable, walk
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import TemplateContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="`|safe` writes a value into a `<script>` as it is",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_HANDING_ON = frozenset({"safe", "default", "default_if_none"})
_BLOCKS = "block"
_WIDGET = "widget"
"""What Django's templates of form widgets are given: options that developers write, and the value of the field."""

_FORM = "form"
"""An attribute of a form itself: its class makes it, where fields and rows need a name more."""
_MANY = re.compile(
    r"json|data|list|dict|items|array|config|options|tree|map|graph|chart|library|value|text|name|title|content|html|"
    r"body|message|description|comment|label|[^sj]s$",
    re.IGNORECASE,
)
"""Names of what is made of rows, or is somebody's text."""
_START = re.compile(r"<script\b[^>]*>", re.IGNORECASE)


def check_template(template: TemplateContext) -> Iterator[Hit]:
    if not template.source.judged:
        return
    for node in walk(template.facts.nodes):
        if not isinstance(node, Output) or node.html != "script":
            continue
        names = [item.name for item in node.value.filters]
        base = node.value.base
        if "safe" not in names or not isinstance(base, Variable) or base.lookups[:1] == [_BLOCKS]:
            continue
        if base.lookups[:1] == [_WIDGET] and base.lookups[1:2] != ["value"]:
            continue
        if base.lookups[:1] == [_FORM] and len(base.lookups) == 2:
            continue
        if _MANY.search(base.lookups[-1]) is None:
            continue  # a number, an address: what one value is, its name alone does not tell
        if _HANDING_ON.issuperset(names):
            advice = 'Write it with `{{ value|json_script:"id" }}` and read it with `JSON.parse()`'
            if _is_linked_data(template, node):
                advice = "Escape `<`, `>` and `&` where the JSON is made, as `json_script` does"
            yield Hit(
                template.place(node),
                "`|safe` writes this value into the script as it is: a `</script>` in its data ends the script, "
                "and what follows runs as HTML",
                fixes=(Fix(advice, Safety.MANUAL),),
            )


def _is_linked_data(template: TemplateContext, node: Output) -> bool:
    """Whether the script is one of JSON-LD, which other programs read: `json_script` writes another type."""
    before = template.lines.text[: template.lines.offset(template.place(node).range.start)]
    tags = _START.findall(before)
    return bool(tags) and "ld+json" in tags[-1].lower()
