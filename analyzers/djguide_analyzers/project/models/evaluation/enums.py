"""Enumerations, Django's ``Choices`` among them."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.evaluation.core import Core
from djguide_analyzers.project.models.evaluation.values import UNKNOWN, Instance
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.project.resolve import External

_ROOTS = frozenset(
    {
        "enum.Enum",
        "enum.StrEnum",
        "enum.IntEnum",
        "enum.Flag",
        "enum.IntFlag",
        "django.db.models.enums.Choices",
    }
)
_NO_MEMBERS = frozenset({"nonmember", "property", "staticmethod", "classmethod"})
_NUMBERS = frozenset({"enum.IntEnum", "enum.IntFlag"})


def is_enum(x: Core, cls: ClassInfo) -> bool:
    """Whether `cls` is an enumeration."""
    return any(base.dotted in _ROOTS for base in x.resolver.mro(cls))


def _bodies(cls: ClassInfo) -> list[tuple[str, Value]]:
    rows: list[tuple[str, Value]] = []
    for name, bindings in cls.members.names.items():
        binding = bindings[-1]
        if not isinstance(binding, Value) or binding.expr is None or name.startswith("_"):
            continue
        if not (isinstance(binding.expr, ir.Call) and _called(binding.expr) in _NO_MEMBERS):
            rows.append((name, binding))
    return rows


def _choices(x: Core, cls: ClassInfo) -> bool:
    return x.resolver.is_subclass(cls, "django.db.models.enums.Choices")


def member(x: Core, cls: ClassInfo, name: str) -> Instance | None:
    """The member called `name`, None when the body assigns none."""
    return next((value for value in members(x, cls) if value.attrs["name"] == name), None)


def members(x: Core, cls: ClassInfo) -> list[Instance]:
    """The members in order."""
    cached = x.overlays.get(cls, {}).get("__members")
    if cached is not None:
        return cached
    result: list[Instance] = []
    x.overlays.setdefault(cls, {})["__members"] = result
    for number, (name, binding) in enumerate(_bodies(cls), 1):
        assert binding.expr is not None
        automatic = isinstance(binding.expr, ir.Call) and _called(binding.expr) == "auto"
        value = _automatic(x, cls, name, number) if automatic else x.evaluate(binding.expr, x.frame_of(cls))
        label: Any = UNKNOWN
        if isinstance(value, tuple) and len(value) > 1 and _choices(x, cls):
            value, label = (value[:-1] if len(value) > 2 else value[0]), value[-1]
        elif isinstance(value, str):
            label = value
        result.append(
            Instance(cls, {"name": name, "value": value, "_value_": value, "label": label, "_name_": name})
        )
    return result


def _called(node: ir.Call) -> str:
    func = node.func
    return func.id if isinstance(func, ir.Name) else func.name if isinstance(func, ir.Attr) else ""


def _automatic(x: Core, cls: ClassInfo, name: str, number: int) -> Any:
    lines = x.resolver.mro(cls)
    if any(base.dotted == "enum.StrEnum" for base in lines):
        return name.lower()
    if any(base.dotted == "django.db.models.enums.TextChoices" for base in lines):
        return name
    return (
        number if any(isinstance(base, External) and base.dotted in _NUMBERS for base in lines) else UNKNOWN
    )


def attribute(x: Core, cls: ClassInfo, name: str) -> Any:
    """``cls.choices``, ``.values``, ``.names``, ``.labels`` or a member; None when it is something else."""
    if cls.member(name) is not None:
        return member(x, cls, name)  # None for methods and what else is no member
    rows = members(x, cls)
    empty = [(None, UNKNOWN)] if cls.member("__empty__") is not None else []
    if name == "__members__":
        return {row.attrs["name"]: row for row in rows}
    if not _choices(x, cls):
        return None
    if name == "choices":
        return [*empty, *[(row.attrs["value"], row.attrs["label"]) for row in rows]]
    if name in ("values", "labels", "names"):
        return [row.attrs[name[:-1]] for row in rows]
    return None
