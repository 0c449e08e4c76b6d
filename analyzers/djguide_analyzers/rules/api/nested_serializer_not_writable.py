"""A writable nested serializer that nobody writes."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.endpoints import Endpoint
from djguide_analyzers.project.serializers import Serializer, SerializerField
from djguide_analyzers.rules.api_serializers import judges, own_serializers, read_only_edit
from djguide_analyzers.rules.api_views import saves_with, users_of
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.places import name_place

RULE = Rule(
    summary="A nested serializer can be written, and nothing writes it",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_WRITERS = {
    "create": (("create", "post"), "perform_create"),
    "update": (("update", "partial_update", "put", "patch"), "perform_update"),
}
"""The methods of a serializer, with the actions that lead to them and the view's hook in between."""


def check(file: FileContext) -> Iterator[Hit]:
    for serializer in own_serializers(file):
        if not serializer.is_model or not serializer.certain or serializer.may_define("save"):
            continue
        nested = [
            field
            for field in serializer.fields
            if _is_writable(serializer, field) and not judges(serializer, field)
        ]
        if not nested:
            continue
        for method in _WRITERS:
            if serializer.may_define(method):
                continue
            user = next((e for e, only in users_of(file, serializer) if only and _writes(e, method)), None)
            if user is not None:
                for field in nested:
                    yield _hit(file, field, user, method)
                break


def _is_writable(serializer: Serializer, field: SerializerField) -> bool:
    """Whether a nested serializer takes input for a relation that the framework refuses to write."""
    if field.kind != "nested" or field.read_only is not False or len(field.source) != 1 or not field.certain:
        return False
    if field.owner is not serializer.cls:
        return False
    related = field.model_field is not None and field.model_field.kind in ("fk", "o2o", "m2m")
    return related or field.reverse is not None


def _writes(endpoint: Endpoint, method: str) -> bool:
    """Whether an endpoint surely calls the serializer's `method` with what clients send."""
    if not endpoint.certain:
        return False
    names, hook = _WRITERS[method]
    actions = [action for action in endpoint.actions if action.name in names]
    for action in actions:
        if action.function is None:
            if endpoint.is_default(hook):
                return True
            own = endpoint.method(hook)
            if own is not None and saves_with(own):
                return True
    return False


def _hit(file: FileContext, field: SerializerField, user: Endpoint, method: str) -> Hit:
    assert field.code is not None
    assert field.call is not None
    home = file if user.cls.module is file.module else file.sibling(user.cls.module)
    title = "Make it read-only"
    edit = read_only_edit(file, field)
    fix = Fix(title, Safety.REVIEW, (edit,)) if edit is not None else Fix(title, Safety.MANUAL)
    return Hit(
        file.place(field.code, field.call),
        f"`{field.name}` is sent by clients and written by nobody: `{method}()` of a ModelSerializer refuses "
        "nested data with an AssertionError",
        related=(Related(f"`{user.cls.name}` calls it", name_place(home, user.cls.code, user.cls.node)),),
        fixes=(fix,),
    )
