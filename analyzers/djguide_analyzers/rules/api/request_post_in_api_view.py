"""``request.POST`` in an API view, which is empty for JSON."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoint_permissions import api_setting
from djguide_analyzers.project.endpoints import Endpoint
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.rest_framework import dotted_name, library_name
from djguide_analyzers.project.settings_values import Missing
from djguide_analyzers.rules.api_views import own_endpoints, own_functions
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="`request.POST` in an API view is empty for JSON",
    severity=Severity.INFO,
    safety=Safety.SAFE,
)

_FORMS = frozenset({"FormParser", "MultiPartParser", "FileUploadParser"})
_SAME = frozenset({"get", "items", "keys", "values", "copy"})


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        if _takes_forms_only(file, endpoint.written("parser_classes")) or not _default_is_open(
            file, endpoint
        ):
            continue
        for info in endpoint.cls.methods():
            yield from _check(file, info)
    for view in own_functions(file):
        decorator = view.decorators.get("parser_classes")
        node = decorator.args[0] if isinstance(decorator, ir.Call) and decorator.args else None
        if node is None or not _takes_forms_only(file, Written(node, view.function.code)):
            yield from _check(file, view.function)


def _takes_forms_only(file: FileContext, written: Written | None) -> bool:
    """Whether a view takes forms, or something that cannot be told."""
    if written is None:
        return False
    if not isinstance(written.node, ir.Display):
        return True
    names = [
        library_name(dotted_name(file.project.resolver, written.code, item, written.owner))
        for item in written.node.items
    ]
    return None in names or all(name in _FORMS for name in names)


def _default_is_open(file: FileContext, endpoint: Endpoint) -> bool:
    """Whether JSON is read: by the view's own parsers, or by the framework's default ones."""
    if not endpoint.is_default("parser_classes"):
        return endpoint.written("parser_classes") is not None
    if not endpoint.is_default("get_parsers") or not endpoint.is_default("initialize_request"):
        return False
    value = api_setting(file.project, "DEFAULT_PARSER_CLASSES")
    if value is None:
        return False
    return isinstance(value.only, Missing) or any("JSON" in str(o) for o in value.alternatives)


def _check(file: FileContext, info: FunctionInfo) -> Iterator[Hit]:
    if any(isinstance(node, ir.Attr) and node.name == "FILES" for node in walk(info.statements)):
        return  # files come with forms only
    names = {param.name for param in info.node.params.items}
    parents = {
        child.at: parent
        for parent in walk(info.statements)
        for child in (getattr(parent, "value", None), getattr(parent, "func", None))
        if isinstance(child, ir.Attr)
    }
    for node in walk(info.statements):
        if isinstance(node, ir.Attr) and node.name == "POST" and _is_request(node.value, names):
            yield _post(file, info, node, parents)
        elif isinstance(node, ir.Call) and _loads_body(file, info, node, names):
            request = node.args[0]
            assert isinstance(request, ir.Attr)
            text = f"{file.text(info.body_code, request.value)}.data"
            edit = replace(file, info.body_code.range(node), text)
            yield Hit(
                file.place(info.body_code, node),
                "The body is parsed by hand here: `request.data` holds it parsed, whatever its content type, and "
                "answers malformed bodies with 400",
                fixes=(Fix("Use `request.data`", Safety.REVIEW, (edit,)),),
            )


def _is_request(node: ir.Expr, names: set[str]) -> bool:
    match node:
        case ir.Name(id="request"):
            return "request" in names
        case ir.Attr(value=ir.Name(id="self"), name="request"):
            return "self" in names
    return False


def _loads_body(file: FileContext, info: FunctionInfo, call: ir.Call, names: set[str]) -> bool:
    match call:
        case ir.Call(args=[ir.Attr(name="body", value=value)], keywords=[]) if _is_request(value, names):
            return dotted_name(file.project.resolver, info.body_code, call.func) == "json.loads"
    return False


def _post(file: FileContext, info: FunctionInfo, node: ir.Attr, parents: dict[int, ir.Node]) -> Hit:
    parent = parents.get(node.at)
    same = isinstance(parent, ir.Subscript) or (isinstance(parent, ir.Attr) and parent.name in _SAME)
    edit = replace(file, info.body_code.name_range(node), "data")
    title = "Use `request.data`"
    fix = Fix(title, Safety.SAFE, (edit,)) if same else Fix(title, Safety.MANUAL)
    return Hit(
        file.place(info.body_code, node),
        "`request.POST` holds forms only: what clients of an API send as JSON is in `request.data`",
        fixes=(fix,),
    )
