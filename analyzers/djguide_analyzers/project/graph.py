"""The model graph: what Django's registry would say, as plain objects.

Built by `djguide_analyzers.project.models` from facts alone. Names and meanings are those of Django's
``_meta``: a field's `name` and `attname`, a relation's `accessor` on the other model, a manager's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code

FieldKind = Literal["column", "fk", "o2o", "m2m", "gfk", "generic"]


@dataclass(eq=False)
class Field:
    """A field of one concrete model, inherited ones included (each model has its own copy).

    Attributes:
        name: Name as declared, e.g. ``author``.
        attname: Attribute that holds the raw value, e.g. ``author_id``; equal to `name` for plain columns.
        column: Name of its column; None when it has none (many-to-many and generic fields).
        class_name: Dotted name of the field's class as written in the project or package.
        django_base: Name of the first class of its hierarchy that is Django's own, e.g. ``CharField``; None
            when the class could not be read down to Django.
        kind: What it is for queries: a plain column, a relation, a generic foreign key or generic relation.
        target: Label (``app.Model``) of the related model; None for columns, generic foreign keys and targets
            that are unknown.
        related_name: As declared, with ``%(class)s`` and ``%(app_label)s`` replaced; None when not given.
        accessor: Name of the attribute on the target; None when hidden (``+``).
        related_query_name: Name for lookups from the target; None when hidden.
        to_field: Name of the target's field that the key holds; None for its primary key.
        through: Label of the through model of a many-to-many; `through_auto` when Django makes it.
        local: Whether the column is in this model's own table (False: inherited from a parent's table).
        owner: The class whose body declares it.
        code, node: Where it is declared: the assignment, in `code`.
        call: The field's constructor call, None when the field is made some other way (automatic ones).
        doubts: Why attributes are not certain, by attribute: ``target``, ``accessor``, ``null``. Under ``""`` why
            the field may not be there at all, or may be another one.
    """

    name: str
    attname: str
    class_name: str
    django_base: str | None
    kind: FieldKind
    column: str | None = None
    target: str | None = None
    null: bool = False
    unique: bool = False
    db_index: bool = False
    primary_key: bool = False
    max_length: int | None = None
    related_name: str | None = None
    accessor: str | None = None
    related_query_name: str | None = None
    to_field: str | None = None
    on_delete: str | None = None
    through: str | None = None
    through_auto: bool = False
    symmetrical: bool = False
    parent_link: bool = False
    local: bool = True
    owner: ClassInfo | None = None
    code: Code | None = None
    node: ir.Stmt | None = None
    call: ir.Call | None = None
    doubts: dict[str, str] = field(default_factory=dict)

    @property
    def certain(self) -> bool:
        """Whether all that is said of it is certain."""
        return not self.doubts

    def sure(self, *attributes: str) -> bool:
        """Whether it certainly is there, and `attributes` are what is said."""
        return not self.doubts or not any(name in self.doubts for name in ("", *attributes))

    @property
    def is_forward_one(self) -> bool:
        """Whether reading it yields one related row (foreign key or one-to-one)."""
        return self.kind in ("fk", "o2o")


@dataclass(eq=False)
class Reverse:
    """The other side of a relation, as an attribute of the model it points to.

    `kind` is the kind of the field it comes from: ``fk`` and ``m2m`` give a related manager, ``o2o`` an
    object; ``generic`` names serve lookups only. `model` is the label of the model that declares `source`.
    `certain` is False when that model may not be installed, or the field may not lead here by this name.
    """

    accessor: str
    query_name: str
    model: str
    source: Field
    kind: Literal["fk", "o2o", "m2m", "generic"]
    certain: bool = True


@dataclass(eq=False)
class ManagerInfo:
    """A manager of one model.

    `cls` is its class when it can be read; `queryset_cls` the queryset class behind ``from_queryset`` or
    ``as_manager``, None for Django's own. `call` is the expression that makes it. `certain` is False for one that
    is only there under a condition that is not certain.
    """

    name: str
    class_name: str
    cls: ClassInfo | None
    queryset_cls: ClassInfo | None
    code: Code | None = None
    call: ir.Expr | None = None
    certain: bool = True


@dataclass(eq=False)
class Model:
    """One concrete or proxy model.

    `fields` are all fields in Django's order, by name; `reverse` all visible reverse accessors, by accessor.
    `generic_reverse` are the names that generic relations of other models (with a ``related_query_name``) give
    this one for lookups only: no attribute goes with them. `ordering` holds field names as written, and
    expressions in the form Django shows them in, such as ``OrderBy(F(name), descending=False)``.
    `parents` maps labels of multi-table parents to the name of the link field. `complete` is False when a
    base class could not be read, so that there may be more fields, managers and methods than listed.
    `installed` is False for models that Django's registry leaves out: swapped ones, and those of packages that
    are no installed application. `auto_created` marks through models that a field has made, and `made_by` names
    that field: ``app.Model.field``. `doubts` says why something is not certain, by attribute or option:
    ``db_table``, ``ordering``, ``fields`` (there may be more), ``installed`` (its application may not be). Under
    ``""`` why the model may not be there at all.
    """

    label: str
    app_label: str
    cls: ClassInfo
    proxy: bool = False
    proxy_for: str | None = None
    managed: bool = True
    swappable: str | None = None
    db_table: str = ""
    pk: str = "id"
    ordering: list[str] = field(default_factory=list)
    ordering_certain: bool = True
    unique_together: list[list[str]] = field(default_factory=list)
    index_together: list[list[str]] = field(default_factory=list)
    indexes: list[dict[str, object]] = field(default_factory=list)
    constraints: list[dict[str, object]] = field(default_factory=list)
    get_latest_by: list[str] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)
    bases: list[str] = field(default_factory=list)
    fields: dict[str, Field] = field(default_factory=dict)
    reverse: dict[str, Reverse] = field(default_factory=dict)
    generic_reverse: list[Reverse] = field(default_factory=list)
    managers: dict[str, ManagerInfo] = field(default_factory=dict)
    default_manager: str = "objects"
    base_manager: str | None = None
    complete: bool = True
    installed: bool = True
    auto_created: bool = False
    made_by: str | None = None
    doubts: dict[str, str] = field(default_factory=dict)

    @property
    def certain(self) -> bool:
        """Whether all that is said of it is certain; what is said of its fields, they say themselves."""
        return not self.doubts

    def sure(self, *attributes: str) -> bool:
        """Whether it certainly is there, and `attributes` are what is said."""
        return not self.doubts or not any(name in self.doubts for name in ("", *attributes))

    @property
    def name(self) -> str:
        return self.label.rpartition(".")[2]

    def field_of_attname(self, attname: str) -> Field | None:
        """The field whose raw value `attname` holds (``author_id`` for ``author``)."""
        for candidate in self.fields.values():
            if candidate.attname == attname:
                return candidate
        return None


@dataclass(slots=True)
class Unknown:
    """Something that could not be known, for ``djguide doctor``: what, why, and where."""

    subject: str
    reason: str
    path: str | None = None
    line: int | None = None


class ModelGraph:
    """All models of one project: its own and those of the packages it uses.

    `auth_user` is the label of the user model; empty when it is not known.
    """

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.through_models: dict[str, Model] = {}
        """Models that Django makes for many-to-many fields without a through model of their own, by label."""
        self.by_class: dict[ClassInfo, Model] = {}
        self.abstract: dict[ClassInfo, str] = {}
        """Abstract model classes, with their dotted names."""
        self.abstract_models: dict[ClassInfo, Model] = {}
        """What abstract classes declare, as models that are not installed and have no reverse accessors."""
        self.unknown: list[Unknown] = []
        self.auth_user: str = "auth.User"

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def get(self, label: str | None) -> Model | None:
        """The model called ``app.Model``, case-sensitive; automatic through models included."""
        if not label:
            return None
        return self.models.get(label) or self.through_models.get(label)

    def of_class(self, cls: ClassInfo) -> Model | None:
        """The model that `cls` declares; None for abstract classes and classes that are no models."""
        return self.by_class.get(cls)
