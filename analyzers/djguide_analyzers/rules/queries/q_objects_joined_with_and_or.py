"""Conditions are combined by truth value instead of as conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import between, insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range
from djguide_analyzers.trace.values import ConditionValue

RULE = Rule(
    summary="`and`, `or` or `not` between `Q` objects drops one of the conditions",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_OPERATORS = {"and": "&", "or": "|"}
_COMMENT = re.compile(r"#[^\r\n]*")


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    part_of_another: set[tuple[Code, int]] = set()
    for node, code in _words(scope):
        if not _is_condition(scope, code, node):
            continue
        part_of_another |= {(code, operand.at) for operand in _operands(node)}
        if (code, node.at) not in part_of_another and not _only_tested(scope, code, node):
            yield _hit(file, code, node)


def _words(scope: Scope) -> Iterator[tuple[ir.Bool | ir.Unary, Code]]:
    """Expressions made with ``and``, ``or`` or ``not``, outer ones before those in them."""
    found: list[tuple[ir.Bool | ir.Unary, Code]] = [*scope.nodes(ir.Bool)]
    found += [(node, code) for node, code in scope.nodes(ir.Unary) if node.op == "not"]
    outermost_first = sorted(
        found, key=lambda pair: (pair[1].range(pair[0]).start, _backwards(pair[1].range(pair[0]).end))
    )
    yield from outermost_first


def _backwards(position: Position) -> tuple[int, int]:
    return -position.line, -position.column


def _operands(node: ir.Expr) -> list[ir.Expr]:
    match node:
        case ir.Bool(values=values):
            return values
        case ir.Unary(op="not", operand=operand):
            return [operand]
        case _:
            return []


def _is_condition(scope: Scope, code: Code, node: ir.Expr) -> bool:
    """Whether `node` is meant as a condition: `Q` objects that are certainly not empty, joined by whatever."""
    if operands := _operands(node):
        return all(_is_condition(scope, code, operand) for operand in operands)
    return scope.value(code, node) == ConditionValue(empty=False)


def _only_tested(scope: Scope, code: Code, node: ir.Expr) -> bool:
    """Whether `node` decides a branch: a test for emptiness, not a condition."""
    for kind in (ir.If, ir.While, ir.IfExp, ir.Assert):
        for other, other_code in scope.nodes(kind):
            if other_code == code and _within_test(other.test, node):
                return True
    return False


def _within_test(test: ir.Expr, node: ir.Expr) -> bool:
    return test is node or any(_within_test(operand, node) for operand in _operands(test))


def _hit(file: FileContext, code: Code, node: ir.Bool | ir.Unary) -> Hit:
    edits = _edits(file, code, node)
    if isinstance(node, ir.Unary):
        title = "Negate with `~`"
        message = "`not` turns a `Q` object into a plain False, so its condition is lost: negate it with `~`"
    else:
        operator = _OPERATORS[node.op]
        title = f"Join with `{operator}`"
        dropped, kept = ("first", "last") if node.op == "and" else ("last", "first")
        message = (
            f"`{node.op}` between `Q` objects keeps only the {kept} one; the {dropped} condition is silently "
            f"dropped: join them with `{operator}`"
        )
    safety = Safety.MANUAL if edits is None else Safety.SAFE
    return Hit(file.place(code, node), message, fixes=(Fix(title, safety, tuple(edits or ())),))


def _edits(file: FileContext, code: Code, node: ir.Expr) -> list[Edit] | None:
    """The words of the whole expression as operators; None where a word is not found for certain."""
    edits: list[Edit] = []
    match node:
        case ir.Bool(values=values):
            for left, right in pairwise(values):
                edit = _operator_edit(file, between(code, left, right), node.op)
                if edit is None:
                    return None
                edits.append(edit)
        case ir.Unary(op="not", operand=operand):
            edits += _negation_edits(file, code, node, operand)
    for operand in _operands(node):
        inner = _edits(file, code, operand)
        if inner is None:
            return None
        edits += inner
    return edits


def _operator_edit(file: FileContext, gap: Range, word: str) -> Edit | None:
    """Replace the word in what stands between two operands, comments left alone."""
    text = _COMMENT.sub(lambda match: " " * len(match[0]), file.slice(gap))
    found = list(re.finditer(rf"\b{word}\b", text))
    if len(found) != 1:
        return None
    start = file.lines.offset(gap.start) + found[0].start()
    position = file.lines.position
    return replace(file, Range(position(start), position(start + len(word))), _OPERATORS[word])


def _negation_edits(file: FileContext, code: Code, node: ir.Unary, operand: ir.Expr) -> list[Edit]:
    start, inner = code.range(node).start, code.range(operand)
    gap = file.slice(Range(start, inner.start))
    word = gap[: len(gap) - len(gap[len("not") :].lstrip(" \t"))]
    bare = isinstance(operand, ir.Binary) and "(" not in gap  # `~` binds more tightly than `|`
    edits = [
        replace(file, Range(start, start._replace(column=start.column + len(word))), "~(" if bare else "~")
    ]
    return [*edits, insert(file, inner.end, ")")] if bare else edits
