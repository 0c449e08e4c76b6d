"""``@receiver`` stands below another decorator and connects the function without it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.bodies import functions_of
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.receivers import is_receiver
from djguide_analyzers.rules.ruff import ruff_reports
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="`@receiver` below another decorator connects the function without it",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_MARKS = frozenset({"builtins.staticmethod", "typing.override", "typing_extensions.override"})
"""Decorators that say something about a method; a call of the function is the same without them."""


def check(file: FileContext) -> Iterator[Hit]:
    for info in _functions(file):
        kinds = [is_receiver(file.project.resolver, info.code, d, info.owner) for d in info.node.decorators]
        if True not in kinds:
            continue
        last = len(kinds) - 1 - kinds[::-1].index(True)
        above = [n for n in range(last) if not kinds[n] and not _changes_nothing(file, info, n)]
        if not above or not any(kinds[n] for n in range(above[0], len(kinds))):
            continue
        fix = _fix(file, info, kinds[: last + 1])
        known = ruff_reports(file, "DJ013")
        if known and not fix.edits:
            continue
        first = next(n for n in range(above[0], len(kinds)) if kinds[n])
        yield Hit(
            file.place(info.code, info.node.decorators[first]),
            f"`@receiver` connects what stands below it: signals call `{info.name}` without "
            f"`@{file.text(info.code, info.node.decorators[above[0]])}`, which is applied afterwards",
            fixes=(fix,),
            severity=Severity.HINT if known else None,
        )


def _functions(file: FileContext) -> Iterator[FunctionInfo]:
    """All decorated functions, nested ones included."""
    for info in file.module.functions():
        yield from functions_of(info)


def _changes_nothing(file: FileContext, info: FunctionInfo, number: int) -> bool:
    """Whether a decorator returns the very function it is given, as registries do, or nobody can tell."""
    node = info.node.decorators[number]
    called = isinstance(node, ir.Call)
    func = node.func if isinstance(node, ir.Call) else node
    symbol = file.project.resolver.expr(info.code, func, info.owner)
    if symbol is None:
        return not isinstance(func, ir.Name) or func.id == "staticmethod"
    if symbol.dotted in _MARKS:
        return True
    if not isinstance(symbol, FunctionInfo):
        return False
    maker: FunctionInfo | None = symbol
    if called:
        inner = [n for n in walk(symbol.statements) if isinstance(n, ir.FunctionDef)]
        maker = FunctionInfo(inner[0], symbol.body_code, None, symbol) if len(inner) == 1 else None
    if maker is None or not maker.node.params.items:
        return False
    own = maker.node.params.items[0].name
    returned = [n.value for n in walk(maker.statements) if isinstance(n, ir.Return)]
    return bool(returned) and all(isinstance(value, ir.Name) and value.id == own for value in returned)


def _fix(file: FileContext, info: FunctionInfo, kinds: list[bool]) -> Fix:
    """Put the receivers of the first decorators in front of the others, each in the place of another."""
    title = "Put `@receiver` first"
    ranges = [_line_to_its_end(file, info.code.range(node)) for node in info.node.decorators[: len(kinds)]]
    between = [file.slice(Range(one.end, two.start)) for one, two in pairwise(ranges)]
    if any(text.strip() != "@" for text in between):
        return Fix(title, Safety.MANUAL)  # a comment on a line of its own may belong to either
    texts = [file.slice(range_).replace("\r\n", "\n") for range_ in ranges]
    receivers = [text for text, kind in zip(texts, kinds, strict=True) if kind]
    others = [text for text, kind in zip(texts, kinds, strict=True) if not kind]
    edits = tuple(
        replace(file, range_, new)
        for range_, old, new in zip(ranges, texts, receivers + others, strict=True)
        if new != old
    )
    return Fix(title, Safety.SAFE, edits)


def _line_to_its_end(file: FileContext, range_: Range) -> Range:
    """A decorator with the comment behind it."""
    line = file.lines.line(range_.end.line).rstrip("\r\n")
    return Range(range_.start, range_.end._replace(column=len(line)))
