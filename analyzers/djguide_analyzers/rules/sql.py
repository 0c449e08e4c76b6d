"""Turning values in the text of an SQL statement into parameters."""

from __future__ import annotations

import re

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.names import Names
from djguide_analyzers.rules.texts import Literal, is_plain, literals
from djguide_analyzers.source.edits import Edit

_BEFORE_VALUE = re.compile(
    r"(?:=|<|>|\bLIKE|\bILIKE|\bIN\s*\(|\bLIMIT|\bOFFSET|\bBETWEEN|[(,]|\bAND)\s*$", re.IGNORECASE
)
_BEFORE_MANY = re.compile(r"\bIN\s*\(\s*$", re.IGNORECASE)
"""A text in these brackets may hold any number of values, of which one placeholder would make one."""
_QUOTED = re.compile(r"'(?P<before>%?)$")
_UNQUOTED = re.compile(r"^(?P<after>%?)'")


def parametrised_edits(
    file: FileContext, names: Names, text: ir.Expr, code: Code, call: ir.Call, call_code: Code
) -> list[Edit] | None:
    """Put placeholders for the values of `text`, and the values into the parameters of `call`.

    None where it is not certain that the statement stays the same: parts that are no values, parameters given
    already, a variable that is used elsewhere.
    """
    parts = literals(file, code, text)
    if parts is None or not is_plain(text) or len(call.args) != 1 or call.keywords:
        return None
    if not isinstance(call.func, ir.Attr) or call.func.name not in ("execute", "raw"):
        return None
    given = call.args[0]
    if text is not given and not _is_only_use(names, given):
        return None
    statement, values = _with_placeholders(parts)
    if statement is None or not values:
        return None
    return [
        replace(file, code.range(text), statement),
        insert(file, call_code.range(given).end, f", [{', '.join(values)}]"),
    ]


def _is_only_use(names: Names, given: ir.Expr) -> bool:
    """Whether a variable is assigned once and used for this one call."""
    if not isinstance(given, ir.Name) or names.value(given.id) is None:
        return False
    uses = [node for node, _ in names.nodes() if isinstance(node, ir.Name) and node.id == given.id]
    return len(uses) == 2  # where it is assigned, and here


def _with_placeholders(parts: list[Literal]) -> tuple[str | None, list[str]]:
    """The literals with ``%s`` in place of their values, as source, and the values' source."""
    values: list[str] = []
    written: list[str] = []
    for part in parts:
        body = ""
        wildcard = ""
        pending = False  # the closing quote of a value has to follow
        for piece in part.pieces:
            if piece.hole is None:
                text = piece.text.replace("{{", "{").replace("}}", "}")
                if pending:
                    closing = _UNQUOTED.match(text)
                    if closing is None:
                        return None, []
                    values[-1] = _like(values[-1], wildcard, closing["after"])
                    text = text[closing.end() :]
                    pending = False
                body += text.replace("%", "%%")
                continue
            if pending or "\n" in piece.source:
                return None, []
            opening = _QUOTED.search(body.replace("%%", "%"))
            if opening is not None:
                wildcard = opening["before"]
                body = body[: len(body) - 1 - 2 * len(wildcard)]
                pending = True
            elif not _BEFORE_VALUE.search(body) or _BEFORE_MANY.search(body):
                return None, []
            body += "%s"
            values.append(piece.source)
        if pending:
            return None, []
        written.append(f"{part.prefix}{part.quote}{body}{part.quote}")
    return " ".join(written), values


def _like(value: str, before: str, after: str) -> str:
    """The parameter for a pattern: the wildcards go along with the value."""
    if not before and not after:
        return value
    if '"' in value or "{" in value:
        return f'"{before}" + str({value}) + "{after}"'
    return f'f"{before}{{{value}}}{after}"'
