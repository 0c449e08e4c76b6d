"""Lookup paths such as ``author__name__icontains`` over the model graph, read the way Django reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model, ModelGraph, Reverse
from djguide_analyzers.project.modules import Code

FILTERS = ("filter", "exclude", "get", "get_or_create", "update_or_create")
"""Methods whose keywords are lookups (``defaults`` and ``create_defaults`` aside)."""
NO_LOOKUPS = frozenset({"defaults", "create_defaults"})


@dataclass(frozen=True, slots=True)
class Step:
    """One relation on the way: the field or reverse relation, the model it leaves from, whether it is to many."""

    name: str
    model: Model
    to_many: bool


@dataclass(frozen=True, slots=True)
class Path:
    """What a lookup path means.

    Attributes:
        steps: The relations it passes.
        model: The model in which it ends; None when that is not known.
        field: The field it ends at, None when it ends at a relation's far side or is not known.
        rest: What follows: transforms and a lookup.
        bad: Number of the first part that the model does not have; None when all are fine or unknown.
    """

    steps: tuple[Step, ...]
    model: Model | None
    field: Field | None
    rest: tuple[str, ...]
    bad: int | None = None

    @property
    def crosses_to_many(self) -> bool:
        return any(step.to_many for step in self.steps)


def follow(graph: ModelGraph, model: Model, name: str) -> Path:
    """Read `name` as Django does from `model`; annotations are the caller's business."""
    parts = name.split("__")
    steps: list[Step] = []
    current: Model | None = model
    for number, part in enumerate(parts):
        if current is None or not current.complete:
            return Path(tuple(steps), None, None, tuple(parts[number:]))
        field = field_called(current, part)
        if field is not None and field.kind in ("column", "gfk"):
            return Path(tuple(steps), current, field, tuple(parts[number + 1 :]))
        if field is not None:
            steps.append(Step(part, current, field.kind in ("m2m", "generic")))
            if number == len(parts) - 1:
                return Path(tuple(steps), current, field, ())
            current = graph.get(field.target)
            continue
        reverse = reverse_called(current, part)
        if reverse is None:
            before = steps[-1] if steps else None
            bad = None if before is not None and part in RELATED_LOOKUPS else number
            return Path(tuple(steps), current, None, tuple(parts[number:]), bad)
        steps.append(Step(part, current, reverse.kind != "o2o" and not reverse.source.unique))
        current = graph.get(reverse.model)
    return Path(tuple(steps), current, None, ())


RELATED_LOOKUPS = frozenset({"exact", "in", "gt", "gte", "lt", "lte", "isnull"})


def field_called(model: Model, name: str) -> Field | None:
    """The field that lookups call `name`: by name, raw attribute, or ``pk``."""
    if name == "pk":
        return model.fields.get(model.pk)
    return model.fields.get(name) or model.field_of_attname(name)


def reverse_called(model: Model, name: str) -> Reverse | None:
    """The reverse relation that lookups call `name`."""
    for reverse in (*model.reverse.values(), *model.generic_reverse):
        if reverse.query_name == name:
            return reverse
    return None


def names_of(model: Model) -> list[str]:
    """What the first part of a lookup path from `model` can be."""
    names = ["pk"]
    for field in model.fields.values():
        names.append(field.name)
        if field.attname != field.name:
            names.append(field.attname)
    names += [reverse.query_name for reverse in (*model.reverse.values(), *model.generic_reverse)]
    return [name for name in dict.fromkeys(names) if name]


def lookups(call: ir.Call) -> Iterator[ir.Keyword]:
    """The lookups among the arguments of a filtering call, those in ``Q`` objects included, negated ones not."""
    for keyword in call.keywords:
        if keyword.name is not None and keyword.name not in NO_LOOKUPS:
            yield keyword
    for arg in call.args:
        yield from _in_condition(arg)


def conditions(call: ir.Call) -> Iterator[ir.Keyword]:
    """All lookups among the arguments of a filtering call, negated ones included."""
    for keyword in call.keywords:
        if keyword.name is not None and keyword.name not in NO_LOOKUPS:
            yield keyword
    for arg in call.args:
        yield from _in_any_condition(arg)


def _in_any_condition(node: ir.Expr) -> Iterator[ir.Keyword]:
    match node:
        case ir.Unary(op="~", operand=operand):
            yield from _in_any_condition(operand)
        case ir.Binary(left=left, op="&" | "|" | "^", right=right):
            yield from _in_any_condition(left)
            yield from _in_any_condition(right)
        case ir.Call(func=ir.Name(id="Q") | ir.Attr(name="Q")):
            yield from (keyword for keyword in node.keywords if keyword.name and keyword.name[0] != "_")
            for arg in node.args:
                yield from _in_any_condition(arg)


def _in_condition(node: ir.Expr) -> Iterator[ir.Keyword]:
    match node:
        case ir.Binary(left=left, op="&" | "|", right=right):
            yield from _in_condition(left)
            yield from _in_condition(right)
        case ir.Call(func=ir.Name(id="Q") | ir.Attr(name="Q")):
            yield from (keyword for keyword in node.keywords if keyword.name and keyword.name[0] != "_")
            for arg in node.args:
                yield from _in_condition(arg)


def closest(name: str, choices: Iterable[str]) -> str | None:
    """The one of `choices` that `name` is a slip of; None when there is none, or more than one."""
    close = get_close_matches(name, dict.fromkeys(choices), 3, 0.75)
    if len(close) > 1:
        letters = sorted(name)
        close = [choice for choice in close if sorted(choice) == letters]
    return close[0] if len(close) == 1 else None


def added_names(calls: list[tuple[str, ir.Call]]) -> set[str] | None:
    """Names that calls of a chain (method and call) add to the model's; None when some cannot be told."""
    found: set[str] = set()
    for method, call in calls:
        if method in ("annotate", "alias", "values", "values_list"):
            for keyword in call.keywords:
                if keyword.name is None:
                    return None
                found.add(keyword.name)
            for arg in call.args:
                if isinstance(arg, ir.Const) and isinstance(arg.value, str):
                    continue
                name = _default_alias(arg)
                if name is None:
                    return None
                found.add(name)
        elif method == "extra":
            return None
    return found


def _default_alias(node: ir.Expr) -> str | None:
    """The name of an aggregate given without one: ``Count("tags")`` is ``tags__count``."""
    if not isinstance(node, ir.Call) or not node.args or len(node.args) > 1:
        return None
    argument = node.args[0]
    func = node.func.id if isinstance(node.func, ir.Name) else getattr(node.func, "name", None)
    if not isinstance(argument, ir.Const) or not isinstance(argument.value, str) or func is None:
        return None
    return f"{argument.value}__{func.lower()}"


@dataclass(frozen=True, slots=True)
class Written:
    """A name in the source: `node` is the keyword or literal string that holds it."""

    name: str
    node: ir.Keyword | ir.Const
    code: Code
