"""A key of ``DATABASES`` is set as if it were a setting of its own."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.places import line_end, line_start
from djguide_analyzers.rules.setting_files import Assignment, assignments, is_read, is_settings_file
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range

RULE = Rule(
    summary="`ATOMIC_REQUESTS` or another key of `DATABASES` is a setting of its own, which Django ignores",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_KEYS = (
    "ATOMIC_REQUESTS",
    "AUTOCOMMIT",
    "CONN_HEALTH_CHECKS",
    "CONN_MAX_AGE",
    "DISABLE_SERVER_SIDE_CURSORS",
)


def check(file: FileContext) -> Iterator[Hit]:
    if not is_settings_file(file):
        return
    for assignment in assignments(file, *_KEYS):
        if is_read(file, assignment.name):
            continue
        yield Hit(
            file.place(assignment.code, assignment.node),
            f"Django reads `{assignment.name}` from the entries of `DATABASES` only; as a setting of its "
            "own it has "
            "no effect",
            fixes=(_fix(file, assignment),),
        )


def _fix(file: FileContext, assignment: Assignment) -> Fix:
    title = "Move it into `DATABASES`"
    edits = _into_display(file, assignment) or _as_item(file, assignment)
    return Fix(title, Safety.REVIEW, tuple(edits)) if edits else Fix(title, Safety.MANUAL)


def _databases(file: FileContext, assignment: Assignment) -> list[Assignment]:
    """The assignments of ``DATABASES`` in the same class, or at the same module's top level."""
    found = list(assignments(file, "DATABASES"))
    same = [each for each in found if each.block is assignment.block]
    top = [each for each in found if len(each.block) == 1 or each.code.chunk is not assignment.code.chunk]
    return same or [each for each in top if not each.conditional]


def _into_display(file: FileContext, assignment: Assignment) -> list[Edit] | None:
    """Add the key to the written dictionary of the default database, and take the setting out."""
    databases = _databases(file, assignment)
    line = line_start(file, assignment.code, assignment.node)
    if len(databases) != 1 or line is None or not isinstance(assignment.value, ir.Const):
        return None
    default = _entry(databases[0].value, "default")
    if not isinstance(default, ir.Dict) or not default.values or _entry(default, assignment.name) is not None:
        return None
    code = databases[0].code
    last, whole = code.range(default.values[-1]), code.range(default)
    between = file.slice(Range(last.end, whole.end))
    if "#" in between:
        return None
    item = f'"{assignment.name}": {file.text(assignment.code, assignment.value)}'
    if "\n" in between:
        indent = file.lines.line(last.start.line)
        column = len(indent) - len(indent.lstrip())
        key = default.keys[-1]
        column = code.range(key).start.column if key is not None else column
        after = "" if between.lstrip().startswith(",") else ","
        edit = insert(file, line_end(file, last.end), f"{after}\n{' ' * column}{item},")
    else:
        after = Position(whole.end.line, whole.end.column - 1)
        comma = "" if between.lstrip().startswith(",") else ","
        edit = insert(file, after if not comma else last.end, f"{comma} {item}")
    return [edit, _removal(file, assignment)]


def _removal(file: FileContext, assignment: Assignment) -> Edit:
    """Take the assignment's lines out."""
    range_ = assignment.code.range(assignment.node)
    return replace(file, Range(Position(range_.start.line, 0), Position(range_.end.line + 1, 0)), "")


def _as_item(file: FileContext, assignment: Assignment) -> list[Edit] | None:
    """Set the key behind the assignment of ``DATABASES``."""
    node, code = assignment.node, assignment.code
    if len(node.targets) != 1 or node.annotation is not None:
        return None
    here = code.range(node).start
    before = [each for each in _databases(file, assignment) if each.code.range(each.node).start < here]
    inherited = bool(file.module.symbols.stars) and not file.module.symbols.names.get("DATABASES")
    if not before and not inherited:
        return None
    return [replace(file, code.range(node.targets[0]), f'DATABASES["default"]["{assignment.name}"]')]


def _entry(node: ir.Expr, name: str) -> ir.Expr | None:
    if not isinstance(node, ir.Dict):
        return None
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ir.Const) and key.value == name:
            return value
    return None
