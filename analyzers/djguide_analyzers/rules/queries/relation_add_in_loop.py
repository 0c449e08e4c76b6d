"""Objects are added to a relation one by one."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.loop_writes import Written, loop_writes, names_used
from djguide_analyzers.trace.values import Mapping

RULE = Rule(
    summary="`relation.add(object)` in a loop checks and inserts one link at a time",
    severity=Severity.INFO,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for written in loop_writes(file, scope, "add"):
        loop, func = written.loop, written.call.func
        if loop is None or not isinstance(func, ir.Attr) or not isinstance(func.value, ir.Attr):
            continue
        if len(written.call.args) != 1 or isinstance(written.call.args[0], ir.Star):
            continue
        if _bound(loop) & {node.id for node in walk(func.value) if isinstance(node, ir.Name)}:
            continue  # another relation in each round
        yield Hit(
            file.place(written.code, written.call),
            "Each `add()` looks whether the link exists and inserts it: one call takes all objects at once",
            fixes=(_fix(file, scope, written, loop),),
        )


def _bound(loop: ir.For) -> set[str]:
    """Names that change from round to round."""
    found = {node.id for node in walk(loop.target) if isinstance(node, ir.Name)}
    for node in walk(loop.body):
        targets = []
        if isinstance(node, ir.Assign):
            targets = node.targets
        elif isinstance(node, (ir.For, ir.AugAssign)):
            targets = [node.target]
        elif isinstance(node, ir.With):
            targets = [item.target for item in node.items if item.target is not None]
        found |= {inner.id for target in targets for inner in walk(target) if isinstance(inner, ir.Name)}
    return found


def _fix(file: FileContext, scope: Scope, written: Written, loop: ir.For) -> Fix:
    title, code, argument = "Add all at once", written.code, written.call.args[0]
    func = written.call.func
    assert isinstance(func, ir.Attr)
    simple = (
        len(loop.body) == 1
        and loop.body[0] is written.statement
        and isinstance(written.statement, ir.ExprStmt)
        and written.statement.value is written.call
        and not written.call.keywords
        and not loop.orelse
        and isinstance(loop.target, ir.Name)
        and isinstance(argument, ir.Name)
        and argument.id == loop.target.id
    )
    if not simple or not isinstance(loop.target, ir.Name):
        return Fix(title, Safety.MANUAL)
    name = loop.target.id
    body = scope.function.statements if scope.function is not None else []
    if names_used(body, name) != names_used(loop, name):
        return Fix(title, Safety.MANUAL)
    given = loop.iter
    if isinstance(given, (ir.IfExp, ir.Bool, ir.Lambda)) or isinstance(scope.value(code, given), Mapping):
        return Fix(title, Safety.MANUAL)
    text = f"{file.text(code, func)}(*{file.text(code, given)})"
    return Fix(title, Safety.SAFE, (replace(file, code.range(loop), text),))
