"""A model has a table or a column that no migration makes."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.meta import class_place, model_classes
from djguide_analyzers.rules.migration_state import migrated_fields

RULE = Rule(
    summary="A model or a field has no migration that makes its table or column",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_KINDS = frozenset({"column", "fk", "o2o", "m2m"})


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or file.project.settings.is_set("MIGRATION_MODULES"):
        return
    for cls in model_classes(file):
        model = file.project.graph.of_class(cls)
        if model is None or not _has_table(model):
            continue
        state = migrated_fields(file, model)
        if state is None:
            continue
        fields = state.get(model.name.lower())
        if fields is None:
            yield Hit(
                class_place(file, cls),
                f"No migration of `{model.app_label}` creates {model.name}: where this is deployed its table "
                "will be missing",
                fixes=(_fix(model),),
            )
            continue
        for field in model.fields.values():
            if _is_own(cls, field) and field.name not in fields:
                assert field.code is not None and field.node is not None
                yield Hit(
                    file.place(field.code, field.node),
                    f"No migration of `{model.app_label}` adds `{field.name}` to {model.name}: where this is "
                    f"deployed {_missing(field)}",
                    fixes=(_fix(model),),
                )


def _has_table(model: Model) -> bool:
    """Whether Django certainly looks after the model's table."""
    if model.proxy or not model.managed or model.auto_created or not model.installed:
        return False
    return model.swappable is None and model.sure("installed", "managed", "proxy")


def _is_own(cls: ClassInfo, field: Field) -> bool:
    """Whether a field is declared in the class itself, and certainly belongs to the table."""
    if field.kind not in _KINDS or not field.local or field.owner is not cls or field.django_base is None:
        return False
    return field.sure() and field.node is not None and field.code is not None


def _missing(field: Field) -> str:
    if field.kind == "m2m":
        return "its table will be missing"
    return "its column will be missing, and every query for whole rows fails"


def _fix(model: Model) -> Fix:
    return Fix(f"Run `manage.py makemigrations {model.app_label}`", Safety.MANUAL)
