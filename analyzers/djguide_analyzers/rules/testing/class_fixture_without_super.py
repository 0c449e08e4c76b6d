"""``setUpClass()`` or ``tearDownClass()`` of a test case forgets the parent's."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.guards import falls_through
from djguide_analyzers.rules.places import line_end, line_start, name_place

RULE = Rule(
    summary="`setUpClass()` or `tearDownClass()` of a Django test case does not call the parent's",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_TEST_CASE = "django.test.testcases.SimpleTestCase"
_HARM = {
    "setUpClass": "the class has no transaction around its tests, and their rows stay behind",
    "tearDownClass": "what `setUpClass()` has begun, its transaction first of all, is never ended",
}


def check(file: FileContext) -> Iterator[Hit]:
    for cls in file.classes():
        if not file.project.resolver.is_subclass(cls, _TEST_CASE):
            continue
        for name, harm in _HARM.items():
            method = cls.member(name)
            if isinstance(method, FunctionInfo) and not _calls_parent(method) and not _is_skipped(method):
                yield Hit(
                    name_place(file, method.code, method.node),
                    f"`{name}()` does not call the parent's: {harm}",
                    fixes=(_fix(file, method),),
                )


def _calls_parent(method: FunctionInfo) -> bool:
    return any(isinstance(node, ir.Attr) and node.name == method.name for node in walk(method.statements))


def _is_skipped(method: FunctionInfo) -> bool:
    """Whether the method does nothing but raise, say to skip the class."""
    return len(method.statements) == 1 and isinstance(method.statements[0], ir.Raise)


def _fix(file: FileContext, method: FunctionInfo) -> Fix:
    title = f"Call `super().{method.name}()`"
    code, statements = method.body_code, method.statements
    call = f"super().{method.name}()"
    first = statements[0]
    documented = isinstance(first, ir.ExprStmt) and isinstance(first.value, ir.Const)
    only = statements[1:] if documented else statements
    if len(only) == 1 and isinstance(only[0], ir.Jump):
        return Fix(title, Safety.SAFE, (replace(file, code.range(only[0]), call),))
    place = line_start(file, code, only[0]) if only else None
    if place is None:
        return Fix(title, Safety.MANUAL)
    if method.name == "setUpClass":
        return Fix(title, Safety.SAFE, (insert(file, place[1], f"{place[0]}{call}\n"),))
    if not falls_through(statements) or any(isinstance(node, ir.Return) for node in walk(statements)):
        return Fix(title, Safety.MANUAL)
    end = line_end(file, code.range(statements[-1]).end)
    return Fix(title, Safety.SAFE, (insert(file, end, f"\n{place[0]}{call}"),))
