"""Texts that are HTML: which of their parts are escaped, and how ``format_html`` writes them."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.texts import is_plain, literals
from djguide_analyzers.source.edits import Edit


def formatted_edits(file: FileContext, code: Code, text: ir.Expr) -> list[Edit] | None:
    """Turn a text that is put together into a format and its arguments; None where that is not plain."""
    parts = literals(file, code, text)
    if parts is None or not is_plain(text):
        return None
    values: list[str] = []
    formats: list[str] = []
    for part in parts:
        body = ""
        for piece in part.pieces:
            if piece.hole is None:
                body += piece.text
            else:
                body += "{}"
                values.append(piece.source)
        formats.append(f"{part.prefix}{part.quote}{body}{part.quote}")
    if not values or any("\n" in value for value in values):
        return None
    return [replace(file, code.range(text), ", ".join([" ".join(formats), *values]))]
