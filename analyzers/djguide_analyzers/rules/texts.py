"""Texts that are put together from parts: where their holes are, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext

_TOKEN = re.compile(
    r"(?P<prefix>[rRfFuU]{0,2})(?P<quote>\"\"\"|'''|\"|')(?P<body>(?:\\.|(?!(?P=quote)).)*)(?P=quote)",
    re.DOTALL,
)
_PERCENT = re.compile(
    r"%(?:%|(?:\((?P<name>\w+)\))?(?P<spec>[#0\- +]*\d*(?:\.\d+)?)(?P<kind>[diouxXeEfFgGcrsa]))"
)
_BRACE = re.compile(r"\{\{|\}\}|\{(?P<field>[^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text: written, or a hole with the expression that fills it.

    `text` is what is written as the source has it, escapes included; empty for a hole. `spec` is the hole's
    format, if it has one beyond ``str``.
    """

    text: str = ""
    hole: ir.Expr | None = None
    source: str = ""
    spec: str = ""


@dataclass(slots=True)
class Literal:
    """One string literal of the text: its prefix without the ``f``, its quotes, and its pieces."""

    prefix: str
    quote: str
    pieces: list[Piece] = field(default_factory=list)


def is_dynamic(node: ir.Expr) -> bool:
    """Whether `node` puts a text together from parts."""
    match node:
        case ir.FString(parts=parts):
            return any(not isinstance(part, ir.Const) for part in parts)
        case ir.Binary(op="%", left=left):
            return _starts_with_text(left)
        case ir.Binary(op="+", left=left, right=right):
            return _starts_with_text(left) or _starts_with_text(right)
        case ir.Call(func=ir.Attr(value=value, name="format")):
            return _starts_with_text(value)
    return False


def _starts_with_text(node: ir.Expr) -> bool:
    return (isinstance(node, ir.Const) and isinstance(node.value, str)) or isinstance(node, ir.FString) or (
        is_dynamic(node)
    )  # fmt: skip


def holes(node: ir.Expr) -> Iterator[tuple[str, ir.Expr]]:
    """The expressions that a text is put together from, each with the written text before it."""
    before = ""
    for part in _parts(node):
        if isinstance(part, str):
            before += part
        else:
            yield before, part
            before += "?"


def _parts(node: ir.Expr) -> Iterator[str | ir.Expr]:
    """Written stretches and the expressions between them, in order."""
    match node:
        case ir.Const(value=str(text)):
            yield text
        case ir.FString(parts=parts):
            for part in parts:
                yield from _parts(part) if isinstance(part, ir.Const) else (part,)
        case ir.Binary(op="+", left=left, right=right):
            yield from _parts(left)
            yield from _parts(right)
        case ir.Binary(op="%", left=left, right=right):
            yield from _formatted(left, _percent_values(right), _PERCENT)
        case ir.Call(func=ir.Attr(value=value, name="format"), args=args, keywords=keywords) if (
            _starts_with_text(value)
        ):
            named = {keyword.name: keyword.value for keyword in keywords if keyword.name is not None}
            yield from _formatted(value, (list(args), named), _BRACE)
        case _:
            yield node


_Values = tuple[list[ir.Expr], dict[str, ir.Expr]]


def _percent_values(node: ir.Expr) -> _Values:
    if isinstance(node, ir.Display) and node.kind == "tuple":
        return list(node.items), {}
    if isinstance(node, ir.Dict):
        named = {
            key.value: value
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ir.Const) and isinstance(key.value, str)
        }
        return [], named
    return [node], {}


def _formatted(text: ir.Expr, values: _Values, pattern: re.Pattern[str]) -> Iterator[str | ir.Expr]:
    positional, named = values
    taken = 0
    for part in _parts(text):
        if not isinstance(part, str):
            yield part
            continue
        last = 0
        for match in pattern.finditer(part):
            if match[0] in ("%%", "{{", "}}"):
                continue
            yield part[last : match.start()]
            last = match.end()
            name = match["name"] if pattern is _PERCENT else re.split(r"[.\[!:]", match["field"])[0]
            if name and name in named:
                yield named[name]
            elif name and name.isdigit() and int(name) < len(positional):
                yield positional[int(name)]
            elif not name and taken < len(positional):
                yield positional[taken]
                taken += 1
        yield part[last:]


# --- as it is written ------------------------------------------------------------------------------------


def literals(file: FileContext, code: Code, node: ir.Expr) -> list[Literal] | None:
    """The string literals of a text with their holes; None for texts that are not written plainly enough.

    Understood are f-strings, ``"..." % (...)`` and ``"...".format(...)``, of literals side by side.
    """
    match node:
        case ir.FString(parts=parts):
            return _f_literals(file, code, node, [part for part in parts if not isinstance(part, ir.Const)])
        case ir.Binary(op="%", left=ir.Const(value=str()) as left, right=right):
            return _filled(file, code, left, _percent_values(right), _PERCENT)
        case ir.Call(func=ir.Attr(value=ir.Const(value=str()) as value, name="format"), args=args) if not any(
            isinstance(arg, ir.Star) for arg in args
        ):
            named = {keyword.name: keyword.value for keyword in node.keywords if keyword.name is not None}
            if len(named) < len(node.keywords):
                return None
            return _filled(file, code, value, (list(args), named), _BRACE)
    return None


def _tokens(source: str) -> list[Literal] | None:
    """The literals side by side in `source`, unless there is anything else, such as a comment."""
    found: list[Literal] = []
    rest = source
    while rest.strip():
        match = _TOKEN.match(rest.lstrip())
        if match is None:
            return None
        prefix = match["prefix"]
        found.append(Literal(prefix, match["quote"], [Piece(match["body"])]))
        rest = rest.lstrip()[match.end() :]
    return found or None


def _f_literals(file: FileContext, code: Code, node: ir.Expr, parts: list[ir.Expr]) -> list[Literal] | None:
    tokens = _tokens(file.text(code, node))
    if tokens is None:
        return None
    fields = [part for part in parts if not isinstance(part, ir.FString)]  # formats follow their value
    if len(fields) != len(parts):
        return None
    remaining = list(fields)
    for literal in tokens:
        body = literal.pieces[0].text
        if "f" not in literal.prefix.lower():
            literal.pieces = [Piece(body.replace("{", "{{").replace("}", "}}"))]
            continue
        literal.prefix = literal.prefix.replace("f", "").replace("F", "")
        literal.pieces = []
        last = 0
        for match in _BRACE.finditer(body):
            if match["field"] is None:
                continue
            source = match["field"]
            if not remaining or re.search(r"[!:=](?![=])", _outside_strings(source)) or "\\" in source:
                return None
            literal.pieces += [Piece(body[last : match.start()]), Piece("", remaining.pop(0), source.strip())]
            last = match.end()
        literal.pieces.append(Piece(body[last:]))
    return tokens if not remaining else None


def _outside_strings(source: str) -> str:
    """An expression without its string literals and subscripts, where colons and the like mean something else."""
    return re.sub(r"\"[^\"]*\"|'[^']*'|\[[^\]]*\]|\([^)]*\)|[!=<>]=", "", source)


def _filled(
    file: FileContext, code: Code, text: ir.Expr, values: _Values, pattern: re.Pattern[str]
) -> list[Literal] | None:
    """Literals with ``%s`` or ``{}`` filled in; written stretches are as an f-string would have them."""
    tokens = _tokens(file.text(code, text))
    if tokens is None:
        return None
    positional, named = values
    used: list[ir.Expr] = []
    for literal in tokens:
        body = literal.pieces[0].text
        literal.pieces = []
        last = 0
        for match in pattern.finditer(body):
            if match[0] in ("{{", "}}"):
                continue
            literal.pieces.append(Piece(_as_f(body[last : match.start()], pattern)))
            last = match.end()
            if match[0] == "%%":
                literal.pieces.append(Piece("%"))
                continue
            value = _value(match, pattern, positional, named, len(used))
            if value is None:
                return None
            if value in positional:
                used.append(value)
            source = file.text(code, value)
            literal.pieces.append(Piece("", value, source))
        literal.pieces.append(Piece(_as_f(body[last:], pattern)))
    return tokens if len(used) == len(positional) else None


def _as_f(text: str, pattern: re.Pattern[str]) -> str:
    return text.replace("{", "{{").replace("}", "}}") if pattern is _PERCENT else text


def _value(
    match: re.Match[str],
    pattern: re.Pattern[str],
    positional: list[ir.Expr],
    named: dict[str, ir.Expr],
    taken: int,
) -> ir.Expr | None:
    """What fills a hole; None where that is not a plain value."""
    if pattern is _PERCENT:
        if match["spec"] or match["kind"] not in "sdi":
            return None
        name = match["name"]
    else:
        name = match["field"]
        if not re.fullmatch(r"\w*", name):
            return None
        if name.isdigit():
            return None  # may be used twice, or out of order
    if name:
        return named.get(name)
    return positional[taken] if taken < len(positional) else None


def is_plain(node: ir.Expr) -> bool:
    """Whether evaluating `node` elsewhere in the same statement does the same."""
    return not any(isinstance(part, (ir.Await, ir.Yield, ir.Walrus)) for part in walk(node))
