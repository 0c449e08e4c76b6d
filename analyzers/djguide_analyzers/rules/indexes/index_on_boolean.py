"""An index over a column of two values."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.fields import declared_fields, is_literal_true, keyword_node
from djguide_analyzers.rules.finding import Fix, Place, Safety, Severity
from djguide_analyzers.rules.meta import model_classes
from djguide_analyzers.rules.table_indexes import table_indexes

RULE = Rule(
    summary="An index on a boolean column alone, which the database rarely uses",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_BOOLEAN = "django.db.models.fields.BooleanField"


def check(file: FileContext) -> Iterator[Hit]:
    for field in declared_fields(file):
        index = keyword_node(field.call, "db_index")
        if index is not None and is_literal_true(index.value) and field.is_a(_BOOLEAN):
            unique = field.call.keyword("unique")
            if unique is None or (isinstance(unique, ir.Const) and unique.value is False):
                yield _hit(file.place(field.code, index), field.name)
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
        if field is not None and field.django_base in ("BooleanField", "NullBooleanField"):
            yield _hit(file.place(index.code, index.node), field.name)


def _hit(place: Place, name: str) -> Hit:
    return Hit(
        place,
        f"An index on `{name}` alone has two values: half of the table is behind each, so the database reads "
        "the table instead; a partial index for the rare value stays small and is used",
        fixes=(
            Fix(
                f"Index what is looked up among the rare rows: Index(fields=[...], condition=Q({name}=...))",
                Safety.MANUAL,
            ),
        ),
    )
