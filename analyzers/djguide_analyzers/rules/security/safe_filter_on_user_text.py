"""A template writes a text that visitors typed without escaping it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from djguide_analyzers.facts import ir
from djguide_analyzers.facts import template_ir as t
from djguide_analyzers.project.modules import Code
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.remembered import Remembered
from djguide_analyzers.rules.request_data import RequestData
from djguide_analyzers.rules.typed_texts import typed_text
from djguide_analyzers.rules.visitors import data_of
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex, Position, Range
from djguide_analyzers.trace.templates.code import TemplateCode
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import RequestValue, Row

RULE = Rule(
    summary="A template writes text that visitors typed without escaping it",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_HANDING_ON = frozenset(
    {"safe", "default", "default_if_none", "linebreaks", "linebreaksbr", "truncatewords_html"}
)
"""Filters that leave a text as dangerous as it was, where it is not escaped."""
_SENT = frozenset({"GET", "POST", "COOKIES"})
_RENDERED = {
    "django.shortcuts.render": (1, 2),
    "django.template.response.TemplateResponse": (1, 2),
    "django.template.loader.render_to_string": (0, 1),
}
"""Functions that render a template, with the positions of its name and its context."""
_UNESCAPED = "unescaped outputs"


class _Output(NamedTuple):
    """An output whose text is not escaped, by the filter `safe` or by the block around it."""

    node: t.Output
    path: list[str]
    base: int
    safe: t.Filter | None


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    if file.is_test:
        return
    for path in sorted(trace.modules):
        source = file.project.templates.at(path) if path not in file.project.modules else None
        for output in _unescaped(file, source) if source is not None else ():
            found = _typed(file, trace, TemplateCode(source), output) if source is not None else None
            if source is not None and found is not None:
                yield _hit(file, source, output, *found)


def _unescaped(file: FileContext, source: TemplateSource) -> list[_Output]:
    known: Remembered[list[_Output]] = file.project.shared(_UNESCAPED, Remembered)
    return known.get(source, lambda: _all_unescaped(source))


def _all_unescaped(source: TemplateSource) -> list[_Output]:
    if source.origin != "project" or not source.judged or not source.name.endswith((".html", ".htm")):
        return []
    return list(_outputs(source.facts.nodes, escaping=True))


def _outputs(nodes: list[t.TemplateNode], *, escaping: bool) -> Iterator[_Output]:
    for node in nodes:
        if isinstance(node, t.Output):
            base, filters = node.value.base, node.value.filters
            safe = next((item for item in filters if item.name == "safe"), None)
            plain = _HANDING_ON.issuperset(item.name for item in filters)
            # What `|safe` writes into scripts is what `json-in-script-unsafe` is about.
            judged = node.html in ("text", "tag", "quoted", "unquoted")
            if isinstance(base, t.Variable) and plain and judged and (safe is not None or not escaping):
                yield _Output(node, base.lookups, base.at, safe)
        inside = node.on if isinstance(node, t.Autoescape) else escaping
        for body in t.bodies(node):
            yield from _outputs(body, escaping=inside)


def _typed(
    file: FileContext, trace: Trace, code: TemplateCode, output: _Output
) -> tuple[str, Related | None] | None:
    """Where an output's text comes from: a column that visitors write, or the request."""
    path = output.path
    if len(path) == 3 and path[1] in _SENT:
        request = trace.value(code, ir.Opaque(output.base + 1))
        return ("the request", None) if path[0] == "request" or isinstance(request, RequestValue) else None
    if len(path) < 2:
        return None
    owner = trace.value(code, ir.Opaque(output.base + len(path) - 1))
    if not isinstance(owner, Row):
        return None
    writer = typed_text(file, owner.model, path[-1])
    if writer is None:
        return None
    return writer.what, Related("visitors write it here", file.place(writer.code, writer.node))


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    """What views put into a template's context as it was sent."""
    taken = data_of(file, scope)
    if taken is None:
        return
    names, data = taken
    for call, code in scope.nodes(ir.Call):
        positions = _RENDERED.get(names.called(code, call) or "")
        if positions is not None:
            yield from _handed_over(file, data, call, code, positions)


def _handed_over(
    file: FileContext, data: RequestData, call: ir.Call, code: Code, positions: tuple[int, int]
) -> Iterator[Hit]:
    template = _argument(call, positions[0], "template_name", "template")
    context = _argument(call, positions[1], "context")
    if not isinstance(template, ir.Const) or not isinstance(context, ir.Dict):
        return
    source = file.project.templates.find(str(template.value))
    for key, value in zip(context.keys, context.values, strict=True):
        sent = data.sent(code, value) if isinstance(key, ir.Const) else None
        if source is None or not source.certain or sent is None or sent.kind != "value":
            continue
        if isinstance(value, ir.Name) and data.is_checked(value.id):
            continue
        assert isinstance(key, ir.Const)
        for output in _unescaped(file, source):
            if output.path == [key.value] and not _is_bound(source, str(key.value)):
                evidence = Related("taken from the request", file.place(sent.code, sent.source))
                yield _hit(file, source, output, "the request", evidence)


def _argument(call: ir.Call, position: int, *names: str) -> ir.Expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((found for name in names if (found := call.keyword(name)) is not None), None)


def _is_bound(source: TemplateSource, name: str) -> bool:
    """Whether a tag of the template gives the name to something else."""
    for node in t.walk(source.facts.nodes):
        if isinstance(node, t.For) and any(target.id == name for target in node.targets):
            return True
        if isinstance(node, (t.With, t.BlockTranslate)) and any(each.name == name for each in node.bindings):
            return True
        as_var = getattr(node, "as_var", None)
        if as_var is not None and as_var.id == name:
            return True
    return False


def _hit(
    file: FileContext, source: TemplateSource, output: _Output, origin: str, evidence: Related | None
) -> Hit:
    written = ".".join(output.path)
    how = "`|safe` writes it" if output.safe is not None else "`{% autoescape off %}` has it written"
    return Hit(
        Place(source.path, source.range(output.node)),
        f"`{written}` holds what a visitor typed (through {origin}), and {how} into the page as it is: "
        "a script in it runs for whoever looks at it",
        related=(evidence,) if evidence is not None else (),
        fixes=(_escaped(file, source, output),),
    )


def _escaped(file: FileContext, source: TemplateSource, output: _Output) -> Fix:
    """Take `|safe` out, or escape in spite of the block around."""
    if output.safe is None:
        end = source.range(output.base + len(output.path)).end
        return Fix("Escape it", Safety.REVIEW, (Edit(source.path, Range(end, end), "|escape"),))
    title = "Remove `|safe`"
    named = source.range(output.safe)
    line = LineIndex(file.read(source.path) or "").line(named.start.line)
    before = line[: named.start.column].rstrip()
    if not before.endswith("|"):
        return Fix(title, Safety.MANUAL)
    start = Position(named.start.line, len(before[:-1].rstrip()))
    return Fix(title, Safety.REVIEW, (Edit(source.path, Range(start, named.end), ""),))
