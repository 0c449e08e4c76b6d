"""A partial save leaves the time of the last change as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.comments import comments
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.fields import is_literal_true
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.model_classes import nodes_within, reached, targets
from djguide_analyzers.rules.new_rows import is_just_made
from djguide_analyzers.rules.partial_saves import PartialSave, partial_saves
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary="`save(update_fields=…)` leaves out the column with `auto_now`",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
    default=False,
)

_TIMES = frozenset({"DateField", "DateTimeField", "TimeField"})
_NUMBERS = ("IntegerField", "BigIntegerField", "SmallIntegerField", "PositiveIntegerField",
            "PositiveBigIntegerField", "PositiveSmallIntegerField")  # fmt: skip
_AMOUNTS = ("FloatField", "DecimalField")
_COUNTERS = frozenset(
    {"count", "counter", "counts", "views", "hits", "attempts", "tries", "retries", "clicks", "downloads", "visits",
     "seen", "uses", "usages", "failures", "progress", "position", "order", "rank"}
)  # fmt: skip

_HAPPENINGS = re.compile(r"activity|seen|login|logged|access|visit")
"""What columns are named for that tell when something else happened than a change of the row."""


def check(file: FileContext) -> Iterator[Hit]:
    # In a migration the model is as old as the migration is, and its rows are not changed by anybody.
    left_out = file.is_test or "/migrations/" in file.path
    for save in () if left_out else partial_saves(file):
        if save.listed is None or _is_bookkeeping(save) or _is_of_new_row(save):
            continue
        missing = [field for field in _auto_now(save.model) if field.name not in save.columns]
        if missing and not _adds_columns(file, save.model) and not _is_on_purpose(file, save, missing):
            yield _hit(file, save, save.listed, missing)


def _hit(file: FileContext, save: PartialSave, listed: ir.Display, missing: list[Field]) -> Hit:
    names = ", ".join(f"`{field.name}`" for field in missing)
    edits = _edits(file, save, listed, missing)
    related = [
        Related(
            f"`{field.name}` is declared here", Place(field.code.module.path, field.code.range(field.node))
        )
        for field in missing
        if field.code is not None
        and field.node is not None
        and field.code.module.path in file.project.modules
    ]
    return Hit(
        file.place(save.code, save.node),
        f"This save stores only the columns it names: {names} keeps the time of an earlier change",
        related=tuple(related),
        fixes=(Fix(f"Store {names} as well", Safety.REVIEW, edits),),
    )


def _edits(
    file: FileContext, save: PartialSave, listed: ir.Display, missing: list[Field]
) -> tuple[Edit, ...]:
    last = save.code.range(listed.items[-1])
    before = file.lines.line(last.start.line)[: last.start.column]
    separator = ", " if before.strip() else f",\n{before}"
    return (insert(file, last.end, "".join(f'{separator}"{field.name}"' for field in missing)),)


def _auto_now(model: Model) -> list[Field]:
    """The model's columns with ``auto_now``."""
    return [
        field
        for field in model.fields.values()
        if field.django_base in _TIMES
        and field.call is not None
        and is_literal_true(field.call.keyword("auto_now"))
        and field.local
        and not _HAPPENINGS.search(field.name)
    ]


def _is_of_new_row(save: PartialSave) -> bool:
    """Whether the row was made by the same function, so that the time is that of its creation anyway."""
    info = save.scope.function
    row = save.node.func.value if isinstance(save.node.func, ir.Attr) else None
    if info is None or row is None or save.code.body != info.body_code.body:
        return False
    return is_just_made(save.scope, save.code, info.statements, row, save.node)


def _is_on_purpose(file: FileContext, save: PartialSave, missing: list[Field]) -> bool:
    """Whether a comment at the save, or on the lines above it, speaks of what is left out."""
    range_ = save.code.range(save.node)
    first = range_.start.line
    while first and file.lines.line(first - 1).lstrip().startswith("#"):
        first -= 1
    lines = [file.lines.line(number) for number in range(first, range_.end.line + 1)]
    said = " ".join(comments("".join(lines)))
    return any(field.name in said for field in missing)


def _is_bookkeeping(save: PartialSave) -> bool:
    """Whether only times and counters are stored, which are no change of the row itself."""
    fields = [save.model.fields.get(name) or save.model.field_of_attname(name) for name in save.columns]
    return all(field is not None and _counts(save, field) for field in fields)


def _counts(save: PartialSave, field: Field) -> bool:
    if field.django_base in _TIMES:
        return True
    if field.django_base not in _NUMBERS and field.django_base not in _AMOUNTS:
        return False
    if field.name.rpartition("_")[2] in _COUNTERS or field.name.startswith(("num_", "total_", "n_")):
        return True
    return any(
        isinstance(target, ir.Attr) and target.name == field.name and _adds(node, field.name)
        for node in (node for kind in (ir.AugAssign, ir.Assign) for node, _ in save.scope.nodes(kind))
        for target in targets(node)
    )


def _adds(node: ir.Node, name: str) -> bool:
    """Whether a statement counts on from what the attribute `name` was."""
    value = node.value if isinstance(node, ir.Assign) else None
    return isinstance(node, ir.AugAssign) or (
        isinstance(value, ir.Binary)
        and value.op in ("+", "-")
        and any(isinstance(part, ir.Attr) and part.name == name for part in walk(value))
    )


def _adds_columns(file: FileContext, model: Model) -> bool:
    """Whether the model's ``save()`` looks at ``update_fields``, and perhaps adds to it."""
    for info in reached(file.project, model.cls, ["save"]):
        for node, _ in nodes_within(info):
            if isinstance(node, ir.Const) and node.value == "update_fields":
                return True
            if isinstance(node, (ir.Name, ir.Keyword)):
                name = node.id if isinstance(node, ir.Name) else node.name
                if name == "update_fields":
                    return True
    return False
