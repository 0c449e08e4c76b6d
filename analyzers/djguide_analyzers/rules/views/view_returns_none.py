"""A way through a view ends without a response."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.access import decorations, is_view_class
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.guards import falls_through
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.routes import routes

RULE = Rule(
    summary="A way through a view ends without a response",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)

_HANDLERS = ("get", "post", "put", "patch", "delete")
_KNOWN = ("django.contrib.", "django.views.decorators.", "django.db.transaction.", "django.utils.decorators.")
_RAISING = re.compile(r"raise|abort|fail|deny|exit|throw|forbid|error|reject", re.IGNORECASE)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    routed = routes(file.project).functions
    for info in file.module.functions():
        if info in routed and _is_open(file, info):
            yield _hit(file, info)
    for cls in file.classes():
        handlers = [info for info in map(cls.member, _HANDLERS) if isinstance(info, FunctionInfo)]
        if handlers and is_view_class(file, cls) and file.project.resolver.fully_known(cls):
            yield from (_hit(file, info) for info in handlers if _is_open(file, info))


def _is_open(file: FileContext, info: FunctionInfo) -> bool:
    """Whether the end of a function that returns something elsewhere may be reached."""
    found = list(decorations(file, info.code, info.node.decorators, info.owner))
    if len(found) != len(info.node.decorators) or not all(name.startswith(_KNOWN) for name, _ in found):
        return False
    body = info.statements
    if any(isinstance(node, (ir.Yield, ir.Match)) for node in walk(body)):
        return False
    if not any(isinstance(node, ir.Return) and node.value is not None for node in walk(body)):
        return False  # perhaps an abstract one
    given = {param.name for param in info.node.params.items} - {"self", "request"}
    return falls_through(body) and not _ends_otherwise(body[-1], given) and not _answers_by_method(body)


def _answers_by_method(body: list[ir.Stmt]) -> bool:
    """Whether several ``if`` in a row answer one method of the request each: those may be all that get here."""
    tests = [node for node in body if isinstance(node, ir.If) and not node.orelse]
    answered = [node for node in tests if _asks_what_for(node.test, set()) and not falls_through(node.body)]
    return len(answered) > 1 and answered[-1] is body[-1]


def _ends_otherwise(last: ir.Stmt, given: set[str]) -> bool:
    """Whether the last statement leaves in a way that is not seen here, or tells apart what the address decides.

    `given` are the arguments that come from the address, whose pattern may let nothing else through.
    """
    match last:
        case ir.ExprStmt(value=ir.Call(func=func)):
            name = func.id if isinstance(func, ir.Name) else getattr(func, "name", "")
            return _RAISING.search(name) is not None
        case ir.If(body=body, orelse=orelse):
            if _tells_requests_apart(last, given):
                return True
            inner = [block[-1] for block in (body, orelse) if block and falls_through(block)]
            return bool(inner) and bool(orelse) and all(_ends_otherwise(each, given) for each in inner)
        case ir.With() | ir.Try() | ir.While():
            return True
    return False


def _tells_requests_apart(node: ir.If, given: set[str]) -> bool:
    """Whether the branches of an ``if`` are for one method or one argument each: those may be all that get here."""
    if not _asks_what_for(node.test, given) or falls_through(node.body):
        return False
    match node.orelse:
        case [ir.If() as other]:
            last = not other.orelse and _asks_what_for(other.test, given)
            return last or _tells_requests_apart(other, given)
    return False


def _asks_what_for(test: ir.Expr, given: set[str]) -> bool:
    """Whether a test asks for the method of the request, or compares an argument with what it may be."""
    if any(isinstance(node, ir.Attr) and node.name == "method" for node in walk(test)):
        return True
    match test:
        case ir.Compare(left=ir.Name(id=name), ops=["==" | "in"], rights=[value]):
            values = value.items if isinstance(value, ir.Display) else [value]
            return name in given and all(isinstance(each, ir.Const) for each in values)
    return False


def _hit(file: FileContext, info: FunctionInfo) -> Hit:
    return Hit(
        name_place(file, info.code, info.node),
        f"`{info.name}` may end without a response: Django raises ValueError then, and the visitor sees an error",
        fixes=(Fix("Return a response on every way", Safety.MANUAL),),
    )
