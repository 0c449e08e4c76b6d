"""Fixes that put code into a transaction: a decorator, or a block around some statements."""

from __future__ import annotations

from collections.abc import Collection

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import bound_name, import_name, insert
from djguide_analyzers.rules.effects import leaves_database
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.nodes import blocks
from djguide_analyzers.rules.places import line_start, name_place
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position

_ERRORS = ("IntegrityError", "DatabaseError", "OperationalError", "DataError", "Error",
           "Exception", "BaseException")  # fmt: skip
_MANUAL = "Put the writes into one `transaction.atomic()`"


def in_transaction(
    file: FileContext,
    body: Body,
    first: ir.Node,
    last: ir.Node,
    using: str | None = None,
    safety: Safety = Safety.REVIEW,
    kept_out: Collection[int] = (),
) -> Fix:
    """Run what stands from `first` to `last` in one transaction, by a decorator where that suits the function.

    `using` is the alias of another database than the default one, as it is written. `kept_out` are calls, by node,
    that enter code which should not run inside of a transaction.
    """
    info = body.info
    manual = Fix(_MANUAL, Safety.MANUAL)
    if info.node.is_async or info.node.is_generator or info.module.path != file.path:
        return manual
    run = _between(body, first, last)
    if run is None or any(_is_refused(body, statement, kept_out) for statement in run):
        return manual
    atomic = atomic_name(file)
    if atomic is None:
        return manual
    argument = f'"{using}"' if using is not None else ""
    whole = not any(_is_refused(body, statement, kept_out) for statement in body.statements)
    if using is None and info.parent is None and whole:
        edit = _decorator(file, info, f"@{atomic[0]}")
        if edit is not None:
            return Fix("Run the function in a transaction", safety, (edit, *atomic[1]))
    edits = under(file, body, run, f"with {atomic[0]}({argument}):")
    if edits is None:
        return manual
    return Fix("Run the writes in a transaction", safety, (*edits, *atomic[1]))


def atomic_name(file: FileContext) -> tuple[str, list[Edit]] | None:
    """How to write ``atomic`` in `file`, and the edits that import it; None when the name means something else."""
    bound = bound_name(file, "django.db.transaction", "atomic")
    if bound is not None:
        return bound, []
    transaction = import_name(file, "django.db", "transaction")
    return (f"{transaction[0]}.atomic", transaction[1]) if transaction is not None else None


def _is_refused(body: Body, statement: ir.Stmt, kept_out: Collection[int]) -> bool:
    """Whether a statement should not become part of a transaction by an edit alone."""
    for node in walk(statement):
        if isinstance(node, ir.Handler) and (node.type is None or _catches_errors(node.type)):
            return True
        if isinstance(node, ir.Call) and (node.at in kept_out or leaves_database(body, node) is not None):
            return True
    return False


def _catches_errors(node: ir.Expr) -> bool:
    """Whether errors of the database are among those that a handler names."""
    return any(isinstance(part, (ir.Name, ir.Attr)) and _last(part) in _ERRORS for part in walk(node))


def _last(node: ir.Name | ir.Attr) -> str:
    return node.id if isinstance(node, ir.Name) else node.name


def _between(body: Body, first: ir.Node, last: ir.Node) -> list[ir.Stmt] | None:
    """The statements of the innermost block that hold both nodes, from the first to the last."""
    found: list[ir.Stmt] | None = None
    for block in blocks(body.statements):
        numbers = [
            next((n for n, each in enumerate(block) if contains(each, node)), None) for node in (first, last)
        ]
        if None not in numbers:
            start, end = sorted(number for number in numbers if number is not None)
            found = block[start : end + 1]
    return found


def _decorator(file: FileContext, info: FunctionInfo, text: str) -> Edit | None:
    place = name_place(file, info.code, info.node)
    start = place.range.start
    indent = file.lines.line(start.line)[: start.column]
    if indent.strip():
        return None
    return insert(file, start, f"{text}\n{indent}")


def under(file: FileContext, body: Body, run: list[ir.Stmt], head: str) -> list[Edit] | None:
    """Edits that put statements under `head`; None where they do not stand on lines of their own."""
    begin = line_start(file, body.code, run[0])
    if begin is None:
        return None
    indent, position = begin
    end = body.code.range(run[-1]).end
    rest = file.lines.line(end.line)[end.column :].strip()
    if rest and not rest.startswith("#"):
        return None
    edits = [insert(file, position, f"{indent}{head}\n")]
    inside_text = _text_lines(file, body, run)
    for line in range(position.line, end.line + 1):
        text = file.lines.line(line)
        if not text.strip() or line in inside_text:
            continue
        if line == position.line:
            edits[0] = insert(file, position, f"{indent}{head}\n    ")
        else:
            edits.append(insert(file, Position(line, 0), "    "))
    return edits


def _text_lines(file: FileContext, body: Body, run: list[ir.Stmt]) -> set[int]:
    """Lines that begin inside a text of several lines, whose white space is part of it."""
    found: set[int] = set()
    for statement in run:
        for node in walk(statement):
            if isinstance(node, (ir.FString, ir.Opaque)) or (
                isinstance(node, ir.Const) and isinstance(node.value, str)
            ):
                range_ = body.code.range(node)
                if '"""' in file.slice(range_) or "'''" in file.slice(range_):
                    found.update(range(range_.start.line + 1, range_.end.line + 1))
    return found
