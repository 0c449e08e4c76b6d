"""Edits as somebody types them: each leaves a text in the middle of a change."""

from __future__ import annotations

import ast
import io
import random
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

TypingEdit = Callable[[str, random.Random], str | None]
"""Changes a text somewhere; None where there is nothing to change."""

_HALF_TYPED = (
    "foo.", "self.", "x = ", "return foo(", "if ", "for x in", "def ", "class ", "from x import", "with open(", "@",
    "foo(bar, baz=", "x = [1,", "raise", "elif x:", 'print(f"{x', "assert x ==", "import", "lambda x:", "x = {'a':",
    "try:", "except ", "else:", "async def f(", "while True", "return x if", "y = not", "del", "def f(self, x",
    "class X(models.Model",
)  # fmt: skip
_INSERTED = (*")([]{}:,.=1x*@!?$", "if", "for", "in", "def", "else", "return", "==")
_INVISIBLE = {
    tokenize.ENCODING, tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
    tokenize.COMMENT,
}  # fmt: skip
_HEADER = re.compile(
    r"^[ \t]*(?:async def|def|class|if|else|elif|for|while|with|try|except|finally)\b[^\n]*:(?=\n)",
    re.MULTILINE,
)


def parses(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            return False
    return True


def broken(text: str, rng: random.Random, edit: TypingEdit, more: int = 0) -> str | None:
    """`text` after `edit` and `more` others, broken by each; None when `edit` finds no way to break it."""
    result = _break(text, rng, lambda: edit)
    for _ in range(more if result is not None else 0):
        result = _break(result or "", rng, lambda: rng.choice(KINDS)) or result
    return result


def _break(text: str, rng: random.Random, choose: Callable[[], TypingEdit]) -> str | None:
    for _ in range(40):
        changed = choose()(text, rng)
        if changed is not None and changed != text and not parses(changed):
            return changed
    return None


def definitions(statements: Iterable[ast.AST]) -> Counter[str]:
    """Qualified names of the functions and classes in `statements`."""
    return Counter(_qualified(statements, ""))


def _qualified(nodes: Iterable[ast.AST], scope: str) -> Iterator[str]:
    for node in nodes:
        inner = scope
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield scope + node.name
            inner = f"{scope}{node.name}."
        yield from _qualified(ast.iter_child_nodes(node), inner)


# --- kinds of edits --------------------------------------------------------------------------------------


def _tokens(text: str) -> list[tuple[int, int]]:
    """Start and end of each visible token, roughly where the text is broken already."""
    starts = [0]
    for line in io.StringIO(text):
        starts.append(starts[-1] + len(line))
    try:
        return [
            (starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1])
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type not in _INVISIBLE
        ]
    except (tokenize.TokenError, SyntaxError):
        return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]


def _at_token(change: Callable[[str, int, int, random.Random], str]) -> TypingEdit:
    def edit(text: str, rng: random.Random) -> str | None:
        tokens = _tokens(text)
        return change(text, *rng.choice(tokens), rng) if tokens else None

    edit.__name__ = change.__name__.strip("_")
    return edit


@_at_token
def delete_token(text: str, start: int, end: int, rng: random.Random) -> str:
    return text[:start] + text[end:]


@_at_token
def insert_token(text: str, start: int, end: int, rng: random.Random) -> str:
    return f"{text[:start]}{rng.choice(_INSERTED)} {text[start:]}"


@_at_token
def cut_line(text: str, start: int, end: int, rng: random.Random) -> str:
    at = rng.randint(start, end)
    line_end = text.find("\n", at)
    return text[:at] + (text[line_end:] if line_end >= 0 else "")


@_at_token
def open_bracket(text: str, start: int, end: int, rng: random.Random) -> str:
    return text[:end] + rng.choice("([{") + text[end:]


@_at_token
def open_quote(text: str, start: int, end: int, rng: random.Random) -> str:
    return text[:end] + rng.choice(["'", '"', '"""', "'''"]) + text[end:]


def drop_closing_bracket(text: str, rng: random.Random) -> str | None:
    places = [match.start() for match in re.finditer(r"[)\]}]", text)]
    return _without(text, rng.choice(places)) if places else None


def drop_colon(text: str, rng: random.Random) -> str | None:
    places = [match.end() - 1 for match in _HEADER.finditer(text)]
    return _without(text, rng.choice(places)) if places else None


def half_typed_statement(text: str, rng: random.Random) -> str | None:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    following = next((line for line in lines[at:] if line.strip()), "")
    indent = following[: len(following) - len(following.lstrip())]
    return "\n".join([*lines[:at], indent + rng.choice(_HALF_TYPED), *lines[at:]])


def _without(text: str, offset: int) -> str:
    return text[:offset] + text[offset + 1 :]


KINDS: tuple[TypingEdit, ...] = (
    delete_token, insert_token, cut_line, open_bracket, open_quote, drop_closing_bracket, drop_colon,
    half_typed_statement,
)  # fmt: skip
