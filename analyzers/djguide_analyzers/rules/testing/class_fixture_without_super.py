"""``setUpClass()`` or ``tearDownClass()`` of a test case forgets the parent's."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
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

_SIMPLE = "django.test.testcases.SimpleTestCase"
_TEST_CASE = "django.test.testcases.TestCase"
_NAMES = ("setUpClass", "tearDownClass")


def check(file: FileContext) -> Iterator[Hit]:
    for cls in file.classes():
        if not file.project.resolver.is_subclass(cls, _SIMPLE):
            continue
        found = [method for name in _NAMES if (method := _forgetful(file, cls, name)) is not None]
        for method in found:
            yield Hit(
                name_place(file, method.code, method.node),
                f"`{method.name}()` does not call the parent's: {_harm(file, cls, method.name)}",
                fixes=(_joint_fix(file, found),),
            )


def _forgetful(file: FileContext, cls: ClassInfo, name: str) -> FunctionInfo | None:
    """The method `name` of `cls` when it leaves out a parent's that does something."""
    method = cls.member(name)
    if not isinstance(method, FunctionInfo) or _calls_parent(method) or _is_skipped(method):
        return None
    parents = file.project.resolver.mro(cls)[1:]
    return method if any(isinstance(base, ClassInfo) and _has(base, name) for base in parents) else None


def _has(cls: ClassInfo, name: str) -> bool:
    """Whether a class has a method `name` of its own that is not unittest's, which does nothing."""
    return not cls.dotted.startswith("unittest.") and isinstance(cls.member(name), FunctionInfo)


def _harm(file: FileContext, cls: ClassInfo, name: str) -> str:
    with_rows = file.project.resolver.is_subclass(cls, _TEST_CASE)
    if name == "tearDownClass":
        return "that one ends what the parent's `setUpClass()` begins, its transaction first of all"
    if with_rows:
        return "fixtures and `setUpTestData()` are left out, and no transaction takes back what this method writes"
    return "settings overridden for the class do not apply, and queries that it may not run are not refused"


def _calls_parent(method: FunctionInfo) -> bool:
    return any(isinstance(node, ir.Attr) and node.name == method.name for node in walk(method.statements))


def _is_skipped(method: FunctionInfo) -> bool:
    """Whether the method does nothing but raise, say to skip the class."""
    return len(method.statements) == 1 and isinstance(method.statements[0], ir.Raise)


def _joint_fix(file: FileContext, methods: list[FunctionInfo]) -> Fix:
    """One fix for all: ending what was never begun fails, and so does beginning what nobody ends."""
    fixes = [_fix(file, method) for method in methods]
    title = " and ".join(
        fix.title if n == 0 else fix.title.removeprefix("Call ") for n, fix in enumerate(fixes)
    )
    if any(fix.safety is Safety.MANUAL for fix in fixes):
        return Fix(title, Safety.MANUAL)
    return Fix(title, Safety.SAFE, tuple(edit for fix in fixes for edit in fix.edits))


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
