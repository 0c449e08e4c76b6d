"""Decorators that are functions of their own: which of them leave a call of what they decorate as it is written.

Such a decorator returns the function itself, or one around it that calls it with the arguments it was given and
hands back what it returns, unless it refuses. What caches results, changes arguments or makes something else of
the result does not leave the call as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import FunctionInfo

Kept = Literal["plain", "atomic"]
"""How a call is kept: as it is, or inside a transaction."""

_KEEPS = ("cache", "memo")
"""Parts of names by which code that remembers results is told."""


def kept_by(decorator: FunctionInfo, *, called: bool) -> Kept | None:
    """How the function `decorator` keeps calls of what it decorates; None when it does not, or that cannot be told.

    `called` is True for a decorator that is given arguments first.
    """
    if not called:
        return _decorated_by(decorator)
    inside = _nested(decorator)
    names = [_name_of_decorator(value) for value in _returned(decorator)]
    return _both([_decorated_by(inside[name]) if name in inside else None for name in names])


def _decorated_by(decorator: FunctionInfo) -> Kept | None:
    """The same for a function that takes the one it decorates."""
    first = next((p.name for p in decorator.node.params.items if p.kind in ("pos", "any")), None)
    if first is None or decorator.node.is_generator:
        return None
    inside = _nested(decorator)
    found: list[Kept | None] = []
    for value in _returned(decorator):
        name = _name_of_result(value)
        if name == first:
            found.append("plain")
        else:
            found.append(_passed_on(inside[name], first) if name in inside else None)
    return _both(found)


def _both(found: Sequence[Kept | None]) -> Kept | None:
    """What holds whichever of the results it is."""
    if not found or None in found:
        return None
    return "atomic" if all(kept == "atomic" for kept in found) else "plain"


def _nested(info: FunctionInfo) -> dict[str, FunctionInfo]:
    return {
        node.name: FunctionInfo(node, info.body_code, None, info)
        for node in walk(info.statements)
        if isinstance(node, ir.FunctionDef)
    }


def _returned(info: FunctionInfo) -> list[ir.Expr]:
    return [
        node.value for node in walk(info.statements) if isinstance(node, ir.Return) and node.value is not None
    ]


def _name_of_decorator(value: ir.Expr) -> str:
    """``decorator``, or ``decorator(func)`` in one that may also be used without arguments."""
    return _last(value.func if isinstance(value, ir.Call) and len(value.args) == 1 else value)


def _name_of_result(value: ir.Expr) -> str:
    """``wrapper``, ``update_wrapper(wrapper, func)`` or ``wraps(func)(wrapper)``."""
    match value:
        case ir.Name(id=name):
            return name
        case ir.Call(func=ir.Call(func=made), args=[ir.Name(id=name)]) if _last(made) == "wraps":
            return name
        case ir.Call(func=made, args=[ir.Name(id=name), *_]) if _last(made) == "update_wrapper":
            return name
        case _:
            return ""


def _last(node: ir.Expr) -> str:
    return node.id if isinstance(node, ir.Name) else node.name if isinstance(node, ir.Attr) else ""


# --- the function around it ------------------------------------------------------------------------------


def _passed_on(wrapper: FunctionInfo, func: str) -> Kept | None:
    """Whether `wrapper` calls `func` with its own arguments and returns nothing made of the result."""
    body = wrapper.statements
    if wrapper.node.is_generator or not all(map(_copies_names, wrapper.node.decorators)):
        return None
    names = set(_names(body))
    if any(part in name.lower() for name in names for part in _KEEPS):
        return None
    calls = [node for node in walk(body) if isinstance(node, ir.Call) and _is_name(node.func, func)]
    if not calls or not all(_same_arguments(wrapper, call) for call in calls) or _changes(wrapper, body):
        return None
    results = _results(body, calls)
    returned = [_what_is_returned(node, calls, results) for node in walk(body) if isinstance(node, ir.Return)]
    if "result" not in returned or "made of it" in returned:
        return None
    return "atomic" if "atomic" in names else "plain"


def _copies_names(decorator: ir.Expr) -> bool:
    return _last(decorator.func if isinstance(decorator, ir.Call) else decorator) == "wraps"


def _names(body: list[ir.Stmt]) -> Iterator[str]:
    for node in walk(body):
        if isinstance(node, (ir.Name, ir.Attr)):
            yield _last(node)


def _is_name(node: ir.Expr, name: str) -> bool:
    return isinstance(node, ir.Name) and node.id == name


def _same_arguments(wrapper: FunctionInfo, call: ir.Call) -> bool:
    """Whether `call` hands on all that `wrapper` takes, in the same order."""
    params = wrapper.node.params.items
    handed = [p.name for p in params if p.kind in ("pos", "any")]
    starred = [p.name for p in params if p.kind == "*" and p.name]
    given = [_last(arg) for arg in call.args if not isinstance(arg, ir.Star)]
    given_starred = [_last(arg.value) for arg in call.args if isinstance(arg, ir.Star)]
    by_name = {p.name: p.kind for p in params if p.kind in ("kw", "**")}
    keywords = {k.name or _last(k.value): "kw" if k.name else "**" for k in call.keywords}
    same_names = all(_last(k.value) == k.name for k in call.keywords if k.name)
    for name in handed[len(given) :]:  # handed on by name
        if keywords.pop(name, None) is None:
            return False
    return (
        given == handed[: len(given)]
        and given_starred == starred
        and keywords == by_name
        and same_names
        and not any(isinstance(arg, ir.Star) for arg in call.args[: len(given)])
    )


def _changes(wrapper: FunctionInfo, body: list[ir.Stmt]) -> bool:
    """Whether the arguments are others when they are handed on."""
    params = {p.name for p in wrapper.node.params.items}
    for node in walk(body):
        match node:
            case ir.Assign(targets=targets):
                pass
            case ir.AugAssign(target=target) | ir.For(target=target):
                targets = [target]
            case ir.Delete(targets=targets):
                pass
            case ir.Call(func=ir.Attr(value=ir.Name(id=name), name="pop" | "update" | "setdefault")):
                if name in params:
                    return True
                continue
            case _:
                continue
        for target in targets:
            held = target.value if isinstance(target, ir.Subscript) else target
            if isinstance(held, ir.Name) and held.id in params:
                return True
            if isinstance(held, ir.Display) and params & {_last(item) for item in held.items}:
                return True
    return False


def _results(body: list[ir.Stmt], calls: list[ir.Call]) -> set[str]:
    """Variables that hold what the function returned and nothing else."""
    held: set[str] = set()
    others: set[str] = set()
    for node in walk(body):
        if isinstance(node, ir.Assign):
            names = {target.id for target in node.targets if isinstance(target, ir.Name)}
            (held if _awaited(node.value) in calls else others).update(names)
    return held - others


def _awaited(node: ir.Expr | None) -> ir.Expr | None:
    return node.value if isinstance(node, ir.Await) else node


def _what_is_returned(
    node: ir.Return, calls: list[ir.Call], results: set[str]
) -> Literal["result", "made of it", "another"]:
    value = _awaited(node.value)
    if value in calls or (isinstance(value, ir.Name) and value.id in results):
        return "result"
    made = any(part in calls or (isinstance(part, ir.Name) and part.id in results) for part in walk(value))
    return "made of it" if made else "another"
