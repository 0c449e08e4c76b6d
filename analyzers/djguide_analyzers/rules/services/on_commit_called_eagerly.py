"""``on_commit`` is given the result of a call instead of something to call."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, import_name, insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import (
    AbstractValue,
    BoundMethod,
    Constant,
    ExternalValue,
    FunctionValue,
    QuerySetValue,
    Row,
    Scalar,
)

RULE = Rule(
    summary="`on_commit()` gets the result of a call, which has run before the commit",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_ON_COMMIT = "django.db.transaction.on_commit"
_CACHE_METHODS = (
    "set",
    "add",
    "delete",
    "touch",
    "incr",
    "decr",
    "clear",
    "set_many",
    "delete_many",
    "delete_pattern",
)
_HTTP_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_OWN_LINE = re.compile(r"[ \t]*(?:\r\n|\r|\n)([ \t]*)")
_WORKS_AT_ONCE = frozenset(
    {
        "django.core.mail.mail_admins",
        "django.core.mail.mail_managers",
        "django.core.mail.message.EmailMessage.send",
        "django.core.mail.send_mail",
        "django.core.mail.send_mass_mail",
        "django.core.management.call_command",
        "django.dispatch.dispatcher.Signal.send",
        "django.dispatch.dispatcher.Signal.send_robust",
        *(f"django.core.cache.cache.{name}" for name in _CACHE_METHODS),
        *(f"{package}.{name}" for package in ("requests", "httpx") for name in _HTTP_METHODS),
    }
)
"""What libraries do on the spot, returning nothing that could be called later."""
_DISPATCHES = frozenset({"delay", "apply_async", "delay_on_commit", "enqueue"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for node, code in scope.nodes(ir.Call):
        func = scope.value(code, node.func)
        if isinstance(func, FunctionValue) and func.info.dotted == _ON_COMMIT:
            callback = node.args[0] if node.args else node.keyword("func")
            if isinstance(callback, ir.Call) and _is_done(file, scope, code, callback):
                yield _hit(file, code, node, callback)


def _is_done(file: FileContext, scope: Scope, code: Code, call: ir.Call) -> bool:
    """Whether `call` does its work at once and certainly returns nothing to call later."""
    result = scope.value(code, call)
    if isinstance(result, (Constant, Scalar, Row, QuerySetValue)):
        return True
    func = scope.value(code, call.func)
    if _known_name(file, code, call, func) in _WORKS_AT_ONCE or _is_dispatch(file, call, func):
        return True
    return isinstance(func, (FunctionValue, BoundMethod)) and _returns_nothing(func.info)


def _known_name(file: FileContext, code: Code, call: ir.Call, func: AbstractValue) -> str | None:
    """Dotted name of the library's function or method that is called."""
    if isinstance(func, (FunctionValue, BoundMethod)):
        return func.info.dotted
    if isinstance(func, ExternalValue):
        return func.dotted
    if isinstance(call.func, ir.Attr):
        receiver = file.resolve(code, call.func.value)
        return f"{receiver}.{call.func.name}" if receiver is not None else None
    return None


def _is_dispatch(file: FileContext, call: ir.Call, func: AbstractValue) -> bool:
    """Whether a background task is sent off: ``task.delay(...)`` and its like."""
    if not isinstance(call.func, ir.Attr) or call.func.name not in _DISPATCHES:
        return False
    return not isinstance(func, ExternalValue) or not func.dotted.startswith("functools.")


def _returns_nothing(info: FunctionInfo) -> bool:
    """Whether a function of the project has no value to return."""
    if info.module.origin != "project" or info.node.is_generator or info.node.is_async:
        return False
    if info.node.returns is not None:
        return isinstance(info.node.returns, ir.Const) and info.node.returns.value is None
    if info.node.decorators:
        return False
    return not any(isinstance(node, ir.Return) and node.value is not None for node in walk(info.statements))


def _hit(file: FileContext, code: Code, node: ir.Call, callback: ir.Call) -> Hit:
    func = file.text(code, callback.func)
    return Hit(
        file.place(code, node),
        f"`{func}(…)` runs right here, before the commit, and `on_commit` gets what it returns instead of a "
        "callback: Django refuses it with a TypeError, and the transaction fails",
        fixes=(_fix(file, code, callback),),
    )


def _fix(file: FileContext, code: Code, callback: ir.Call) -> Fix:
    whole, inside = code.range(callback), arguments_range(file, code, callback)
    opening = Range(inside.start._replace(column=inside.start.column - 1), inside.start)
    if not callback.args and not callback.keywords:
        title = "Hand over the function itself"
        if file.slice(inside).strip():  # a comment
            return Fix(title, Safety.MANUAL)
        return Fix(title, Safety.SAFE, (replace(file, Range(opening.start, whole.end), ""),))
    title = "Hand over the call with `partial`"
    imported = import_name(file, "functools", "partial")
    if imported is None:
        return Fix(title, Safety.MANUAL)
    name, imports = imported
    own_lines = _OWN_LINE.match(file.slice(inside))
    before, after = (f"(\n{own_lines[1]}", ",") if own_lines else ("(", ", ")
    edits = (insert(file, whole.start, name + before), replace(file, opening, after), *imports)
    return Fix(title, Safety.SAFE, edits)
