"""An admin list joins all foreign keys but the nullable ones."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.literals import Written, texts
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.trace.frameworks.admin import is_forward_one, is_model_admin, registered

RULE = Rule(
    summary="`list_select_related = True` joins every foreign key but those that may be null",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check(file: FileContext) -> Iterator[Hit]:
    for cls in file.classes():
        value = cls.member("list_select_related")
        if (
            not isinstance(value, Value)
            or not isinstance(value.expr, ir.Const)
            or value.expr.value is not True
        ):
            continue
        if not is_model_admin(file.project, cls):
            continue
        shown = _shown_relations(file, cls)
        title = "Name the relations that the list shows"
        fix = Fix(title, Safety.MANUAL)
        if shown is not None:
            listed = ", ".join(f'"{name}"' for name in shown)
            text = f"({listed},)" if len(shown) == 1 else f"({listed})" if shown else "False"
            fix = Fix(title, Safety.REVIEW, (replace(file, value.code.range(value.expr), text),))
        yield Hit(
            file.place(value.code, value.expr),
            "`True` joins all foreign keys that cannot be null, whether the list shows them or not, and none that "
            "can; Django 6.1 deprecates it",
            fixes=(fix,),
        )


def _shown_relations(file: FileContext, cls: ClassInfo) -> list[str] | None:
    """The foreign keys in ``list_display``; None where its other columns may read any."""
    models = registered(file.project).get(cls, [])
    display = file.project.resolver.class_attribute(cls, "list_display")
    if len(models) != 1 or display is None or not isinstance(display[1], Value) or display[1].expr is None:
        return None
    listed = texts(file.project.resolver, Written(display[1].expr, display[1].code, display[0]))
    if listed is None:
        return None
    names = [text.value for text in listed]
    if not all(_is_column(models[0], name) for name in names):
        return None
    return [name for name in names if is_forward_one(models[0], name)]


def _is_column(model: Model, name: str) -> bool:
    field = model.fields.get(name)
    return field is not None and field.kind in ("column", "fk", "o2o")
