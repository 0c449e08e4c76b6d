"""An asynchronous view in a project whose requests are transactions."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.access import decorations
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.routes import routes
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position

RULE = Rule(
    summary="Django refuses asynchronous views where ATOMIC_REQUESTS is on",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_KNOWN = ("django.contrib.auth.decorators.", "django.views.decorators.")


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or not _is_atomic(file):
        return
    routed = routes(file.project).functions
    for info in file.module.functions():
        if not info.node.is_async or info not in routed:
            continue
        names = [name for name, _ in decorations(file, info.code, info.node.decorators)]
        if len(names) == len(info.node.decorators) and all(name.startswith(_KNOWN) for name in names):
            edits = _edits(file, info)
            title = "Keep the view out of the transaction"
            yield Hit(
                name_place(file, info.code, info.node),
                f"`{info.name}` is asynchronous, and `ATOMIC_REQUESTS` is on: Django raises RuntimeError instead "
                "of calling it",
                fixes=(Fix(title, Safety.MANUAL) if edits is None else Fix(title, Safety.REVIEW, edits),),
            )


def _is_atomic(file: FileContext) -> bool:
    databases = file.project.settings.get("DATABASES")
    return databases.item("default").item("ATOMIC_REQUESTS").constant is True


def _edits(file: FileContext, info: FunctionInfo) -> tuple[Edit, ...] | None:
    imported = import_name(file, "django.db.transaction", "non_atomic_requests")
    if imported is None:
        return None
    spelled, edits = imported
    line = info.code.range(info.node).start.line
    first = name_place(file, info.code, info.node).range.start.line
    if info.node.decorators:
        line = info.code.range(info.node.decorators[0]).start.line
    return (*edits, insert(file, Position(min(line, first), 0), f"@{spelled}\n"))
