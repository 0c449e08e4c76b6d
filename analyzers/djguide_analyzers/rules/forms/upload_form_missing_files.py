"""A form with a field for a file is built without the files, or its template does not send them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.template_ir import For, Form, Output, Variable
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import append_argument, insert_argument
from djguide_analyzers.rules.file_forms import file_fields
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.template_forms import is_scripted, method_of, nodes_in, start_tag
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex, Position, Range
from djguide_analyzers.trace.templates.code import TemplateCode
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import ObjectValue, RequestValue

RULE = Rule(
    summary="A form with a file field is built without `request.FILES`, or sent without its files",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_WHOLE = frozenset({"as_p", "as_div", "as_table", "as_ul"})


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for scope in file.scopes:
        for node, code in scope.nodes(ir.Call):
            given = _posted(node)
            if given is None or not isinstance(scope.value(code, given.value), (RequestValue,)):
                continue
            cls = file.project.resolver.expr(code, node.func)
            fields = file_fields(file, cls) if isinstance(cls, ClassInfo) else []
            if isinstance(cls, ClassInfo) and fields:
                yield _without_files(file, code, node, given, cls, fields[0])
    for trace in file.traces:
        yield from _templates(file, trace)


# --- in the view -----------------------------------------------------------------------------------------


def _posted(node: ir.Call) -> ir.Attr | None:
    """The ``request.POST`` that a call is given as its only positional argument or as ``data``, without files."""
    if len(node.args) > 1 or any(keyword.name in (None, "files") for keyword in node.keywords):
        return None
    data = node.args[0] if node.args else node.keyword("data")
    if isinstance(data, ir.Bool) and data.op == "or" and len(data.values) == 2:
        other = data.values[1]
        data = data.values[0] if isinstance(other, ir.Const) and other.value is None else None
    return data if isinstance(data, ir.Attr) and data.name == "POST" else None


def _without_files(
    file: FileContext, code: Code, node: ir.Call, given: ir.Attr, cls: ClassInfo, field: str
) -> Hit:
    request = file.text(code, given.value)
    default = " or None" if not (node.args and node.args[0] is given) and _is_bool(node) else ""
    files = f"{request}.FILES{default}"
    if not node.args:
        edit = append_argument(file, code, node, f"files={files}")
    elif node.keywords:
        edit = insert_argument(file, code, node.keywords[0], files)
    else:
        edit = append_argument(file, code, node, files)
    return Hit(
        file.place(code, node),
        f"`{cls.name}` takes a file (`{field}`) but is built without `{request}.FILES`: what is uploaded gets lost",
        fixes=(Fix(f"Pass `{request}.FILES`", Safety.SAFE, (edit,)),),
        data={"form": cls.dotted, "field": field},
    )


def _is_bool(node: ir.Call) -> bool:
    data = node.args[0] if node.args else node.keyword("data")
    return isinstance(data, ir.Bool)


# --- in the template -------------------------------------------------------------------------------------


def _templates(file: FileContext, trace: Trace) -> Iterator[Hit]:
    """The forms of the templates that a trace renders."""
    for path in sorted(trace.modules):
        source = file.project.templates.at(path) if path not in file.project.modules else None
        if source is None or source.origin != "project" or not source.judged:
            continue
        lines = LineIndex(file.read(path) or "")
        for form in source.facts.forms:
            if form.close is not None and method_of(form) == "post" and form.enctype is None:
                found = _file_field(file, trace, source, form)
                text = lines.slice(source.range(form.at))
                if found is not None and text.endswith(">") and not _may_be_sent(text):
                    yield _not_sent(file, source, form, text, *found)


def _may_be_sent(text: str) -> bool:
    """Whether a start tag may get the attribute from somewhere, or JavaScript sends the form."""
    return is_scripted(text) or re.search(r"\{[{%]", start_tag(text)) is not None or "multipart" in text


def _file_field(
    file: FileContext, trace: Trace, source: TemplateSource, form: Form
) -> tuple[ClassInfo, str] | None:
    """The form class and the field for a file that stand in a form of a template."""
    code = TemplateCode(source)
    for node in nodes_in(source.facts, form):
        expression = node.value if isinstance(node, Output) else node.iter if isinstance(node, For) else None
        base = expression.base if expression is not None else None
        if not isinstance(base, Variable) or not base.lookups:
            continue
        value = trace.value(code, ir.Opaque(base.at + 1))
        if not isinstance(value, ObjectValue):
            continue
        fields = file_fields(file, value.cls)
        shown = base.lookups[1:]
        if isinstance(node, For):
            fields = fields if not shown or shown == ["visible_fields"] else []
        elif shown and shown[0] not in _WHOLE:
            fields = [name for name in fields if shown == [name]]
        if fields:
            return value.cls, fields[0]
    return None


def _not_sent(
    file: FileContext, source: TemplateSource, form: Form, text: str, cls: ClassInfo, field: str
) -> Hit:
    end = source.range(form.at).end
    before = Position(end.line, end.column - (2 if text.endswith("/>") else 1))
    edit = Edit(source.path, Range(before, before), ' enctype="multipart/form-data"')
    declared = Place(cls.module.path, cls.code.range(cls.node.bases[0] if cls.node.bases else cls.node))
    return Hit(
        Place(source.path, source.range(form.at)),
        f'This form holds a file (`{field}` of {cls.name}) but has no `enctype="multipart/form-data"`: the browser '
        "sends the file's name only",
        related=(Related("the form's class", declared),),
        fixes=(Fix("Send the form as multipart", Safety.SAFE, (edit,)),),
        data={"form": cls.dotted, "field": field, "relation": field},
    )
