"""Field objects: what kind they are, and what Django's ``_meta`` says of them."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, FieldKind
from djguide_analyzers.project.models.drafts import FieldDraft
from djguide_analyzers.project.models.evaluation import UNKNOWN, Instance, Interpreter
from djguide_analyzers.project.models.evaluation.values import Closure, Unknown, truth
from djguide_analyzers.project.models.sketches import is_sketch
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.resolve import HARMLESS, External

FIELD = "django.db.models.fields.Field"
FOREIGN_OBJECT = "django.db.models.fields.related.ForeignObject"
FOREIGN_KEY = "django.db.models.fields.related.ForeignKey"
ONE_TO_ONE = "django.db.models.fields.related.OneToOneField"
MANY_TO_MANY = "django.db.models.fields.related.ManyToManyField"
RELATED = "django.db.models.fields.related.RelatedField"
GENERIC_KEY = "django.contrib.contenttypes.fields.GenericForeignKey"
GENERIC_RELATION = "django.contrib.contenttypes.fields.GenericRelation"
MANAGER = "django.db.models.manager.BaseManager"

_KINDS: tuple[tuple[str, FieldKind], ...] = (
    (GENERIC_RELATION, "generic"), (GENERIC_KEY, "gfk"), (ONE_TO_ONE, "o2o"), (FOREIGN_KEY, "fk"),
    (FOREIGN_OBJECT, "fk"), (MANY_TO_MANY, "m2m"), (FIELD, "column"),
)  # fmt: skip
_ARGUMENTS = ("null", "unique", "db_index", "primary_key", "max_length", "related_name", "related_query_name",
              "on_delete", "to_field", "through", "symmetrical", "to", "db_column")  # fmt: skip


class FieldReader:
    """Reads evaluated field objects."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._x = interpreter
        self._kinds: dict[ClassInfo, FieldKind | None] = {}

    def kind(self, value: Any) -> FieldKind | None:
        """What kind of field an evaluated object is; None when it is none, as far as can be seen."""
        if not isinstance(value, Instance):
            return None
        if isinstance(value.cls, External):
            return _kind_by_name(value)
        if value.cls not in self._kinds:
            self._kinds[value.cls] = self._kind_of_class(value.cls)
        kind = self._kinds[value.cls]
        if kind is None and value.opaque:
            return _kind_by_name(value)
        if kind == "column" and self._x.resolver.is_subclass(value.cls, RELATED):
            flag = self._x.find(value.cls, "many_to_many")
            return "m2m" if flag is not None and flag[1] is True else "fk"
        return kind

    def _kind_of_class(self, cls: ClassInfo) -> FieldKind | None:
        line = {base.dotted for base in self._x.resolver.mro(cls)}
        return next((kind for dotted, kind in _KINDS if dotted in line), None)

    def is_manager(self, value: Any) -> bool:
        """Whether an evaluated object is a manager."""
        if not isinstance(value, Instance):
            return False
        if isinstance(value.cls, External):
            return value.cls.dotted.rpartition(".")[2].endswith("Manager")
        return self._x.resolver.is_subclass(value.cls, MANAGER) or (
            value.opaque and not self._x.readable(value.cls) and value.cls.name.endswith("Manager")
        )

    def django_base(self, value: Instance) -> str | None:
        """Name of the first class of its hierarchy that is Django's own."""
        if isinstance(value.cls, External):
            return None
        for base in self._x.resolver.mro(value.cls):
            if isinstance(base, External):
                if base.dotted in HARMLESS:
                    continue
                return None
            if base.module.name.partition(".")[0] == "django":
                return base.name
        return None

    def attribute(self, value: Instance, name: str) -> Any:
        """An attribute of the field object; `UNKNOWN` when it cannot be known."""
        if value.opaque and name not in value.attrs:
            return value.kwargs.get(name, UNKNOWN) if name not in _ARGUMENTS else self.argument(value, name)
        return self._x.bounded(lambda: self._x.instance_attribute(value, name))

    def argument(self, value: Instance, name: str) -> Any:
        """What an unreadable field class was given; Django's default where nothing was."""
        if name in value.kwargs:
            return value.kwargs[name]
        if name == "to" and value.args:
            return value.args[0]
        return {"null": False, "unique": False, "db_index": False, "primary_key": False}.get(name)

    def remote(self, value: Instance, name: str) -> Any:
        """An attribute of the other side of a relation."""
        rel = value.attrs.get("remote_field")
        if isinstance(rel, Instance):
            return self._x.bounded(lambda: self._x.instance_attribute(rel, name))
        if value.opaque or isinstance(value.cls, External):
            return self.argument(
                value, "to" if name == "model" else "to_field" if name == "field_name" else name
            )
        return UNKNOWN

    def read(self, draft: FieldDraft) -> Field:
        """The part of a graph field that depends on nothing but the field object."""
        value = draft.instance
        flags, certain = self._flags(value, draft.kind)
        result = Field(
            name=draft.name,
            attname=f"{draft.name}_id" if draft.kind in ("fk", "o2o") else draft.name,
            class_name=value.cls.dotted,
            django_base=self.django_base(value),
            kind=draft.kind,  # type: ignore[arg-type]
            owner=draft.owner,
            code=draft.code,
            node=draft.node,
            call=value.call if isinstance(value.call, ir.Call) else None,
            certain=certain and draft.certain and not value.opaque and not _is_foreign(value, draft.owner),
            parent_link=draft.parent_link,
            **flags,
        )
        if draft.kind in ("column", "fk", "o2o"):
            column = self.attribute(value, "db_column")
            result.column = column if isinstance(column, str) and column else result.attname
        if draft.kind in ("fk", "o2o"):
            result.on_delete = callable_name(self.remote(value, "on_delete"))
            to_field = self.remote(value, "field_name")
            result.to_field = to_field if isinstance(to_field, str) else None
            result.parent_link = draft.parent_link or self.remote(value, "parent_link") is True
        return result

    def _flags(self, value: Instance, kind: str) -> tuple[dict[str, Any], bool]:
        """``null``, ``unique``, ``db_index``, ``primary_key`` and ``max_length``, and whether all are known."""
        flags: dict[str, Any] = {}
        certain = True
        for name in ("null", "unique", "db_index", "primary_key"):
            known = truth(self.attribute(value, name))
            certain = certain and known is not None
            flags[name] = bool(known)
        if value.opaque or isinstance(value.cls, External):
            flags["unique"] = flags["unique"] or flags["primary_key"] or kind == "o2o"
            flags["db_index"] = flags["db_index"] or (
                kind in ("fk", "o2o") and "db_index" not in value.kwargs
            )
        length = self._x.plain(self.attribute(value, "max_length"))
        certain = certain and not isinstance(length, Unknown)
        flags["max_length"] = length if isinstance(length, int) else None
        return flags, certain


def _is_foreign(value: Instance, owner: ClassInfo) -> bool:
    """Whether the field's class, or the class that declares it, could not be read itself."""
    return isinstance(value.cls, External) or is_sketch(value.cls.module) or is_sketch(owner.module)


def callable_name(value: Any) -> str | None:
    """``__name__`` of an ``on_delete`` function."""
    if isinstance(value, (FunctionInfo, Closure)):
        return value.name
    if isinstance(value, External):
        return value.dotted.rpartition(".")[2]
    if isinstance(value, Instance):
        return value.cls.dotted.rpartition(".")[2]
    return None


def _kind_by_name(value: Instance) -> FieldKind | None:
    """The kind of a field whose class cannot be read, by what its name and arguments promise."""
    name = value.cls.dotted.rpartition(".")[2]
    if "ManyToMany" in name:
        return "m2m"
    if "OneToOne" in name:
        return "o2o"
    if name == "GenericForeignKey":
        return "gfk"
    if "on_delete" in value.kwargs or name.endswith(("ForeignKey", "ParentalKey")):
        return "fk"
    return "column" if name.endswith("Field") else None
