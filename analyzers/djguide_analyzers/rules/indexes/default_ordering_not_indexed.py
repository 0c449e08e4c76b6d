"""The default ordering of a listed model has no index."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.meta import Option, add_index, meta_option
from djguide_analyzers.rules.pagination import Paged, listed_models
from djguide_analyzers.rules.table_indexes import is_certain, table_indexes
from djguide_analyzers.trace.values import Query

RULE = Rule(
    summary="A listed model is sorted by a column without an index",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_UNFIT = frozenset({"TextField", "JSONField", "BooleanField", "NullBooleanField", "BinaryField"})
"""Fields over which a plain index is of little use."""


def check(file: FileContext) -> Iterator[Hit]:
    """Findings stand at the model, and are made where it is listed."""
    if file.is_test:
        return
    seen: set[str] = set()
    for paged in listed_models(file):
        if paged.model in seen or paged.option is not None or paged.order.link is not None:
            continue
        model = file.project.graph.get(paged.model)
        option = meta_option(file.project, model.cls, "ordering") if model is not None else None
        if model is None or option is None or option.code.module.origin != "project":
            continue
        seen.add(paged.model)
        field = _unindexed(file, model, paged)
        if field is not None:
            yield _hit(file, model, field, option, paged)


def _unindexed(file: FileContext, model: Model, paged: Paged) -> Field | None:
    """The column that the rows are sorted by first, if no index serves it."""
    if not paged.order.known or not paged.order.names or not is_certain(file.project, model):
        return None
    if paged.query is not None and _is_narrowed(paged.query):
        return None  # another column picks the rows
    field = model.fields.get(paged.order.names[0].lstrip("-+"))
    if field is None or field.kind != "column" or not field.local or not field.certain:
        return None
    if field.django_base is None or field.django_base in _UNFIT:
        return None
    if any(entry["expressions"] for entry in model.indexes):
        return None
    for index in table_indexes(file.project, model):
        if index.names and index.names[0] == field.name and index.cls == "btree":
            return None
    return field


def _is_narrowed(query: Query) -> bool:
    """Whether a relation or a filter leaves only some of the rows."""
    return query.origin is None or bool(query.filters) or any(link.name == "filter" for link in query.chain)


def _hit(file: FileContext, model: Model, field: Field, option: Option, paged: Paged) -> Hit:
    code = option.code
    home = file if code.module.path == file.path else file.sibling(code.module)
    first = paged.order.names[0].removeprefix("+")
    title = f'Add an index over "{first}" (creates a migration)'
    edits = add_index(home, option.owner, [first])
    listed = paged.where or paged.place
    fix = Fix(title, Safety.MANUAL) if edits is None else Fix(title, Safety.REVIEW, edits)
    return Hit(
        Place(code.module.path, code.range(option.expr)),
        f"Lists of {model.name} are sorted by `{field.name}`, which has no index: the database sorts all rows for "
        "each page",
        access=listed,
        related=(Related("listed here", listed),),
        fixes=(fix,),
        data={"model": model.label, "relation": field.name},
    )
