"""Conditions are combined by truth value instead of as conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.support.edits import between, replace
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import ConditionValue

RULE = Rule(
    summary="`and`, `or` or `not` between `Q` objects drops one of the conditions",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_OPERATORS = {"and": "&", "or": "|"}
_COMMENT = re.compile(r"#[^\r\n]*")


def check(file: FileContext) -> Iterator[Hit]:
    for scope in file.scopes:
        tested = {(code, node.at) for node, code in scope.tests()}
        for node, code in scope.nodes(ir.Bool):
            if all(_is_condition(scope, code, value) for value in node.values):
                yield _joined(file, code, node)
        for node, code in scope.nodes(ir.Unary):
            if (
                node.op == "not"
                and (code, node.operand.at) in tested
                and _is_condition(scope, code, node.operand)
                and not _only_tested(scope, code, node)
            ):
                yield _negated(file, code, node)


def _is_condition(scope: Scope, code: Code, node: ir.Expr) -> bool:
    """Whether `node` is a `Q` object that certainly holds a condition, so that it is always true."""
    if isinstance(node, ir.Bool):
        return all(_is_condition(scope, code, value) for value in node.values)
    return scope.value(code, node) == ConditionValue(empty=False)


def _only_tested(scope: Scope, code: Code, node: ir.Unary) -> bool:
    """Whether ``not q`` decides a branch: a test for emptiness, not a condition."""
    for kind in (ir.If, ir.While, ir.IfExp, ir.Assert):
        for other, other_code in scope.nodes(kind):
            if other_code == code and _within_test(other.test, node):
                return True
    return False


def _within_test(test: ir.Expr, node: ir.Unary) -> bool:
    if isinstance(test, ir.Bool):
        return any(_within_test(value, node) for value in test.values)
    return test is node


def _joined(file: FileContext, code: Code, node: ir.Bool) -> Hit:
    operator = _OPERATORS[node.op]
    edits = [
        _operator_edit(file, between(code, a, b), node.op)
        for a, b in zip(node.values, node.values[1:], strict=False)
    ]
    dropped, kept = ("first", "last") if node.op == "and" else ("last", "first")
    certain = [edit for edit in edits if edit is not None]
    fix = Fix(f"Join with `{operator}`", Safety.SAFE, tuple(certain))
    return Hit(
        file.place(code, node),
        f"`{node.op}` between `Q` objects keeps only the {kept} one; the {dropped} condition is silently "
        f"dropped: join them with `{operator}`",
        fixes=(fix,) if len(certain) == len(edits) else (),
    )


def _operator_edit(file: FileContext, gap: Range, word: str) -> Edit | None:
    """Replace the word in what stands between two operands, comments left alone."""
    text = _COMMENT.sub(lambda match: " " * len(match[0]), file.slice(gap))
    found = list(re.finditer(rf"\b{word}\b", text))
    if len(found) != 1:
        return None
    start = file.lines.offset(gap.start) + found[0].start()
    position = file.lines.position
    return replace(file, Range(position(start), position(start + len(word))), _OPERATORS[word])


def _negated(file: FileContext, code: Code, node: ir.Unary) -> Hit:
    text = file.text(code, node.operand)
    gap = file.slice(Range(code.range(node).start, code.range(node.operand).start))
    bracketed = gap.count("(") > 0
    operand = f"({text})" if isinstance(node.operand, (ir.Binary, ir.Bool)) and not bracketed else text
    start = code.range(node).start
    lines = file.lines
    after_not = lines.position(lines.offset(start) + len("not"))
    if bracketed:
        rest = gap[len("not") :].lstrip()
        edits = (
            replace(
                file, Range(start, lines.position(lines.offset(after_not) + len(gap) - 3 - len(rest))), "~"
            ),
        )
    else:
        edits = (replace(file, code.range(node), f"~{operand}"),)
    return Hit(
        file.place(code, node),
        "`not` turns a `Q` object into a plain False, so its condition is lost: negate it with `~`",
        fixes=(Fix("Negate with `~`", Safety.SAFE, edits),),
    )
