"""A test calls an assertion that Django has taken away."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="A test calls an assertion that Django no longer has",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
    django=">=5.1",
)

_RENAMED = {
    "assertQuerysetEqual": ("assertQuerySetEqual", "django.test.testcases.TransactionTestCase"),
    "assertFormsetError": ("assertFormSetError", "django.test.testcases.SimpleTestCase"),
}
"""The new name of each, and the class that has it."""


def check(file: FileContext) -> Iterator[Hit]:
    resolver = file.project.resolver
    for scope in file.scopes:
        called = [(call, code) for call, code in scope.nodes(ir.Call) if _name(call) in _RENAMED]
        owner = _method(scope.function).owner if called and scope.function is not None else None
        if owner is None:
            continue
        for call, code in called:
            func, name = call.func, _name(call)
            assert isinstance(func, ir.Attr)
            new, home = _RENAMED[name]
            if not _is_plain(file, owner, home) or resolver.class_attribute(owner, name) is not None:
                continue  # the project may keep it under the old name
            yield Hit(
                file.place(code, func),
                f"`{name}()` was removed in Django 5.1: this is an AttributeError",
                fixes=(Fix(f"Call `{new}()`", Safety.SAFE, (replace(file, code.name_range(func), new),)),),
            )


def _is_plain(file: FileContext, owner: ClassInfo, home: str) -> bool:
    """Whether a class derives from Django's class `home`, and all that it derives from is known."""
    bases = file.project.resolver.mro(owner)
    known = all(
        isinstance(base, ClassInfo) or base.dotted.startswith(("unittest.", "builtins.")) for base in bases
    )
    return known and any(base.dotted == home for base in bases)


def _name(call: ir.Call) -> str:
    """The method that is called on ``self``."""
    func = call.func
    own = isinstance(func, ir.Attr) and isinstance(func.value, ir.Name) and func.value.id == "self"
    return func.name if own and isinstance(func, ir.Attr) else ""


def _method(info: FunctionInfo) -> FunctionInfo:
    """The method that a function is, or is nested in."""
    while info.parent is not None:
        info = info.parent
    return info
