"""``fields = "__all__"`` or ``exclude`` on a model with columns that nobody should see."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.endpoint_permissions import view_permissions
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.serializers import Serializer, SerializerField, meta_option
from djguide_analyzers.rules.api_serializers import own_serializers, rendered, stands_in
from djguide_analyzers.rules.api_views import is_for_staff, users_of, words
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary='`fields = "__all__"` or `exclude` hands out columns such as passwords and tokens',
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_SECRETS = frozenset(
    {
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "otp",
        "ssn",
        "cvv",
        "cvc",
        "credential",
        "credentials",
    }
)
_KEYS = tuple((kind, "key") for kind in ("api", "private", "secret", "access", "signing"))
_HASHES = (("password", "hash"), ("token", "hash"), ("secret", "hash"))
_FLAGS = frozenset({"is_staff", "is_superuser"})
_KEPT = frozenset({"credential", "credentials", "secret", "secrets", "vault"})
_ABOUT = frozenset(
    {
        "count", "expires", "expiry", "type", "created", "date", "at", "on", "changed", "url", "name", "max", "min",
        "length", "limit", "used", "has", "is", "requires", "require", "total",
    }
)  # fmt: skip
_TEXT = frozenset({"CharField", "TextField", "UUIDField", "BinaryField", "SlugField", "JSONField", None})


def check(file: FileContext) -> Iterator[Hit]:
    for serializer in own_serializers(file):
        written = _option(file, serializer)
        if written is None or serializer.may_define("to_representation") or not serializer.certain:
            continue
        secrets = [field for field in serializer.fields if _is_secret(field)]
        if not secrets or _is_fine(file, serializer, secrets) or _is_of_secrets(serializer):
            continue
        yield _hit(file, serializer, written, secrets)


def _option(file: FileContext, serializer: Serializer) -> Written | None:
    """The open-ended option, if `serializer` has it in its own body."""
    name = "fields" if serializer.all_fields else "exclude" if serializer.exclude is not None else None
    written = meta_option(file.project, serializer, name) if name is not None else None
    return written if stands_in(written, serializer.cls) else None


def _is_secret(field: SerializerField) -> bool:
    """Whether a column goes out that hardly anybody may see."""
    if field.kind != "column" or field.write_only is not False or field.model_field is None:
        return False
    name = field.model_field.name
    if name in _FLAGS:
        return True
    if field.model_field.django_base not in _TEXT:
        return False
    parts = words(name)
    if parts[-1] in _SECRETS:
        return not _ABOUT.intersection(parts)
    return tuple(parts[-2:]) in (*_KEYS, *_HASHES) and not _ABOUT.intersection(parts) and parts[0] != "public"


def _is_fine(file: FileContext, serializer: Serializer, secrets: list[SerializerField]) -> bool:
    """Whether only flags go out, and to staff only, or through no view."""
    if any(field.name not in _FLAGS for field in secrets):
        return False
    users = [endpoint for endpoint, _ in users_of(file, serializer)]
    return all(is_for_staff(view_permissions(file.project, user)) for user in users)


def _is_of_secrets(serializer: Serializer) -> bool:
    """Whether the model is one of secrets, which nobody would ask for without wanting them."""
    return serializer.model is not None and not _KEPT.isdisjoint(words(serializer.model.name))


def _hit(file: FileContext, serializer: Serializer, written: Written, secrets: list[SerializerField]) -> Hit:
    names = ", ".join(f"`{field.name}`" for field in secrets)
    title = "List the fields" if serializer.all_fields else "List the fields instead"
    edit = _edit(file, serializer, written, {field.name for field in secrets})
    fix = Fix(title + f", {names} left out", Safety.REVIEW, (edit,)) if edit else Fix(title, Safety.MANUAL)
    what = '`fields = "__all__"`' if serializer.all_fields else "`exclude`"
    return Hit(
        file.place(written.code, written.node),
        f"{what} hands out {names} of every row, and whatever column the model gets next",
        fixes=(fix,),
    )


def _edit(file: FileContext, serializer: Serializer, written: Written, secrets: set[str]) -> Edit | None:
    if written.code.module.path != file.path:
        return None
    names = rendered(field.name for field in serializer.fields if field.name not in secrets)
    if serializer.all_fields:
        return replace(file, written.code.range(written.node), names)
    assert written.owner is not None
    for statement in written.owner.node.body:
        match statement:
            case ir.Assign(targets=[ir.Name(id="exclude")], value=value) if value is written.node:
                return replace(file, written.code.range(statement), f"fields = {names}")
    return None
