"""Which columns are indexed already, and over which an index would help."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.choices import static_choices
from djguide_analyzers.rules.table_indexes import TableIndex, is_certain, table_indexes
from djguide_analyzers.rules.usage_options import RawIndex

_PLAIN = frozenset(
    {"CharField", "EmailField", "URLField", "IntegerField", "BigIntegerField", "SmallIntegerField",
     "PositiveIntegerField", "PositiveBigIntegerField", "PositiveSmallIntegerField", "DecimalField", "FloatField",
     "DateField", "DateTimeField", "TimeField", "DurationField", "UUIDField", "GenericIPAddressField",
     "ForeignKey", "OneToOneField", "SlugField"}
)  # fmt: skip
_FLAGS = frozenset({"BooleanField", "NullBooleanField"})
_MARKERS = ("is_", "has_")
_REMOVED = frozenset(
    {"deleted", "deleted_at", "deleted_on", "archived", "archived_at", "archived_on", "removed_at"}
)
_FEW_CHOICES = 8
_SMALL_TABLES = (
    "Config", "Configuration", "Setting", "Settings", "Preferences", "Type", "Kind", "Country", "Currency",
    "Language", "Locale", "Timezone",
)  # fmt: skip


class Indexes:
    """The indexes of a project's tables, those that migrations make in SQL included."""

    def __init__(self, project: Project, raw: Iterable[RawIndex]) -> None:
        self._project = project
        self._raw = list(raw)
        self._tables: dict[str, Table] = {}

    def of(self, model: Model) -> Table:
        table = self._tables.get(model.label)
        if table is None:
            raw = [index for index in self._raw if index.table == model.db_table]
            table = self._tables[model.label] = Table(self._project, model, raw)
        return table


class Table:
    """What is indexed in the table of one model."""

    def __init__(self, project: Project, model: Model, raw: list[RawIndex]) -> None:
        self._project = project
        self._model = model
        self._raw = raw

    @cached_property
    def indexes(self) -> list[TableIndex]:
        return table_indexes(self._project, self._model)

    @cached_property
    def is_known(self) -> bool:
        """Whether everything about the table's indexes is known."""
        model = self._model
        if not model.managed or model.auto_created or not model.installed or not model.certain:
            return False
        if any(index.column == "" for index in self._raw):
            return False
        declared = (*model.indexes, *model.constraints)
        if any(entry["expressions"] or entry["partial"] for entry in declared):
            return False
        return is_certain(self._project, model)

    def leads(self, name: str) -> bool:
        """Whether an index starts with the column of the field `name`."""
        field = self._model.fields.get(name)
        if field is not None and any(index.column == field.column for index in self._raw):
            return True
        return any(index.names[:1] == (name,) for index in self.indexes)

    def picks(self, name: str) -> bool:
        """Whether looking the field `name` up by value leaves few rows, thanks to an index.

        One that is assumed, of a package that is not installed, is taken to be there.
        """
        field = self._model.fields.get(name)
        if field is None or field.django_base in _FLAGS:
            return False
        return self.leads(name) or field.primary_key or field.unique or field.db_index


def is_selective(project: Project, model: Model, field: Field) -> bool:
    """Whether an index over `field` would leave few rows, as far as its declaration tells."""
    if field.django_base not in _PLAIN or not field.certain or field.name.startswith(_MARKERS):
        return False
    if field.name in _REMOVED or model.name.endswith(_SMALL_TABLES):
        return False
    if field.call is not None and field.call.keyword("choices") is not None:
        choices = static_choices(project, field)
        return choices is not None and len(choices.values) > _FEW_CHOICES
    return field.call is None or not any(keyword.name is None for keyword in field.call.keywords)


def is_flag(project: Project, field: Field) -> bool:
    """Whether a column has a few values only."""
    if field.django_base in _FLAGS or field.name.startswith(_MARKERS):
        return True
    return isinstance(field.call, ir.Call) and field.call.keyword("choices") is not None
