"""Calls in settings modules: which function is meant, and what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from djguide_analyzers.facts import ir
from djguide_analyzers.project import settings_methods as methods
from djguide_analyzers.project import settings_operators as ops
from djguide_analyzers.project.settings_known import (
    ENVIRONMENTS,
    HANDLERS,
    SETTING,
    Arguments,
    configurations_value,
    default_or_unknown,
    is_known,
    present,
    read_environment,
)
from djguide_analyzers.project.settings_objects import Func, Klass, ancestors, scheme_defaults
from djguide_analyzers.project.settings_scope import Frame
from djguide_analyzers.project.settings_values import (
    MISSING,
    Instance,
    Map,
    Missing,
    Option,
    PathValue,
    Ref,
    Symbol,
    Unknown,
    Value,
    const,
    union,
    unknown,
)

if TYPE_CHECKING:
    from djguide_analyzers.project.settings_eval import Expressions


NAMESPACES = {"builtins.globals()", "builtins.locals()", "builtins.vars()"}


def call(evaluator: Expressions, node: ir.Call, frame: Frame) -> Value:
    """The value of a call."""
    if isinstance(node.func, ir.Attr):
        return present(_method(evaluator, node, node.func, frame))
    callee = evaluator.eval(node.func, frame)
    arguments = _arguments(evaluator, node, frame)
    _guard_namespace(arguments, callee, frame)
    return union(_call(evaluator, option, arguments, frame) for option in callee.options)


def _method(evaluator: Expressions, node: ir.Call, func: ir.Attr, frame: Frame) -> Value:
    base = evaluator.eval(func.value, frame)
    arguments = _arguments(evaluator, node, frame)
    _guard_namespace(arguments, base, frame)
    results: list[Value] = []
    for option in base.options:
        if isinstance(option, Symbol) and not is_known(f"{option.dotted}.{func.name}"):
            for known in evaluator.force(Value((option,))).options:
                results.append(_method_of(evaluator, known, func.name, arguments, frame))
        else:
            results.append(_method_of(evaluator, option, func.name, arguments, frame))
    return union(results)


def _method_of(
    evaluator: Expressions, option: Option, name: str, arguments: Arguments, frame: Frame
) -> Value:
    match option:
        case Symbol(dotted="builtins.globals()" | "builtins.locals()" | "builtins.vars()"):
            return _globals_method(name, arguments, frame)
        case Symbol(dotted=dotted):
            return _call(evaluator, Symbol(f"{dotted}.{name}"), arguments, frame)
        case Instance(dotted=dotted) if dotted in ENVIRONMENTS:
            return read_environment(option, name, arguments)
        case Ref(target=Klass()):
            return union(
                _call(evaluator, found, arguments, frame)
                for found in evaluator.attribute(Value((option,)), name, frame).options
            )
    result = methods.call_method(evaluator, option, name, arguments.positional, arguments.keywords)
    return result if result is not None else default_or_unknown(name, arguments)


def _arguments(evaluator: Expressions, node: ir.Call, frame: Frame) -> Arguments:
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    complete = True
    for arg in node.args:
        if isinstance(arg, ir.Star):
            items, is_open = evaluator.iterate(evaluator.data(arg.value, frame))
            complete = complete and not is_open and all(item.certain for item in items)
            positional += [item.value for item in items]
        else:
            positional.append(evaluator.eval(arg, frame))
    for keyword in node.keywords:
        value = evaluator.eval(keyword.value, frame)
        if keyword.name is not None:
            keywords[keyword.name] = value.at(frame.place(keyword.value))
            continue
        option = evaluator.force(value).only
        if isinstance(option, Map):
            keywords |= {str(key): slot.value for key, slot in option.slots.items()}
        complete = complete and isinstance(option, Map) and not option.open
    return Arguments(positional, keywords, complete)


def _call(evaluator: Expressions, callee: Option, arguments: Arguments, frame: Frame) -> Value:
    match callee:
        case Symbol(dotted="builtins.globals" | "builtins.locals" | "builtins.vars") if (
            not arguments.positional
        ):
            return Value((Symbol(f"{callee.dotted}()"),))
        case Symbol(dotted=dotted):
            return _call_symbol(evaluator, dotted, arguments, frame)
        case Instance(dotted=dotted) if dotted in ENVIRONMENTS:
            return read_environment(callee, "__call__", arguments)
        case PathValue(path=text):  # django-environ's paths are called to join
            parts = ops.texts(evaluator.force(value) for value in arguments.positional)
            return unknown("path") if parts is None else ops.path(ops.join_path(text, *parts))
        case Ref(target=Func() as func):
            result = evaluator.call_function(func, arguments.positional, arguments.keywords)
            if result is None or not arguments.complete or isinstance(result.only, Unknown):
                return default_or_unknown(func.node.name, arguments)
            return result
        case Ref(target=Klass() as klass):
            return _instance(evaluator, klass, arguments)
    return default_or_unknown("", arguments)


def _call_symbol(evaluator: Expressions, dotted: str, arguments: Arguments, frame: Frame) -> Value:
    if dotted in ENVIRONMENTS:
        return Value((Instance(dotted, scheme_defaults(arguments.keywords)),))
    handler = HANDLERS.get(dotted)
    if handler is not None:
        forced = Arguments(
            [evaluator.force(value) for value in arguments.positional],
            {name: evaluator.force(value) for name, value in arguments.keywords.items()},
            arguments.complete,
        )
        return handler(evaluator, forced) if arguments.complete else unknown(f"{dotted}(*args)")
    if dotted in SETTING:
        frame.blur(f"{dotted} may set anything")
        return unknown(dotted)
    if dotted.startswith("configurations.values."):
        return configurations_value(arguments)
    resolved = evaluator.force(Value((Symbol(dotted),)))
    if resolved.only == Symbol(dotted):
        return default_or_unknown(dotted, arguments)
    return union(_call(evaluator, option, arguments, frame) for option in resolved.options)


def _guard_namespace(arguments: Arguments, callee: Value, frame: Frame) -> None:
    """A function that is given ``globals()`` may set anything."""
    given = (*arguments.positional, *arguments.keywords.values())
    if any(isinstance(value.only, Symbol) and value.only.dotted in NAMESPACES for value in given):
        known = isinstance(callee.only, Symbol) and callee.only.dotted in HANDLERS
        if not known:
            frame.blur("a function is given the namespace")


def _globals_method(name: str, arguments: Arguments, frame: Frame) -> Value:
    if name in _READING:
        key = arguments.positional[0].constant if arguments.positional else None
        found = frame.top.lookup(key) if isinstance(key, str) else None
        return found or arguments.get(1) or (const(None) if name == "get" else unknown("globals()"))
    if name in {"setdefault", "__setitem__"} and len(arguments.positional) == 2:
        key, value = arguments.positional[0].constant, arguments.positional[1]
        if isinstance(key, str):
            before = frame.top.state.names.get(key) if name == "setdefault" else None
            frame.top.state.names[key] = _first_set(before, value.at(frame.here))
            return frame.top.lookup(key) or unknown("globals()")
    if name == "update" and arguments.complete and _update_namespace(arguments, frame):
        return const(None)
    frame.blur(f"globals().{name}() may set anything")
    return unknown("globals()")


_READING = frozenset({"get", "keys", "values", "items", "copy", "__getitem__", "__contains__"})
"""Methods that leave a namespace as it is."""


def _first_set(before: Value | None, value: Value) -> Value:
    """What ``setdefault`` leaves: `value` where nothing was set."""
    if before is None:
        return value
    absent = any(isinstance(option, Missing) for option in before.options)
    return union((present(before), value)) if absent else before


def _update_namespace(arguments: Arguments, frame: Frame) -> bool:
    """``globals().update(...)``; False, with nothing changed, when it cannot be told what that sets."""
    added = dict(arguments.keywords)
    for value in arguments.positional:
        option = value.only
        if (
            not isinstance(option, Map)
            or option.open
            or not all(isinstance(key, str) for key in option.slots)
        ):
            return False
        for key, slot in option.slots.items():
            before = frame.top.state.names.get(str(key), MISSING)
            added.setdefault(str(key), slot.value if slot.certain else union((before, slot.value)))
    for key, value in added.items():
        frame.top.state.names[key] = value if value.places else value.at(frame.here)
    return True


def _instance(evaluator: Expressions, klass: Klass, arguments: Arguments) -> Value:
    """An object of a project's class: what the class sets is what its attributes are by default."""
    fields: dict[str, Value] = {}
    for ancestor in ancestors(evaluator, klass):
        if isinstance(ancestor, Klass):
            fields = {**ancestor.names, **fields}
        elif ancestor in ENVIRONMENTS:
            return Value((Instance(ancestor, scheme_defaults(arguments.keywords)),))
    plain = {name: value for name, value in fields.items() if not isinstance(value.only, Ref)}
    return Value((Instance(klass.dotted, {**plain, **arguments.keywords}),))
