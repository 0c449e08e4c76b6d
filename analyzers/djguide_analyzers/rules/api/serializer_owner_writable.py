"""Clients may send the owner of a row."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.endpoint_permissions import view_permissions
from djguide_analyzers.project.endpoints import Endpoint
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.serializers import Serializer, SerializerField, meta_option
from djguide_analyzers.rules.api_serializers import own_serializers, stands_in
from djguide_analyzers.rules.api_views import is_for_staff, mentions_text, saves_with, users_of
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.owners import is_owner
from djguide_analyzers.rules.places import name_place

RULE = Rule(
    summary="Clients can choose whose row they write",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_CREATING = ("create", "post")
_UPDATING = ("update", "partial_update", "put", "patch")
_HOOKS = (
    "validate",
    "create",
    "update",
    "save",
    "__init__",
    "to_internal_value",
    "get_fields",
    "run_validation",
)


def check(file: FileContext) -> Iterator[Hit]:
    for serializer in own_serializers(file):
        if not serializer.is_model or not serializer.certain:
            continue
        for field in serializer.fields:
            owner = field.model_field
            if owner is None or len(field.source) != 1 or field.kind not in ("key", "hyperlink", "slug"):
                continue
            if field.read_only is not False or not is_owner(file.project, owner):
                continue
            if _is_handled(serializer, field) or not _stands_here(file, serializer, field):
                continue
            user = next((e for e, _ in users_of(file, serializer) if _accepts(file, e, owner)), None)
            if user is not None:
                yield _hit(file, serializer, field, user)


def _is_handled(serializer: Serializer, field: SerializerField) -> bool:
    """Whether the serializer looks at what is sent, or may."""
    if serializer.may_define(f"validate_{field.name}"):
        return True
    for hook in _HOOKS:
        if not serializer.may_define(hook):
            continue
        info = serializer.method(hook)
        if info is None or mentions_text(info, field.name) or mentions_text(info, field.source[0]):
            return True
    return False


def _stands_here(file: FileContext, serializer: Serializer, field: SerializerField) -> bool:
    """Whether this class brings the field in, and no base class."""
    if field.declared:
        return field.owner is serializer.cls
    option = "fields" if serializer.names is not None or serializer.all_fields else "exclude"
    return stands_in(meta_option(file.project, serializer, option), serializer.cls) or stands_in(
        meta_option(file.project, serializer, "model"), serializer.cls
    )


def _accepts(file: FileContext, endpoint: Endpoint, owner: Field) -> bool:
    """Whether clients who are no staff can get an owner of their choice stored through an endpoint."""
    if not endpoint.certain or is_for_staff(view_permissions(file.project, endpoint)) is not False:
        return False
    return _lets_through(endpoint, _CREATING, "perform_create", owner) or _lets_through(
        endpoint, _UPDATING, "perform_update", owner
    )


def _lets_through(endpoint: Endpoint, names: tuple[str, ...], hook: str, owner: Field) -> bool:
    for action in endpoint.actions:
        if action.name not in names:
            continue
        info = action.function
        if info is None:
            if endpoint.is_default(hook):
                return True
            info = endpoint.method(hook)
        if info is not None and _saves_as_sent(info, owner):
            return True
    return False


def _saves_as_sent(info: FunctionInfo, owner: Field) -> bool:
    """Whether a method saves the serializer and says nothing about the owner."""
    if mentions_text(info, owner.name) or mentions_text(info, owner.attname):
        return False
    calls = saves_with(info)
    return bool(calls) and not any(_is_open(call) for call in calls)


def _is_open(call: ir.Call) -> bool:
    return any(keyword.name is None for keyword in call.keywords)


def _hit(file: FileContext, serializer: Serializer, field: SerializerField, user: Endpoint) -> Hit:
    place = Place(user.cls.module.path, user.cls.code.range(user.cls.node))
    if user.cls.module.path == file.path:
        place = name_place(file, user.cls.code, user.cls.node)
    else:
        place = name_place(file.sibling(user.cls.module), user.cls.code, user.cls.node)
    return Hit(
        _place(file, serializer, field),
        f"Clients can send `{field.name}` and so write in the name of somebody else: make it read-only and take it "
        "from the request",
        related=(Related(f"`{user.cls.name}` lets them", place),),
        fixes=(Fix(f"Make `{field.name}` read-only, and pass it to `save()`", Safety.MANUAL),),
    )


def _place(file: FileContext, serializer: Serializer, field: SerializerField) -> Place:
    if field.declared and field.code is not None and field.call is not None:
        return file.place(field.code, field.call)
    if field.named is not None and field.named.written.code.module.path == file.path:
        return file.place(field.named.written.code, field.named.written.node)
    for option in ("fields", "exclude"):
        written = meta_option(file.project, serializer, option)
        if written is not None and written.code.module.path == file.path:
            return file.place(written.code, written.node)
    return name_place(file, serializer.cls.code, serializer.cls.node)
