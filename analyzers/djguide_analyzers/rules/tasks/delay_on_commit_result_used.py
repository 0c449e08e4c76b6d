"""The result of a call that waits for the commit is used: there is none yet."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_on_commit import ON_COMMIT_METHODS, missing_on_commit
from djguide_analyzers.rules.celery_tasks import task_named
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope

RULE = Rule(
    summary="`delay_on_commit()` returns nothing, but its result is used",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)


def check(file: FileContext) -> Iterator[Hit]:
    for scope in file.scopes:
        calls = [(call, code) for call, code in scope.nodes(ir.Call) if _is_on_commit(call)]
        names = of_scope(file, scope) if calls else None
        for call, code in calls:
            assert names is not None and isinstance(call.func, ir.Attr)
            task = task_named(names, code, call.func.value)
            if task is None or missing_on_commit(file.project, task) is not None:
                continue
            if not _is_used(scope, names, call) or _is_redefined(file):
                continue
            yield Hit(
                file.place(code, call),
                f"`{call.func.name}()` only remembers what to do with the commit: it returns None, so there is no "
                "result to use",
                fixes=(Fix("Choose the id beforehand, with `task_id=`", Safety.MANUAL),),
            )


def _is_on_commit(call: ir.Call) -> bool:
    return isinstance(call.func, ir.Attr) and call.func.name in ON_COMMIT_METHODS


def _is_redefined(file: FileContext) -> bool:
    """Whether a class of the project has methods of these names, which may return something."""
    classes = (cls for module in file.project.modules.values() for cls in module.classes())
    return any(cls.member(name) is not None for cls in classes for name in ON_COMMIT_METHODS)


def _is_used(scope: Scope, names: Names, call: ir.Call) -> bool:
    """Whether an attribute of the result is read, at once or through the only variable that holds it."""
    if any(attribute.value is call for attribute, _ in scope.nodes(ir.Attr)):
        return True
    for node, _ in scope.nodes(ir.Assign):
        if node.value is not call or len(node.targets) != 1 or not isinstance(node.targets[0], ir.Name):
            continue
        name = node.targets[0].id
        held = names.value(name)
        return held is not None and held[0] is call and _is_read(scope, name)
    return False


def _is_read(scope: Scope, name: str) -> bool:
    return any(
        isinstance(attribute.value, ir.Name) and attribute.value.id == name
        for attribute, _ in scope.nodes(ir.Attr)
    )
