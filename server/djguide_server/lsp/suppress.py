"""The edit that silences a code on a line: a new comment, or a code added to the one that is there."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import NamedTuple

from djguide_analyzers.source.positions import LineIndex, Position, Range
from djguide_analyzers.source.scan import CommentToken, comments

_DIRECTIVE = re.compile(r"#\s*djguide\s*:\s*ignore\s*\[(?P<codes>[^\]\r\n]*)\]", re.IGNORECASE)
_TEMPLATE_DIRECTIVE = re.compile(r"\{" + _DIRECTIVE.pattern + r"\s*#\}", re.IGNORECASE)
_FILE_DIRECTIVE = re.compile(_DIRECTIVE.pattern.replace("ignore", "ignore-file"), re.IGNORECASE)
_PREAMBLE = re.compile(r"#!|#.*coding[:=]")
_NO_SUPPRESSION = {".toml", ".json", ".cfg", ".ini", ".yaml", ".yml", ".md"}


class Insertion(NamedTuple):
    """Replace `range` (in characters) by `text`, whose line breaks are ``\\n``."""

    range: Range
    text: str


def suppression(path: str, index: LineIndex, line: int, code: str) -> Insertion | None:
    """How to ignore `code` on a line of the file at `path`.

    None where no comment can stand (inside a string, in a file without such comments) or when the line
    ignores the code already.
    """
    suffix = PurePosixPath(path).suffix
    if suffix in _NO_SUPPRESSION or line >= index.line_count:
        return None
    if suffix in {".py", ".pyi"}:
        return _in_python(index, line, code)
    return _in_template(index, line, code)


def file_suppression(path: str, index: LineIndex, code: str) -> Insertion | None:
    """How to ignore `code` in the whole file at `path`; None where no comment can, and when it is ignored already.

    The comment goes to the top, behind what must stand on the first two lines of Python files.
    """
    suffix = PurePosixPath(path).suffix
    if suffix in _NO_SUPPRESSION:
        return None
    python = suffix in {".py", ".pyi"}
    line = 0
    while python and line < 2 and _PREAMBLE.match(index.line(line)):
        line += 1
    if match := _FILE_DIRECTIVE.search(index.line(line)):
        return _merged(match, line, code)
    if line >= index.line_count:
        return None
    comment = f"# djguide: ignore-file[{code}]"
    column = 1 if not line and index.text.startswith("\ufeff") else 0
    insertion = _inserted(line, column, (comment if python else f"{{{comment} #}}") + "\n")
    return insertion if python or _is_template_comment(index, insertion) else None


def _in_python(index: LineIndex, line: int, code: str) -> Insertion | None:
    if (comment := _comment(index, line)) is not None:
        return _joined(index, line, comment, code)
    text = index.line(line)
    column = len(text.rstrip())
    place = Range(Position(line, column), Position(line, len(text)))
    at_the_end = Insertion(place, f"  # djguide: ignore[{code}]")
    if not text.endswith("\\") and _is_comment(index, at_the_end):
        return at_the_end
    return _above(index, line, code)


def _above(index: LineIndex, line: int, code: str) -> Insertion | None:
    """A comment on the line before, where the line itself ends in a string or goes on with a backslash."""
    before = index.line(line - 1)
    if before.endswith("\\"):
        return None
    comment = _comment(index, line - 1)
    if comment is not None and before.lstrip().startswith("#") and _DIRECTIVE.search(comment.text):
        return _joined(index, line - 1, comment, code)
    text = index.line(line)
    indent = text[: len(text) - len(text.lstrip())]
    place = Position(line, 0)
    insertion = Insertion(Range(place, place), f"{indent}# djguide: ignore[{code}]\n")
    return insertion if _is_comment(index, insertion) else None


def _joined(index: LineIndex, line: int, comment: CommentToken, code: str) -> Insertion | None:
    """`code` added to a comment that is there, as part of its directive or behind what it says."""
    text = index.line(line)
    if match := _DIRECTIVE.search(text, comment.offset - index.starts[line]):
        return _merged(match, line, code)
    return _inserted(line, len(text.rstrip()), f"  # djguide: ignore[{code}]")


def _comment(index: LineIndex, line: int) -> CommentToken | None:
    if line < 0:
        return None
    start = index.starts[line]
    end = start + len(index.line(line))
    return next((comment for comment in comments(index.text) if start <= comment.offset < end), None)


def _is_comment(index: LineIndex, insertion: Insertion) -> bool:
    """Whether the scanner, which knows strings, sees the insertion as a comment."""
    start, end = index.offset(insertion.range.start), index.offset(insertion.range.end)
    text = index.text[:start] + insertion.text + index.text[end:]
    offset = start + insertion.text.index("#")
    return any(comment.offset == offset for comment in comments(text))


def _in_template(index: LineIndex, line: int, code: str) -> Insertion | None:
    text = index.line(line)
    if match := _TEMPLATE_DIRECTIVE.search(text):
        return _merged(match, line, code)
    comment = f"{{# djguide: ignore[{code}] #}}"
    at_the_end = _inserted(line, len(text), f"{' ' if text.strip() else ''}{comment}")
    if _is_template_comment(index, at_the_end):
        return at_the_end
    indent = text[: len(text) - len(text.lstrip())]
    above = _inserted(line, 0, f"{indent}{comment}\n")
    return above if _is_template_comment(index, above) else None


def _is_template_comment(index: LineIndex, insertion: Insertion) -> bool:
    """Whether Django would read the insertion as a comment, and the rest of the template as before."""
    from djguide_analyzers.engine.suppressions import reads_as_comment  # imports Django's template engine

    (line, column), end = insertion.range
    text = (
        index.text[: index.offset(insertion.range.start)] + insertion.text + index.text[index.offset(end) :]
    )
    return reads_as_comment(index.text, text, Position(line, column + insertion.text.index("{#")))


def _merged(match: re.Match[str], line: int, code: str) -> Insertion | None:
    codes = [known.strip() for known in match["codes"].split(",") if known.strip()]
    if code in codes:
        return None
    start, end = match.span("codes")
    return Insertion(Range(Position(line, start), Position(line, end)), ", ".join([*codes, code]))


def _inserted(line: int, column: int, text: str) -> Insertion:
    place = Position(line, column)
    return Insertion(Range(place, place), text)
