"""Readable forms of template facts for assertions."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import template_ir as ir
from djguide_analyzers.facts.templates import template_facts
from djguide_analyzers.source.positions import LineIndex


def expression(value: ir.Expression | ir.Variable | ir.Constant | None) -> str | None:
    """An expression written out; constants by their value, so that it shows what was understood."""
    match value:
        case None:
            return None
        case ir.Variable():
            return ".".join(value.lookups)
        case ir.Constant():
            return f"_({value.value!r})" if value.translated else repr(value.value)
        case ir.Expression():
            return "|".join([str(expression(value.base)), *map(filter_text, value.filters)])


def filter_text(value: ir.Filter) -> str:
    return value.name if value.argument is None else f"{value.name}:{expression(value.argument)}"


def plain(value: Any) -> Any:
    """`value` without numbers of spans: a node is a tuple of its class name and its fields."""
    match value:
        case ir.Expression() | ir.Variable() | ir.Constant():
            return expression(value)
        case ir.Filter():
            return filter_text(value)
        case ir.Name():
            return value.id
        case ir.Operator():
            return f"<{value.op}>"
        case ir.Binding():
            return f"{value.name}={expression(value.value)}"
        case ir.Condition():
            return plain(value.terms)
        case ir.Node():
            fields = [f for f in value.__struct_fields__ if f not in ("at", "close", "html")]
            return (type(value).__name__, *[plain(getattr(value, field)) for field in fields])
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def nodes(text: str) -> list[Any]:
    """The nodes of `text`, which has no problems."""
    facts = template_facts(text)
    assert facts.problems == []
    return plain(facts.nodes)


def node(text: str) -> Any:
    """The only node of `text`, which has no problems."""
    (only,) = nodes(text)
    return only


def problems(text: str) -> list[tuple[int, int, str]]:
    return [(p.line, p.column, p.message) for p in template_facts(text).problems]


def source(text: str, facts: ir.TemplateFacts, at: int) -> str:
    """What stands in `text` where the node with the number `at` is said to be."""
    return LineIndex(text).slice(facts.range_of(at))


def structs(value: Any) -> list[ir.Node]:
    """All nodes, expressions and names inside of `value`."""
    if isinstance(value, list):
        return [found for item in value for found in structs(item)]
    if isinstance(value, ir.Node):
        fields = [getattr(value, field) for field in value.__struct_fields__]
        return [value, *structs([field for field in fields if isinstance(field, (list, ir.Node))])]
    return []


def check_spans(text: str, facts: ir.TemplateFacts) -> None:
    """Every span slices to the text that its node claims."""
    for found in structs([facts.nodes, facts.forms]):
        here = source(text, facts, found.at)
        match found:
            case ir.Name():
                assert here == found.id
            case ir.Binding() | ir.Filter():
                assert here == found.name
            case ir.Operator():
                assert " ".join(here.split()) == found.op
            case ir.Variable():
                assert here == ".".join(found.lookups)
                lookups = [source(text, facts, found.at + 1 + n) for n in range(len(found.lookups))]
                assert lookups == found.lookups
            case ir.Constant(value=str()):
                assert here.startswith("_(") is found.translated
                assert here.removeprefix("_(")[0] in "\"'"
            case ir.Constant(value=int(number)):
                assert int(here) == number
            case ir.Constant(value=float(number)):
                assert float(here) == number
            case ir.Output():
                assert here.startswith("{{")
                assert here.endswith("}}")
            case ir.Form():
                assert here[:5].lower() == "<form"
                if found.close is not None:
                    assert source(text, facts, found.close)[:6].lower() == "</form"
            case ir.Constant() | ir.Expression() | ir.Condition():
                pass
            case _:
                assert here.startswith("{%")
                assert here.endswith("%}")
                close = getattr(found, "close", None)
                if close is not None:
                    assert source(text, facts, close).removeprefix("{%").lstrip().startswith("end")
