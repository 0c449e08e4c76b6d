"""The REST framework lets anybody in where a view says nothing."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.setting_files import assignments, is_settings_file, role
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="`REST_FRAMEWORK` has no default permissions, so views that say nothing are open to all",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_KEY = "DEFAULT_PERMISSION_CLASSES"
_OPEN = "rest_framework.permissions.AllowAny"
_CLOSED = "rest_framework.permissions.IsAuthenticated"


def check(file: FileContext) -> Iterator[Hit]:
    if not is_settings_file(file) or role(file) == "development" or file.project.settings.open:
        return
    for assignment in assignments(file, "REST_FRAMEWORK"):
        value = assignment.value
        if not isinstance(value, ir.Dict) or None in value.keys:
            continue
        entry = next(
            (
                (key, item)
                for key, item in zip(value.keys, value.values, strict=True)
                if isinstance(key, ir.Const) and key.value == _KEY
            ),
            None,
        )
        if entry is None:
            if not _is_set_later(file):
                yield _hit(file, assignment.code, assignment.node, _added(file, assignment.code, value))
        elif (open_ := _open(entry[1])) is not None and entry[0] is not None:
            edit = replace(file, assignment.code.range(open_), f'"{_CLOSED}"')
            yield _hit(
                file, assignment.code, entry[0], Fix("Ask for a login by default", Safety.REVIEW, (edit,))
            )


def _hit(file: FileContext, code: Code, node: ir.Node, fix: Fix) -> Hit:
    return Hit(
        file.place(code, node),
        "Views without `permission_classes` of their own are open to everybody, writing included",
        fixes=(fix,),
    )


def _open(value: ir.Expr) -> ir.Expr | None:
    items = value.items if isinstance(value, ir.Display) else []
    return (
        items[0] if len(items) == 1 and isinstance(items[0], ir.Const) and items[0].value == _OPEN else None
    )


def _is_set_later(file: FileContext) -> bool:
    """Whether the key is given some other way: ``REST_FRAMEWORK[...] = ...``, or by other settings."""
    for module in file.project.modules.values():
        for chunk in module.facts.chunks:
            for node in walk(chunk.outline):
                if isinstance(node, ir.Const) and node.value == _KEY:
                    return True
    return False


def _added(file: FileContext, code: Code, value: ir.Dict) -> Fix:
    title = "Ask for a login by default"
    item = f'"{_KEY}": ["{_CLOSED}"]'
    if not value.values:
        return Fix(title, Safety.REVIEW, (replace(file, code.range(value), f"{{{item}}}"),))
    key = value.keys[0]
    if key is None:
        return Fix(title, Safety.MANUAL)
    start = code.range(key).start
    before = file.slice(Range(start._replace(column=0), start))
    separator = f",\n{before}" if not before.strip() else ", "
    return Fix(title, Safety.REVIEW, (insert(file, start, item + separator),))
