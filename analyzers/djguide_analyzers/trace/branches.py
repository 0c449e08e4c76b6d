"""Which branch a call takes, where its arguments decide it: a flag that is given or left out, or a kind of row."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.values import (
    NONE,
    ClassValue,
    Constant,
    ExternalValue,
    ManagerValue,
    QuerySetValue,
    Row,
)

_ORDER: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def taken(frame: Frame, test: ir.Expr) -> bool | None:
    """Whether `test` holds in the call that is followed, once it is evaluated; None where that cannot be told."""
    match test:
        case ir.Unary(op="not", operand=operand):
            holds = taken(frame, operand)
            return None if holds is None else not holds
        case ir.Name(id=name):
            value = _given(frame, name)
            return None if value is None else bool(value.value)
        case ir.Compare(left=ir.Name(id=name), ops=["is" | "is not" as op], rights=[ir.Const(value=None)]):
            value = _given(frame, name)
            return None if value is None else (value == NONE) is (op == "is")
        case ir.Compare(left=ir.Name(id=name), ops=[op], rights=[ir.Const(value=int() as bound)]):
            number = _number(frame, name)
            return None if number is None or op not in _ORDER else _ORDER[op](number, bound)
        case ir.Bool(op=op, values=values):
            held = [taken(frame, value) for value in values]
            decisive = op == "or"
            return decisive if decisive in held else None if None in held else not decisive
        case ir.Call(func=func, args=[ir.Name(id=name) as subject, classes]):
            if frame.value_at(func) != ExternalValue("builtins.isinstance") or _changes_in_loop(frame, name):
                return None
            value = frame.value_at(subject)
            if isinstance(value, (ManagerValue, QuerySetValue)):
                return _is_of_djangos(frame, value, classes)
            return False if isinstance(value, Row) and _is_none_of(frame, value, classes) else None
    return None


_MANAGERS = frozenset({"django.db.models.manager.BaseManager", "django.db.models.manager.Manager"})
_QUERYSETS = frozenset({"django.db.models.query.QuerySet"})


def _is_of_djangos(frame: Frame, value: ManagerValue | QuerySetValue, classes: ir.Expr) -> bool | None:
    """Whether ``isinstance(value, classes)`` holds; None for any classes but Django's own manager and queryset."""
    if isinstance(classes, ir.Display):
        held = {_is_of_djangos(frame, value, each) for each in classes.items}
        return True if True in held else None if None in held else False
    tested = frame.value_at(classes)
    dotted = tested.cls.dotted if isinstance(tested, ClassValue) else None
    if dotted not in _MANAGERS | _QUERYSETS:
        return None
    return dotted in (_MANAGERS if isinstance(value, ManagerValue) else _QUERYSETS)


def _changes_in_loop(frame: Frame, name: str) -> bool:
    """Whether a later round of a loop of this function may find something else under `name`."""
    within = frame.loops and frame.loops[-1].depth == len(frame.stack)
    return bool(within) and (frame.function is None or name in frame.function.once(_bound))


def _is_none_of(frame: Frame, row: Row, classes: ir.Expr) -> bool:
    """Whether `row` certainly is no instance of any of `classes`, as they are given to ``isinstance()``."""
    match classes:
        case ir.Display(items=items):
            return all(_is_none_of(frame, row, item) for item in items)
        case ir.Binary(left=left, op="|", right=right):
            return _is_none_of(frame, row, left) and _is_none_of(frame, row, right)
    tested, model = frame.value_at(classes), frame.project.models.get(row.model)
    return isinstance(tested, ClassValue) and model is not None and _is_apart(frame, model.cls, tested.cls)


def _is_apart(frame: Frame, cls: ClassInfo, tested: ClassInfo) -> bool:
    """Whether no instance of `cls`, or of a model that extends it, is one of `tested`."""
    resolver = frame.project.resolver
    if not resolver.fully_known(cls) or tested in resolver.mro(cls):
        return False
    lines = (resolver.mro(other.cls) for other in frame.project.models)
    return not any(cls in line and tested in line for line in lines)


def _given(frame: Frame, name: str) -> Constant | None:
    """The True, False or None that a parameter certainly has throughout the function."""
    value = _constant(frame, name)
    return value if value is not None and isinstance(value.value, (bool, type(None))) else None


def _number(frame: Frame, name: str) -> int | None:
    """The number that a parameter certainly has throughout the function."""
    value = _constant(frame, name)
    return value.value if value is not None and type(value.value) is int else None


def _constant(frame: Frame, name: str) -> Constant | None:
    """What a parameter is given, or has for a default, throughout the function, if the code spells it out."""
    value = frame.env.get(name)
    if not frame.all_given or frame.function is None or not isinstance(value, Constant):
        return None
    is_parameter = any(param.name == name for param in frame.function.node.params.items)
    return value if is_parameter and name not in frame.function.once(_bound) else None


def _bound(info: FunctionInfo) -> set[str]:
    """Names that the statements of a function bind."""
    found: set[str] = set()
    for node in walk(info.statements):
        match node:
            case ir.Walrus(target=name) | ir.Handler(name=str(name)) | ir.FunctionDef(name=name):
                found.add(name)
            case ir.ClassDef(name=name):
                found.add(name)
            case ir.Match(cases=cases):
                found.update(name for case in cases for name in case.names)
            case ir.Import(names=names) | ir.ImportFrom(names=names):
                found.update(alias.asname or alias.name.partition(".")[0] for alias in names)
            case _:
                found.update(
                    part.id for target in _targets(node) for part in walk(target) if isinstance(part, ir.Name)
                )
    return found


def _targets(node: ir.Node) -> Iterator[ir.Expr]:
    match node:
        case ir.Assign(targets=targets) | ir.Delete(targets=targets):
            yield from targets
        case ir.AugAssign(target=target) | ir.For(target=target):
            yield target
        case ir.With(items=items):
            yield from (item.target for item in items if item.target is not None)
