"""A value is written into a script without being escaped."""

from __future__ import annotations

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
        if _HANDING_ON.issuperset(names):
            advice = 'Write it with `{{ value|json_script:"id" }}` and read it with `JSON.parse()`'
            yield Hit(
                template.place(node),
                "`|safe` writes this value into the script as it is: a `</script>` in its data ends the script, "
                "and what follows runs as HTML",
                fixes=(Fix(advice, Safety.MANUAL),),
            )
