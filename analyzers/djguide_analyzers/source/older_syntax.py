"""Syntax newer than the running interpreter, rewritten to older syntax of the same length.

Only what an analysis sees alike is written alike: type parameters are blanked, template strings become
f-strings, lists of exceptions without parentheses become ``A | B``. Characters are replaced one for one, so
positions stay right.
"""

from __future__ import annotations

import re

_EXCEPT_LIST = re.compile(r"(\s*except\b\*?\s*)([^()#:]+,[^()#:]+)(:.*)", re.DOTALL)
_TYPE_PARAMETERS = re.compile(r"\s*(?:async\s+def|def|class)\s+\w+(?=\[)")
_TYPE_ALIAS = re.compile(r"\s*type(?=\s+(\w+)\s*(?:\[|=[^=]))")
_LAZY_IMPORT = re.compile(r"\s*lazy(?=\s+(?:import|from)\s)")
_FORMATTED = re.compile(r"""\b([fFtT][rR]?|[rR][fFtT])("{3}|'{3}|"|')""")
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_NOT_BREAK = re.compile(r"[^\r\n]")
_LAST_IN_LINE = re.compile(r" (?=[\r\n])")


def older(text: str) -> str:
    """One simple statement or header in syntax of Python 3.11; `text` itself where there is nothing to do.

    White space may come to stand before the statement.
    """
    if match := _EXCEPT_LIST.fullmatch(text):
        text = match[1] + match[2].replace(",", "|") + match[3]
    elif match := _TYPE_PARAMETERS.match(text):
        text = _without_brackets(text, match.end())
    elif match := _TYPE_ALIAS.match(text):
        text = _blank(text, 0, match.end())
        text = _without_brackets(text, match.end(1))
    elif match := _LAZY_IMPORT.match(text):
        text = _blank(text, 0, match.end())
    return _plain_f_strings(text)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + _NOT_BREAK.sub(" ", text[start:end]) + text[end:]


def _without_brackets(text: str, start: int) -> str:
    """`text` with a bracketed stretch at `start` blanked; its line breaks become continuations."""
    if text[start : start + 1] != "[":
        return text
    depth = 0
    for end in range(start, len(text)):
        depth += _BRACKETS.get(text[end], 0)
        if not depth:
            blank = _NOT_BREAK.sub(" ", text[start : end + 1])
            return text[:start] + _LAST_IN_LINE.sub(r"\\", blank) + text[end + 1 :]
    return text


def _plain_f_strings(text: str) -> str:
    """`text` with t-strings as f-strings, and no f-string that holds its own quotes (allowed since 3.12)."""
    position = 0
    while match := _FORMATTED.search(text, position):
        prefix = match[1].replace("t", "f").replace("T", "F")
        text = text[: match.start()] + prefix + text[match.end(1) :]
        text, position = _other_quotes(text, match.end(), match[2])
    return text


def _other_quotes(text: str, position: int, quotes: str) -> tuple[str, int]:
    """Rewrite the replacement fields of an f-string whose content starts at `position`; and where it ends."""
    depth = 0
    while position < len(text):
        char = text[position]
        if depth == 0:
            if text.startswith(quotes, position):
                return text, position + len(quotes)
            if char == "\\" or text.startswith("{{", position):
                position += 1
            elif char == "{":
                depth = 1
        elif char in "\"'":
            text, position = _inner_string(text, position, quotes)
            continue
        else:
            depth += _BRACKETS.get(char, 0)
        position += 1
    return text, position


def _inner_string(text: str, start: int, outer: str) -> tuple[str, int]:
    """Give a string inside a replacement field quotes unlike the `outer` ones; and where it ends."""
    quote = text[start]
    end = start + 1
    while end < len(text) and text[end] != quote:
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        return text, end
    content = text[start + 1 : end]
    other = "'" if outer[0] == '"' else '"'
    if "\\" in content or (quote != other and other in content):
        content = _NOT_BREAK.sub(" ", content)
    if quote == outer[0] and len(outer) == 1:
        quote = other
    return text[:start] + quote + content + quote + text[end + 1 :], end + 1
