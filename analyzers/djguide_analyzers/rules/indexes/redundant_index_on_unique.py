"""A unique column is indexed once more."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import remove_keyword
from djguide_analyzers.rules.fields import declared_fields, is_literal_true, keyword_node
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="`db_index=True` on a column that is unique or the primary key",
    severity=Severity.INFO,
    safety=Safety.SAFE,
    tag="unnecessary",
)

_RELATION = "django.db.models.fields.related.ForeignKey"


def check(file: FileContext) -> Iterator[Hit]:
    for field in declared_fields(file):
        index = keyword_node(field.call, "db_index")
        if index is None or not is_literal_true(index.value) or field.is_a(_RELATION):
            continue
        why = next(
            (name for name in ("primary_key", "unique") if is_literal_true(field.call.keyword(name))), None
        )
        if why is None:
            continue
        edit = remove_keyword(file, field.code, field.call, index)
        yield Hit(
            file.place(field.code, index),
            f"`{field.name}` has an index already through `{why}=True`; `db_index=True` adds nothing",
            fixes=(Fix("Remove `db_index=True`", Safety.SAFE, (edit,)),),
        )
