"""A row is fetched by hand, so the view's object permissions never look at it."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoint_permissions import Permissions, permission_entries, view_permissions
from djguide_analyzers.project.endpoints import Action, Endpoint, queryset_model, view_model
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.project.rest_framework import dotted_name
from djguide_analyzers.project.serializers import model_of
from djguide_analyzers.rules.api_views import own_endpoints
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.places import line_end, line_start

RULE = Rule(
    summary="A row fetched by hand escapes the view's object permissions",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_SHORTCUTS = frozenset(
    {"django.shortcuts.get_object_or_404", "rest_framework.generics.get_object_or_404",
     "django.shortcuts.aget_object_or_404"}
)  # fmt: skip


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        permissions = view_permissions(file.project, endpoint)
        getter = endpoint.method("get_object")
        if getter is not None and getter.owner is endpoint.cls and permissions.look_at_objects() is True:
            yield from _own_getter(file, endpoint, getter)
        for action in endpoint.actions:
            info = action.function
            if info is None or info.owner is not endpoint.cls or action.detail is False:
                continue
            if _of_action(file, action, permissions).look_at_objects() is True:
                yield from _handler(file, endpoint, info)


def _of_action(file: FileContext, action: Action, permissions: Permissions) -> Permissions:
    written = action.overrides.get("permission_classes")
    if written is None or permissions.source == "code":
        return permissions
    return Permissions("view", permission_entries(file.project, written), written)


def _own_getter(file: FileContext, endpoint: Endpoint, info: FunctionInfo) -> Iterator[Hit]:
    """A ``get_object`` that does without the check."""
    if not _checks_objects(info):
        for call, code, _ in _fetches(file, info, view_model(file.project, endpoint)):
            yield _hit(file, code, call, "this `get_object()` leaves out `check_object_permissions()`", None)


def _handler(file: FileContext, endpoint: Endpoint, info: FunctionInfo) -> Iterator[Hit]:
    if _checks_objects(info):
        return
    model = view_model(file.project, endpoint)
    for call, code, keyed in _fetches(file, info, model):
        if not keyed:
            continue
        fix = _get_object_fix(file, endpoint, code, call) or _check_fix(file, info, code, call)
        yield _hit(file, code, call, "only `get_object()` and `check_object_permissions()` run them", fix)


def _checks_objects(info: FunctionInfo) -> bool:
    """Whether a method gets an object checked, by itself or by what it leaves to others."""
    for node in walk(info.statements):
        if isinstance(node, ir.Attr) and node.name in (
            "get_object", "check_object_permissions", "has_object_permission", "has_perm", "has_perms",
        ):  # fmt: skip
            return True
        if isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and _is_super(node.func.value):
            return True
    return False


def _is_super(node: ir.Expr) -> bool:
    return isinstance(node, ir.Call) and isinstance(node.func, ir.Name) and node.func.id == "super"


def _fetches(
    file: FileContext, info: FunctionInfo, model: Model | None
) -> Iterator[tuple[ir.Call, Code, bool]]:
    """Calls that fetch one row of the view's model (any if unknown), and whether by the route's key."""
    code = info.body_code
    for node in walk(info.statements):
        if not isinstance(node, ir.Call):
            continue
        source = _source(file, code, node)
        if source is None:
            continue
        found = _model(file, code, source)
        if found is None and not (model is not None and _is_own_queryset(source)):
            continue
        if _is_among_own(node):
            continue
        if model is None or found is None or found is model:
            yield node, code, _is_keyed(info, node)


def _is_among_own(call: ir.Call) -> bool:
    """Whether a row is looked for among those of the user who asks, which needs no other check."""
    return any(
        isinstance(part, ir.Attr) and part.name == "user"
        and isinstance(part.value, (ir.Attr, ir.Name))
        and (part.value.name if isinstance(part.value, ir.Attr) else part.value.id) == "request"
        for keyword in call.keywords
        for part in walk(keyword.value)
    )  # fmt: skip


def _source(file: FileContext, code: Code, call: ir.Call) -> ir.Expr | None:
    """What a row is fetched from, when `call` fetches one."""
    if dotted_name(file.project.resolver, code, call.func) in _SHORTCUTS and call.args:
        return call.args[0]
    if isinstance(call.func, ir.Attr) and call.func.name in ("get", "aget") and (call.args or call.keywords):
        return call.func.value if not isinstance(call.func.value, ir.Name) else None
    return None


def _model(file: FileContext, code: Code, source: ir.Expr) -> Model | None:
    written = Written(source, code)
    return model_of(file.project, written) or queryset_model(file.project, written)


def _is_own_queryset(source: ir.Expr) -> bool:
    """Whether it is ``self.get_queryset()`` or ``self.queryset``, refined or not."""
    return any(
        isinstance(node, ir.Attr)
        and node.name in ("get_queryset", "queryset")
        and isinstance(node.value, ir.Name)
        and node.value.id == "self"
        for node in walk(source)
    )


def _is_keyed(info: FunctionInfo, call: ir.Call) -> bool:
    """Whether the row is named by the route: a parameter of the handler, or ``self.kwargs``."""
    params = {param.name for param in info.node.params.items[2:]}
    arguments = [*call.args[1:], *call.keywords]
    for node in walk(arguments):
        if isinstance(node, ir.Name) and node.id in params:
            return True
        if isinstance(node, ir.Attr) and node.name == "kwargs":
            return True
    return False


def _get_object_fix(file: FileContext, endpoint: Endpoint, code: Code, call: ir.Call) -> Fix | None:
    """Fetch with ``get_object()``, where the row is looked up as that would."""
    lookup = "pk"
    written = endpoint.written("lookup_field")
    if written is not None and isinstance(written.node, ir.Const):
        lookup = str(written.node.value)
    keys = [k for k in call.keywords if k.name == lookup or (lookup == "pk" and k.name == "id")]
    if not endpoint.is_generic or len(call.keywords) != 1 or not keys or len(call.args) > 1:
        return None
    if not endpoint.is_default("lookup_url_kwarg") or (
        isinstance(call.func, ir.Attr) and call.func.name == "aget"
    ):
        return None
    edit = replace(file, code.range(call), "self.get_object()")
    return Fix("Fetch with `self.get_object()`", Safety.REVIEW, (edit,))


def _check_fix(file: FileContext, info: FunctionInfo, code: Code, call: ir.Call) -> Fix | None:
    """Check the permissions behind the statement that fetches the row."""
    request = info.node.params.items[1].name if len(info.node.params.items) > 1 else "self.request"
    for node in walk(info.statements):
        match node:
            case ir.Assign(targets=[ir.Name(id=name)], value=value) if value is call:
                start = line_start(file, code, node)
                if start is None:
                    return None
                line = f"\n{start[0]}self.check_object_permissions({request}, {name})"
                edit = insert(file, line_end(file, code.range(node).end), line)
                return Fix("Check the object permissions", Safety.REVIEW, (edit,))
    return None


def _hit(file: FileContext, code: Code, call: ir.Call, reason: str, fix: Fix | None) -> Hit:
    return Hit(
        file.place(code, call),
        f"The object permissions of this view never see the row fetched here: {reason}",
        fixes=(fix or Fix("Fetch with `self.get_object()`, or check the object permissions", Safety.MANUAL),),
    )
