"""A model's ``Meta`` options as ``_meta`` shows them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.models.classes import ModelClasses
from djguide_analyzers.project.models.drafts import Draft
from djguide_analyzers.project.models.evaluation import UNKNOWN, Instance, Interpreter
from djguide_analyzers.project.models.evaluation.values import Unknown, is_told, is_whole, truth
from djguide_analyzers.project.models.meta import names, together
from djguide_analyzers.project.models.reasons import SettingDoubts
from djguide_analyzers.project.modules import ClassInfo

_FUNC = "django.db.models.expressions.Func"
_NAME_LENGTHS = {"postgresql": 63, "postgis": 63, "mysql": 64, "oracle": 30}
"""Longest table name, by the last part of the database's engine."""


class OptionsReader:
    """Fills in the options of models."""

    def __init__(
        self, interpreter: Interpreter, classes: ModelClasses, setting: Callable[[str], Any],
        doubts: SettingDoubts,
    ) -> None:  # fmt: skip
        self._x = interpreter
        self._classes = classes
        self._setting = setting
        self._doubts = doubts

    def fill(self, model: Model, draft: Draft) -> None:
        """Table, ordering, constraints and the like."""
        options = draft.options
        model.managed = truth(options.get("managed", True)) is not False
        swappable = options.get("swappable")
        model.swappable = swappable if isinstance(swappable, str) else None
        model.db_table = self._table(draft)
        self._ordering(model, draft)
        model.unique_together = together(options.get("unique_together"))
        model.index_together = together(options.get("index_together"))
        latest = self._inherited(draft, "get_latest_by")
        model.get_latest_by = [latest] if isinstance(latest, str) else names(latest)
        model.indexes = [self._index(item, draft, model) for item in self._instances(options.get("indexes"))]
        model.constraints = [
            self._constraint(item, draft) for item in self._instances(options.get("constraints"))
        ]

    def _table(self, draft: Draft) -> str:
        if draft.proxy and draft.proxy_for is not None:
            return self._table(draft.proxy_for)
        explicit = draft.options.get("db_table")
        if isinstance(explicit, str) and explicit:
            return explicit
        if not is_told(explicit):
            return ""
        name, doubt = self.fitting(f"{draft.app_label}_{draft.name.lower()}")
        if doubt is not None:
            draft.doubts.setdefault("db_table", doubt)
        return name

    def fitting(self, name: str) -> tuple[str, str | None]:
        """A table name, cut to what the database allows, and why that is not certain."""
        mark = len(self._x.reads)
        fitted = truncated(name, self._longest_name())
        settings = self._x.read_since(mark)
        doubtful = settings and len(name) > min(_NAME_LENGTHS.values())
        return fitted, self._doubts.reason(settings) if doubtful else None

    def _longest_name(self) -> int | None:
        databases = self._setting("DATABASES")
        default = databases.get("default") if isinstance(databases, dict) else None
        engine = default.get("ENGINE") if isinstance(default, dict) else None
        return _NAME_LENGTHS.get(engine.rpartition(".")[2]) if isinstance(engine, str) else None

    def _inherited(self, draft: Draft, name: str) -> Any:
        """An option that a class without it takes from its first concrete ancestor, at any distance."""
        if name in draft.options:
            return draft.options[name]
        base = self._first_base(draft)
        return self._inherited(base, name) if base is not None and not base.abstract else None

    def _first_base(self, draft: Draft) -> Draft | None:
        """The first model class of the hierarchy behind the class itself."""
        for base in self._x.resolver.mro(draft.cls)[1:]:
            found = self._classes.drafts.get(base) if isinstance(base, ClassInfo) else None
            if found is not None:
                return found
        return None

    def _ordering(self, model: Model, draft: Draft) -> None:
        if draft.options.get("order_with_respect_to"):
            model.ordering = ["_order"]
            return
        value = self._inherited(draft, "ordering")
        items = value if isinstance(value, (list, tuple)) else ()
        model.ordering = [text for item in items if (text := self._order_text(item)) is not None]
        model.ordering_certain = not isinstance(value, Unknown) and len(model.ordering) == len(items)

    def _order_text(self, item: Any) -> str | None:
        if isinstance(item, str):
            return item
        return self._expression_text(item)

    def _expression_text(self, value: Any) -> str | None:
        """A simple ordering expression as Django's ``repr`` shows it; None for any other."""
        if not isinstance(value, Instance) or not isinstance(value.cls, ClassInfo):
            return None
        attrs = value.attrs
        if value.cls.name == "F" and isinstance(name := attrs.get("name"), str):
            return f"F({name})"
        if value.cls.name == "OrderBy" and isinstance(down := attrs.get("descending"), bool):
            inner = self._expression_text(attrs.get("expression"))
            return f"OrderBy({inner}, descending={down})" if inner is not None else None
        if value.cls.name == "Value" and isinstance(attrs.get("value"), (str, int, float)):
            return f"Value({attrs['value']!r})"
        return self._function_text(value, value.cls)

    def _function_text(self, value: Instance, cls: ClassInfo) -> str | None:
        """A database function without options."""
        arguments = value.attrs.get("source_expressions")
        found = self._x.find(cls, "__repr__")
        if found is None or found[0].dotted != _FUNC or value.attrs.get("extra"):
            return None
        texts = [self._expression_text(item) for item in arguments] if isinstance(arguments, list) else [None]
        joiner = self._x.find(cls, "arg_joiner")
        if None in texts or joiner is None or not isinstance(joiner[1], str):
            return None
        return f"{cls.name}({joiner[1].join(map(str, texts))})"

    def _instances(self, value: Any) -> list[Instance]:
        return (
            [item for item in value if isinstance(item, Instance)] if isinstance(value, (list, tuple)) else []
        )

    def _attr(self, value: Instance, name: str) -> Any:
        if name in value.attrs:
            return value.attrs[name]
        return value.kwargs.get(name, UNKNOWN if value.opaque else None)

    def _index(self, value: Instance, draft: Draft, model: Model) -> dict[str, object]:
        orders = self._attr(value, "fields_orders")
        fields = (
            [list(pair) for pair in orders if isinstance(pair, tuple)] if isinstance(orders, list) else []
        )
        return {
            "class": value.cls.dotted,
            "name": self._name(value, draft) or self._automatic_name(value, fields, model),
            "fields": fields,
            "include": names(self._attr(value, "include")),
            "partial": self._attr(value, "condition") is not None,
            "expressions": bool(self._attr(value, "expressions")),
        }

    def _constraint(self, value: Instance, draft: Draft) -> dict[str, object]:
        fields = self._attr(value, "fields")
        return {
            "class": value.cls.dotted,
            "name": self._name(value, draft),
            "fields": names(fields) if isinstance(fields, (list, tuple)) and is_whole(fields) else [],
            "partial": self._attr(value, "condition") is not None,
            "expressions": bool(self._attr(value, "expressions")),
        }

    def _automatic_name(self, value: Instance, fields: list[list[Any]], model: Model) -> str | None:
        """The name Django makes of table, columns and a digest of both."""
        found = self._x.find(value.cls, "suffix") if isinstance(value.cls, ClassInfo) else None
        suffix = found[1] if found is not None else None
        columns: list[str] = []
        for name, _ in fields:
            field = model.fields.get(name)
            if field is None or field.column is None:
                return None
            columns.append(field.column)
        if not columns or not isinstance(suffix, str):
            return None
        table = _unquoted(model.db_table)
        ordered = [
            ("-%s" if order else "%s") % column for column, (_, order) in zip(columns, fields, strict=True)
        ]
        digest = names_digest([table, *ordered, suffix], 6)
        name = f"{table[:11]}_{columns[0][:7]}_{digest}_{suffix}"
        return f"D{name[1:]}" if name[0] == "_" or name[0].isdigit() else name

    def _name(self, value: Instance, draft: Draft) -> str | None:
        name = self._attr(value, "name")
        if not isinstance(name, str) or not name:
            return None
        try:
            return name % {"app_label": draft.app_label.lower(), "class": draft.name.lower()}
        except (KeyError, TypeError, ValueError):
            return name


def truncated(name: str, length: int | None) -> str:
    """A table name cut to what the database allows, with Django's digest at its end."""
    if length is None or len(name) <= length:
        return name
    return f"{name[: length - 4]}{names_digest([name], 4)}"


def names_digest(names: list[str], length: int) -> str:
    """Django's digest of names."""
    digest = hashlib.md5(usedforsecurity=False)
    for name in names:
        digest.update(name.encode())
    return digest.hexdigest()[:length]


def _unquoted(table: str) -> str:
    """A table's name without schema and quotes."""
    return table.rpartition('"."')[2].strip('"')
