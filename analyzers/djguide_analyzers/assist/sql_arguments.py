"""Arguments of queryset methods as values: literals, ``F``, ``Q`` and aggregates, and stand-ins for all others."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import called_name
from djguide_analyzers.rules.lookups import follow
from djguide_analyzers.trace.values import Link

_AGGREGATES = frozenset({"Count", "Sum", "Avg", "Max", "Min"})
_LISTS = frozenset({"in", "range"})
_NUMBERS = frozenset({"year", "month", "day", "week", "week_day", "quarter", "hour", "minute", "second", "iso_year",
                      "length"})  # fmt: skip


class NotTold(Exception):
    """An argument that no value can stand in for."""


class Arguments:
    """Makes arguments for queries on `root`. `labels` says what each stand-in stands for, by its text."""

    def __init__(self, project: Project, root: Model) -> None:
        self._project = project
        self._root = root
        self.labels: dict[str, str] = {}

    def of_call(self, link: Link) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments of a call.

        Raises:
            NotTold: something is only known at runtime, and cannot be stood in for.
        """
        call = link.node
        positional = [self._positional(arg) for arg in call.args]
        return positional, self._keywords(call, filters=link.name in ("filter", "exclude"))

    def dummy(self, path: str, label: str) -> Any:
        """A value that a lookup accepts, and that can be found again in the statement."""
        found = follow(self._project.graph, self._root, path)
        if found.field is None and not found.steps:
            raise NotTold
        rest, target = list(found.rest), found.field
        if target is None and found.model is not None:
            target = found.model.fields.get(found.model.pk)
        if rest and rest[-1] in _LISTS:
            first = self._stand_in(target, [*rest[:-1]], label)
            return [first, first] if rest[-1] == "range" else [first]
        return self._stand_in(target, rest, label)

    def _keywords(self, call: ir.Call, *, filters: bool) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for keyword in call.keywords:
            if keyword.name is None:
                raise NotTold
            result[keyword.name] = (
                self._compared(keyword.name, keyword.value) if filters else self._positional(keyword.value)
            )
        return result

    def _compared(self, path: str, node: ir.Expr) -> Any:
        """The right side of a lookup."""
        try:
            return self._positional(node)
        except NotTold:
            if isinstance(node, ir.Call) and called_name(node) in ("OuterRef", "Subquery", "Exists"):
                raise
            return self.dummy(path, written(node))

    def _positional(self, node: ir.Expr) -> Any:
        match node:
            case ir.Const(value=value):
                return value
            case ir.Unary(op="-", operand=ir.Const(value=int() | float() as value)):
                return -value
            case ir.Unary(op="~", operand=operand):
                return ~self._positional(operand)
            case ir.Binary(left=left, op="&", right=right):
                return self._positional(left) & self._positional(right)
            case ir.Binary(left=left, op="|", right=right):
                return self._positional(left) | self._positional(right)
            case ir.Display(items=items):
                return [self._positional(item) for item in items]
            case ir.Call():
                return self._expression(node)
        raise NotTold

    def _expression(self, call: ir.Call) -> Any:
        from django.db import models

        name = called_name(call)
        if name == "Q":
            return models.Q(*map(self._positional, call.args), **self._keywords(call, filters=True))
        if name == "F" and len(call.args) == 1:
            return models.F(self._positional(call.args[0]))
        if name in _AGGREGATES:
            return getattr(models, name)(
                *map(self._positional, call.args), **self._keywords(call, filters=False)
            )
        raise NotTold

    def _stand_in(self, field: Field | None, rest: list[str], label: str) -> Any:
        number = len(self.labels) + 1
        value = _NUMBER + number if rest and rest[-1] in _NUMBERS else None
        if value is None:
            value = self._of_field(field, number)
        self.labels[str(value)] = label
        return value

    def _of_field(self, field: Field | None, number: int) -> Any:
        seen = 0
        while field is not None and field.is_forward_one and seen < 5:
            model = self._project.graph.get(field.target)
            field = model.fields.get(field.to_field or model.pk) if model is not None else None
            seen += 1
        base = field.django_base or "" if field is not None else ""
        if base.endswith(("IntegerField", "AutoField")) or base == "FloatField":
            return _NUMBER + number
        if base in (
            "CharField",
            "TextField",
            "SlugField",
            "EmailField",
            "URLField",
            "FileField",
            "FilePathField",
        ):
            return f"\x01{number}\x01"
        if base == "DateField":
            return _DAY + datetime.timedelta(number)
        if base == "DateTimeField":
            return datetime.datetime.combine(_DAY, datetime.time()) + datetime.timedelta(number)
        if base == "DecimalField":
            return decimal.Decimal(_NUMBER + number)
        if base == "UUIDField":
            return uuid.UUID(int=_NUMBER + number)
        raise NotTold


_NUMBER = 990_000
_DAY = datetime.date(1901, 1, 1)


def written(node: ir.Expr) -> str:
    """An expression as a label: its name, or what is called."""
    match node:
        case ir.Name(id=name):
            return name
        case ir.Attr(value=value, name=name):
            return f"{written(value)}.{name}"
        case ir.Call(func=func):
            return f"{written(func)}()"
        case ir.Await(value=value):
            return written(value)
        case _:
            return "…"
