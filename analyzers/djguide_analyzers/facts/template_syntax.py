"""What stands inside a template tag: its words, filter expressions, names and ``name=value`` pairs.

The grammar is Django's own: its regular expressions, its `Variable` and its operator parser for ``if``. What is
added is where everything stands. Numbers are what the installed Django takes for numbers; ``1e-5`` and ``-.5``
are numbers from Django 6.1 on and syntax errors before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.template.base import TemplateSyntaxError, filter_re, kwarg_re
from django.template.base import Variable as DjangoVariable
from django.template.smartif import OPERATORS, IfParser
from django.utils.text import smart_split_re

from djguide_analyzers.facts.template_ir import (
    Binding,
    Condition,
    Constant,
    Expression,
    Filter,
    Name,
    Operator,
    Variable,
)

# Django's expressions are lazy objects; the methods are those of the compiled ones.
_words = smart_split_re.finditer
_filters = filter_re.finditer
_pair = kwarg_re.match
_LARGEST, _SMALLEST = 2**64 - 1, -(2**63)  # what msgpack can hold
# The common cases, for which Django's `Variable` would catch two exceptions each.
_PLAIN = re.compile(r"[a-zA-Z]\w*(?:\.[a-zA-Z]\w*)*\Z")
_QUOTED = re.compile(r"'[^'\\]*'\Z|\"[^\"\\]*\"\Z")
_TWO_WORDS = {("is", "not"), ("not", "in")}


class UnreadableTag(Exception):
    """A tag, or an expression in it, that Django would not accept; `offset` is where, in characters."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Bit(NamedTuple):
    """One word of a tag, quoted parts kept whole, and where it stands in the text."""

    text: str
    start: int
    end: int

    def part(self, match: re.Match[str], group: int | str) -> Bit:
        """What `group` of a match on this word's text matched."""
        return Bit(match[group], self.start + match.start(group), self.start + match.end(group))


def split(contents: Bit) -> list[Bit]:
    """The words of a tag's contents, as Django's ``Token.split_contents`` has them."""
    text, offset, _ = contents
    bits: list[Bit] = []
    spans = [match.span() for match in _words(text)]
    number = 0
    while number < len(spans):
        start, end = spans[number]
        if text.startswith(("_('", '_("'), start):
            # Django puts together what its own expression for words has split.
            sentinel = text[start + 2] + ")"
            while not text.endswith(sentinel, start, end) and number + 1 < len(spans):
                number += 1
                end = spans[number][1]
        bits.append(Bit(text[start:end], offset + start, offset + end))
        number += 1
    return bits


class Reader:
    """Turns words into values and numbers their spans.

    Every method that reads something raises `UnreadableTag` where Django would raise a syntax error.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: list[tuple[int, int]] = []

    def mark(self, start: int, end: int) -> int:
        """The number of a new span, given as offsets in characters."""
        self.spans.append((start, end))
        return len(self.spans) - 1

    def name(self, bit: Bit) -> Name:
        return Name(self.mark(bit.start, bit.end), bit.text)

    def expression(self, bit: Bit, *, of_item: bool = False) -> Expression:
        """A variable or constant with its filters; with `of_item` a number is a lookup, too."""
        at = self.mark(bit.start, bit.end)
        if _PLAIN.match(bit.text) or _QUOTED.match(bit.text):
            return Expression(at, self._operand(bit), [])
        pieces = _pieces(bit)
        first = next(pieces, None)
        if first is None:
            raise UnreadableTag("An expression is missing", bit.start)
        group = "constant" if first["constant"] else "var"
        if not first[group]:
            raise UnreadableTag(f"Could not find variable at start of {bit.text}", bit.start)
        base = self._operand(bit.part(first, group), of_item=of_item)
        return Expression(at, base, [self._filter(bit, piece) for piece in pieces])

    def filters(self, contents: str, start: int) -> list[Filter]:
        """``name:argument|name``, as the ``filter`` tag has it, at the offset `start`."""
        # The tag itself reads this as the filters of a made-up variable. It has no span: it is not in the text.
        bit = Bit(f"var|{contents}", start - len("var|"), start + len(contents))
        pieces = _pieces(bit)
        next(pieces)
        return [self._filter(bit, piece) for piece in pieces]

    def _filter(self, bit: Bit, piece: re.Match[str]) -> Filter:
        name = bit.part(piece, "filter_name")
        at = self.mark(name.start, name.end)
        for group in ("constant_arg", "var_arg"):
            if piece[group]:
                return Filter(at, name.text, self._operand(bit.part(piece, group)))
        return Filter(at, name.text, None)

    def _operand(self, bit: Bit, *, of_item: bool = False) -> Variable | Constant:
        at = self.mark(bit.start, bit.end)
        if _PLAIN.match(bit.text) or (of_item and bit.text[0].isdigit()):
            lookups = bit.text.split(".")
        elif _QUOTED.match(bit.text):
            return Constant(at, bit.text[1:-1], translated=False)
        else:
            try:
                parsed = DjangoVariable(bit.text)
            except TemplateSyntaxError as error:
                raise UnreadableTag(str(error), bit.start) from error
            if parsed.lookups is None:
                return Constant(at, _plain(parsed.literal), parsed.translate)
            lookups = list(parsed.lookups)
        start = bit.start
        for lookup in lookups:
            end = start + len(lookup)
            self.spans.append((start, end))
            start = end + 1
        return Variable(at, lookups)

    def expressions(self, bits: Sequence[Bit]) -> list[Expression]:
        return [self.expression(bit) for bit in bits]

    def arguments(self, bits: Sequence[Bit]) -> tuple[list[Expression], list[Binding]]:
        """Positional and keyword arguments, in any order."""
        args: list[Expression] = []
        kwargs: list[Binding] = []
        for bit in bits:
            name, value = _keyword(bit)
            if name is None:
                args.append(self.expression(value))
            else:
                kwargs.append(self._binding(name, value))
        return args, kwargs

    def as_var(self, bits: Sequence[Bit]) -> tuple[Sequence[Bit], Name | None]:
        """The words before a final ``as name``, and that name."""
        if len(bits) >= 2 and bits[-2].text == "as":
            return bits[:-2], self.name(bits[-1])
        return bits, None

    def bindings(self, bits: Sequence[Bit], *, legacy: bool) -> tuple[list[Binding], Sequence[Bit]]:
        """Leading ``name=value`` pairs, or with `legacy` ``value as name and ...``; and the words behind them.

        As in Django's ``token_kwargs``, the first pair decides which of the two it is.
        """
        found: list[Binding] = []
        if bits and _keyword(bits[0])[0] is not None:
            while bits:
                name, value = _keyword(bits[0])
                if name is None:
                    break
                found.append(self._binding(name, value))
                bits = bits[1:]
        elif legacy:
            while len(bits) >= 3 and bits[1].text == "as":
                found.append(self._binding(bits[2], bits[0]))
                bits = bits[3:]
                if not bits or bits[0].text != "and":
                    break
                bits = bits[1:]
        return found, bits

    def _binding(self, name: Bit, value: Bit) -> Binding:
        return Binding(self.mark(name.start, name.end), name.text, self.expression(value))

    def condition(self, bits: Sequence[Bit], start: int) -> Condition:
        """The condition of an ``if`` whose words are `bits`; `start` is where the tag stands."""
        try:
            IfParser([bit.text for bit in bits]).parse()
        except ValueError as error:
            raise UnreadableTag(str(error), bits[0].start if bits else start) from error
        except RecursionError as error:
            raise UnreadableTag("The condition is nested too deeply", bits[0].start) from error
        at = self.mark(bits[0].start, bits[-1].end)
        terms: list[Expression | Operator] = []
        position = 0
        while position < len(bits):
            bit = bits[position]
            position += 1
            following = bits[position] if position < len(bits) else None
            if following is not None and (bit.text, following.text) in _TWO_WORDS:
                terms.append(Operator(self.mark(bit.start, following.end), f"{bit.text} {following.text}"))
                position += 1
            elif bit.text in OPERATORS:
                terms.append(Operator(self.mark(bit.start, bit.end), bit.text))
            else:
                terms.append(self.expression(bit))
        return Condition(at, terms)


def _pieces(bit: Bit) -> Iterator[re.Match[str]]:
    """The base of a filter expression, then its filters; raises where something stands between them."""
    end = 0
    for match in _filters(bit.text):
        if match.start() != end:
            break
        yield match
        end = match.end()
    if end != len(bit.text):
        rest = bit.text[end:]
        raise UnreadableTag(f"Could not parse the remainder: '{rest}' from '{bit.text}'", bit.start + end)


def _keyword(bit: Bit) -> tuple[Bit | None, Bit]:
    """Name and value of ``name=value``; no name and the whole word where it is something else."""
    match = _pair(bit.text)
    if match is None or not match[1]:
        return None, bit
    return bit.part(match, 1), bit.part(match, 2)


def _plain(literal: object) -> str | int | float | None:
    if isinstance(literal, str):
        return str.__str__(literal)  # without the mark of Django's safe strings
    if isinstance(literal, int):
        return literal if _SMALLEST <= literal <= _LARGEST else None
    return literal if isinstance(literal, float) else None
