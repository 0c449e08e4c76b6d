"""An index over a column of two values."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.fields import declared_fields, is_literal, is_literal_true, keyword_node
from djguide_analyzers.rules.finding import Fix, Place, Safety, Severity
from djguide_analyzers.rules.meta import model_classes
from djguide_analyzers.rules.model_classes import column
from djguide_analyzers.rules.table_indexes import table_indexes

RULE = Rule(
    summary="An index on a boolean column alone, which the database rarely uses",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_BOOLEAN = "django.db.models.fields.BooleanField"


def check(file: FileContext) -> Iterator[Hit]:
    for declared in declared_fields(file):
        index = keyword_node(declared.call, "db_index")
        if index is not None and is_literal_true(index.value) and declared.is_a(_BOOLEAN):
            unique = declared.call.keyword("unique")
            field = column(file.project.graph, declared.cls, declared.name)
            if (unique is None or is_literal(unique, False)) and field is not None and _has_two_values(field):
                yield _hit(file.place(declared.code, index), declared.name)
    for cls in model_classes(file):
        yield from _declared_in_meta(file, cls)


def _declared_in_meta(file: FileContext, cls: ClassInfo) -> Iterator[Hit]:
    graph = file.project.graph
    model = graph.of_class(cls) or graph.abstract_models.get(cls)
    if model is None:
        return
    for index in table_indexes(file.project, model):
        if index.unique or not index.plain or len(index.columns) != 1 or index.owner is not cls:
            continue
        if index.kind not in ("index", "together") or index.code is None or index.node is None:
            continue
        field = model.fields.get(index.names[0])
        if field is not None and field.django_base == "BooleanField" and _has_two_values(field):
            yield _hit(file.place(index.code, index.node), field.name)


def _has_two_values(field: Field) -> bool:
    """Whether each row certainly has one of two values: where most are NULL, the index finds the few others."""
    return field.sure("null", "unique", "db_index") and not field.null


def _hit(place: Place, name: str) -> Hit:
    return Hit(
        place,
        f"`{name}` has two values, and an index on it alone seldom helps: for a value that many rows share the "
        "database reads the table instead; a partial index for the rare value stays small and is used",
        fixes=(
            Fix(
                f"Index what is looked up among the rare rows: Index(fields=[...], condition=Q({name}=...))",
                Safety.MANUAL,
            ),
        ),
    )
