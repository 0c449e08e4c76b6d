"""Field objects: what kind they are, and what Django's ``_meta`` says of them."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, FieldKind
from djguide_analyzers.project.models.drafts import FieldDraft
from djguide_analyzers.project.models.evaluation import UNKNOWN, Instance, Interpreter
from djguide_analyzers.project.models.evaluation.values import Closure, Unknown, is_told, truth
from djguide_analyzers.project.models.reasons import SettingDoubts
from djguide_analyzers.project.models.sketches import ALWAYS, is_sketch
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

UNKNOWN_CLASS = "?"
"""Stands for the path of a class that nothing tells."""

_KINDS: tuple[tuple[str, FieldKind], ...] = (
    (GENERIC_RELATION, "generic"), (GENERIC_KEY, "gfk"), (ONE_TO_ONE, "o2o"), (FOREIGN_KEY, "fk"),
    (FOREIGN_OBJECT, "fk"), (MANY_TO_MANY, "m2m"), (FIELD, "column"),
)  # fmt: skip
_ARGUMENTS = ("null", "unique", "db_index", "primary_key", "max_length", "related_name", "related_query_name",
              "on_delete", "to_field", "through", "symmetrical", "to", "db_column")  # fmt: skip


class FieldReader:
    """Reads evaluated field objects."""

    def __init__(self, interpreter: Interpreter, settings: SettingDoubts) -> None:
        self._x = interpreter
        self._settings = settings
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
        doubts = {
            **_foreign_doubt(value, draft.owner),
            **draft.doubts,
            **self._setting_doubts(value, draft.kind),
        }
        flags = self._flags(value, draft.kind, doubts)
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
            doubts=doubts,
            parent_link=draft.parent_link,
            **flags,
        )
        if draft.kind in ("column", "fk", "o2o"):
            column = self.attribute(value, "db_column")
            result.column = column if isinstance(column, str) and column else result.attname
            if _note(doubts, "column", column):
                result.column = None
        if draft.kind in ("fk", "o2o"):
            on_delete = self.remote(value, "on_delete")
            result.on_delete = callable_name(on_delete)
            _note(doubts, "on_delete", UNKNOWN if result.on_delete is None else None)
            to_field = self.remote(value, "field_name")
            if not isinstance(self.remote(value, "model"), Unknown):  # it may be the target's primary key
                _note(doubts, "to_field", to_field)
            result.to_field = to_field if isinstance(to_field, str) else None
            result.parent_link = draft.parent_link or self.remote(value, "parent_link") is True
        return result

    def _setting_doubts(self, value: Instance, kind: str) -> dict[str, str]:
        """What rests on settings whose value is not certain."""
        doubts: dict[str, str] = {}
        own = isinstance(value.cls, ClassInfo) and value.cls.module.name.partition(".")[0] == "django"
        for key, settings in (value.rests_on or {}).items():
            attributes = decided_by(key, kind, own)
            if key == "*" and kind != "column" and all(name.endswith("_MODEL") for name in settings):
                attributes = ("target",)  # by convention, such settings name a model
            if attributes:
                doubts.update(dict.fromkeys(attributes, self._settings.reason(settings)))
        return doubts

    def _flags(self, value: Instance, kind: str, doubts: dict[str, str]) -> dict[str, Any]:
        """``null``, ``unique``, ``db_index``, ``primary_key`` and ``max_length``."""
        flags: dict[str, Any] = {}
        for name in ("null", "unique", "db_index", "primary_key"):
            known = truth(self.attribute(value, name))
            if kind not in ("gfk", "generic"):  # these have no column
                _note(doubts, name, UNKNOWN if known is None else known)
            flags[name] = bool(known)
        if value.opaque or isinstance(value.cls, External):
            flags["unique"] = flags["unique"] or flags["primary_key"] or kind == "o2o"
            flags["db_index"] = flags["db_index"] or (
                kind in ("fk", "o2o") and "db_index" not in value.kwargs
            )
        length = self._x.plain(self.attribute(value, "max_length"))
        if kind not in ("gfk", "generic"):
            _note(doubts, "max_length", length)
        flags["max_length"] = length if isinstance(length, int) else None
        return flags


def _note(doubts: dict[str, str], name: str, value: Any) -> bool:
    """Note that an attribute could not be evaluated, if so; True then.

    A field whose class is not known says that instead.
    """
    if is_told(value) or "" in doubts:
        return False
    doubts.setdefault(name, f"the value of {name} could not be evaluated")
    return True


def _foreign_doubt(value: Instance, owner: ClassInfo) -> dict[str, str]:
    """Why nothing of a field is certain: its class, or the class that declares it, could not be read."""
    if isinstance(value.cls, External):
        if value.cls.dotted == UNKNOWN_CLASS:
            return {}  # of an automatic field: it comes with its reason
        return {"": f"the source of its class {value.cls.dotted} was not found"}
    for cls in (value.cls, owner):
        if is_sketch(cls.module):
            package = cls.module.name.partition(".")[0]
            if cls.module.name in ALWAYS:
                return {"": f"the package {package} adds it: what is generally known of it is assumed"}
            return {"": f"the package {package} is not installed: what is generally known of it is assumed"}
    return {"": "what its class does with its arguments could not be evaluated"} if value.opaque else {}


_NAMES = ("related_name", "accessor", "related_query_name")
_DECIDES: dict[Any, tuple[str, ...]] = {
    "null": ("null",), "unique": ("unique",), "db_index": ("db_index",), "primary_key": ("primary_key", "unique"),
    "max_length": ("max_length",), "db_column": ("column",), "to": ("target",), "to_field": ("to_field",),
    "on_delete": ("on_delete",), "through": ("through",), "symmetrical": ("symmetrical", "accessor"),
    "related_name": _NAMES, "related_query_name": ("related_query_name",), "parent_link": ("parent_link",),
    "name": ("",),
}  # fmt: skip
"""The attributes of a field that an argument of Django's own field classes decides."""
_POSITIONS = {"fk": ("to", "on_delete"), "o2o": ("to", "on_delete"), "m2m": ("to",), "generic": ("to",)}
_COLUMN_POSITIONS = (
    "verbose_name",
    "name",
    "primary_key",
    "max_length",
    "unique",
    "blank",
    "null",
    "db_index",
)


def decided_by(key: Any, kind: str, own: bool) -> tuple[str, ...]:
    """The attributes that the argument at position or keyword `key` decides; ``("",)`` for any of them.

    `own` tells whether the field's class is one of Django's.
    """
    if isinstance(key, int):
        names = _POSITIONS.get(kind, _COLUMN_POSITIONS)
        key = names[key] if key < len(names) else ""
    return _DECIDES.get(key, () if own and key != "*" else ("",))


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
