"""A migration asks for a model of an application that it does not depend on."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.rules.app_migrations import apps_before, models_asked_for, own_migrations
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import Dependency, is_newest, migration_class

RULE = Rule(
    summary="A migration asks for a model of an application that it does not depend on",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)


def check(file: FileContext) -> Iterator[Hit]:
    cls = migration_class(file.project, file.module)
    calls = list(models_asked_for(file)) if cls is not None else []
    if cls is None or not calls or not is_newest(file):
        return
    known = own_migrations(file)
    own = next((each for each, other in known.items() if other is cls), None)
    before = apps_before(file, own, known) if own is not None else None
    if own is None or before is None:
        return
    told: set[str] = set()
    for call, label, name in calls:
        there = {migration for app, migration in known if app == label}
        if (
            label in before | told | {own[0]}
            or not there
            or file.project.graph.get(f"{label}.{name}") is None
        ):
            continue
        told.add(label)
        yield Hit(
            file.place(_code(file, call), call),
            f"No migration of `{label}` is sure to run before this one: on a new database `{label}.{name}` may not "
            "be there yet, which is a LookupError",
            fixes=(_fix(file, cls, own, label, known),),
            data={"app": label},
        )


def _code(file: FileContext, call: ir.Call) -> Code:
    return next(code for scope in file.scopes for node, code in scope.nodes(ir.Call) if node is call)


def _fix(
    file: FileContext, cls: ClassInfo, own: Dependency, label: str, known: dict[Dependency, ClassInfo]
) -> Fix:
    """Depend on the newest migration of the other application, unless that comes behind this one."""
    title = f"Depend on a migration of `{label}`"
    names = sorted(name for app, name in known if app == label)
    value = cls.member("dependencies")
    before = apps_before(file, (label, names[-1]), known)
    if (
        before is None
        or own[0] in before
        or not isinstance(value, Value)
        or not isinstance(value.expr, ir.Display)
    ):
        return Fix(title, Safety.MANUAL)
    items = value.expr.items
    if not items:
        return Fix(title, Safety.MANUAL)
    last = value.code.range(items[-1])
    line = file.lines.line(last.start.line)
    indent = line[: last.start.column]
    gap = " " if indent.strip() else f"\n{indent}"
    text = f',{gap}("{label}", "{names[-1]}")'
    return Fix(title, Safety.REVIEW, (insert(file, last.end, text),))
