"""Nobody gives a new row the owner that its table asks for."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoint_permissions import view_permissions
from djguide_analyzers.project.endpoints import Endpoint, view_serializers
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.serializer_models import defaults_of
from djguide_analyzers.project.serializers import Serializer, describe_serializer
from djguide_analyzers.rules.api_views import is_abstract, own_endpoints, saves_with
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.owners import is_owner
from djguide_analyzers.rules.places import line_end, name_place

RULE = Rule(
    summary="A new row is stored without the owner that its table requires",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_HOOKS = ("create", "save", "validate", "to_internal_value", "__init__", "get_fields")


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        if not endpoint.is_generic or not endpoint.certain or is_abstract(file.project, endpoint):
            continue
        if not _creates(endpoint) or not endpoint.is_default("get_serializer"):
            continue
        serializer = _serializer(file.project, endpoint)
        if serializer is None or serializer.model is None or _has_hooks(file.project, serializer.model):
            continue
        missing = [
            field for field in _required(file.project, serializer.model) if not _is_given(serializer, field)
        ]
        missing = [field for field in missing if not _is_passed(endpoint, field)]
        if missing:
            yield _hit(file, endpoint, serializer.model, missing)


def _creates(endpoint: Endpoint) -> bool:
    return any(action.name in ("create", "post") and action.function is None for action in endpoint.actions)


def _serializer(project: Project, endpoint: Endpoint) -> Serializer | None:
    """The one serializer that makes new rows, when nothing in it can add columns."""
    used, certain = view_serializers(project, endpoint)
    if not certain or len(used) != 1:
        return None
    found = describe_serializer(project, used[0])
    if found is None or not found.is_model or not found.certain or any(found.may_define(h) for h in _HOOKS):
        return None
    return found


def _has_hooks(project: Project, model: Model) -> bool:
    """Whether saving may fill in columns: a ``save()`` of its own, or signals."""
    for name in ("save", "save_base", "__init__", "full_clean"):
        found = project.resolver.class_attribute(model.cls, name)
        if found is None or not found[0].module.name.startswith("django.db."):
            return True
    return _has_receivers(project)


def _has_receivers(project: Project) -> bool:
    """Whether the project listens to ``pre_save`` anywhere at all."""
    return any("pre_save" in module.symbols.names for module in project.modules.values())


def _required(project: Project, model: Model) -> Iterator[Field]:
    """Forward keys to users without which a row cannot be stored."""
    for field in model.fields.values():
        if field.is_forward_one and is_owner(project, field) and not field.null and field.certain:
            _, required = defaults_of(project, field)
            has_default = field.call is None or any(
                keyword.name in ("default", "db_default", None) for keyword in field.call.keywords
            )
            if not has_default and required is not None and not field.parent_link:
                yield field


def _is_given(serializer: Serializer, field: Field) -> bool:
    """Whether the serializer stores the key: sent by clients, or hidden with a default."""
    for each in serializer.fields:
        if each.source[:1] in ((field.name,), (field.attname,)) and each.read_only is not True:
            return True
        if each.kind == "hidden" and each.name in (field.name, field.attname):
            return True
        has_default = each.call is not None and each.call.keyword("default") is not None
        if has_default and each.source[:1] == (field.name,):
            return True
    options = (serializer.extra_kwargs or {}).get(field.name) or {}
    return serializer.extra_kwargs is None or "default" in options


def _is_passed(endpoint: Endpoint, field: Field) -> bool:
    """Whether ``perform_create`` passes the key to ``save()``, or does something else that is not known."""
    if endpoint.is_default("perform_create"):
        return False
    info = endpoint.method("perform_create")
    if info is None:
        return True
    calls = saves_with(info)
    plain = [call for call in calls if not call.args and not call.keywords]
    return len(calls) != 1 or not plain or _does_more(info)


def _does_more(info: FunctionInfo) -> bool:
    return any(isinstance(node, (ir.Attr, ir.Subscript)) and _is_data(node) for node in walk(info.statements))


def _is_data(node: ir.Attr | ir.Subscript) -> bool:
    return isinstance(node, ir.Attr) and node.name in ("validated_data", "instance", "initial_data")


def _hit(file: FileContext, endpoint: Endpoint, model: Model, missing: list[Field]) -> Hit:
    names = " and ".join(f"`{field.name}`" for field in missing)
    return Hit(
        name_place(file, endpoint.cls.code, endpoint.cls.node),
        f"`{endpoint.cls.name}` creates `{model.name}` rows without their {names}: the serializer does not take it "
        "and nothing passes it to `save()`, so each POST fails with an IntegrityError",
        fixes=(_fix(file, endpoint, missing),),
    )


def _fix(file: FileContext, endpoint: Endpoint, missing: list[Field]) -> Fix:
    title = f"Pass `{missing[0].name}` to `save()`"
    entries = view_permissions(file.project, endpoint).entries or ()
    signed_in = any(entry.library in ("IsAuthenticated", "IsAdminUser") for entry in entries)
    body = endpoint.cls.node.body
    if len(missing) != 1 or not signed_in or not endpoint.is_default("perform_create") or not body:
        return Fix(title, Safety.MANUAL)
    start, end = endpoint.cls.code.range(body[0]).start, endpoint.cls.code.range(body[-1]).end
    indent = file.lines.line(start.line)[: start.column]
    if indent.strip() or not indent:
        return Fix(title, Safety.MANUAL)
    text = (
        f"\n\n{indent}def perform_create(self, serializer):\n"
        f"{indent}{indent}serializer.save({missing[0].name}=self.request.user)"
    )
    return Fix(title, Safety.REVIEW, (insert(file, line_end(file, end), text),))
