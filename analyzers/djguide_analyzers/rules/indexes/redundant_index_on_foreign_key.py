"""A foreign key asks for the index it has anyway."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import remove_keyword
from djguide_analyzers.rules.fields import Declared, declared_fields, is_literal_true, keyword_node
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="`db_index=True` on a foreign key, which has an index by default",
    severity=Severity.INFO,
    safety=Safety.SAFE,
    tag="unnecessary",
)

_RELATION = "django.db.models.fields.related.ForeignKey"
_ONE_TO_ONE = "django.db.models.fields.related.OneToOneField"


def check(file: FileContext) -> Iterator[Hit]:
    for field in declared_fields(file):
        index = keyword_node(field.call, "db_index")
        if index is None or not is_literal_true(index.value):
            continue
        if not field.is_a(_RELATION) or field.is_a(_ONE_TO_ONE) or _has_other_default(file, field):
            continue
        edit = remove_keyword(file, field.code, field.call, index)
        yield Hit(
            file.place(field.code, index),
            f"`{field.name}` is a foreign key, which has an index by default; `db_index=True` adds nothing",
            fixes=(Fix("Remove `db_index=True`", Safety.SAFE, (edit,)),),
        )


def _has_other_default(file: FileContext, field: Declared) -> bool:
    """Whether the field's class decides about the index itself."""
    symbol = file.project.resolver.expr(field.code, field.call.func, field.cls)
    if not isinstance(symbol, ClassInfo):
        return True
    for base in file.project.resolver.mro(symbol):
        if isinstance(base, ClassInfo) and base.dotted == _RELATION:
            return False
        init = base.member("__init__") if isinstance(base, ClassInfo) else None
        if isinstance(init, FunctionInfo) and _names_index(init):
            return True
    return True


def _names_index(init: FunctionInfo) -> bool:
    if any(param.name == "db_index" for param in init.node.params.items):
        return True
    return any(
        (isinstance(node, ir.Const) and node.value == "db_index")
        or (isinstance(node, ir.Keyword) and node.name == "db_index")
        for node in walk(init.statements)
    )
