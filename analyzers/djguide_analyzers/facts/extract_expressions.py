"""Expressions of a syntax tree to the intermediate form."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.extract_loads import LOADING, called, listed, loads_of

if TYPE_CHECKING:
    from djguide_analyzers.facts.extract import Extractor

_MAX_TEXT = 4096
"""String literals are cut to this many characters: analysis needs SQL and templates, not embedded files."""

_SURROGATES = re.compile("[\ud800-\udfff]")
BINARY = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.BitAnd: "&",
    ast.MatMult: "@",
}
_COMPARE = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_UNARY = {ast.Not: "not", ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}


def opaque(x: Extractor, node: Any) -> ir.Expr:
    return ir.Opaque(x.at(node))


def _constant(x: Extractor, node: ast.Constant) -> ir.Expr:
    value = node.value
    if value is ... or isinstance(value, (complex, bytes)):
        return ir.Opaque(x.at(node))
    if isinstance(value, int) and not _fits(value):
        return ir.Opaque(x.at(node))
    if isinstance(value, str):
        value = encodable(value[:_MAX_TEXT])
    return ir.Const(x.at(node), value)


def _fits(value: int) -> bool:
    return -(1 << 63) <= value < 1 << 63


def encodable(text: str) -> str:
    """`text` without lone surrogates, which no file of facts can hold."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def _name(x: Extractor, node: ast.Name) -> ir.Expr:
    return ir.Name(x.at(node), node.id)


def _attribute(x: Extractor, node: ast.Attribute) -> ir.Expr:
    return ir.Attr(x.at(node), x.expr(node.value), node.attr)


def _call(x: Extractor, node: ast.Call) -> ir.Expr:
    at = x.at(node)
    if called(node) in LOADING:
        x.loads |= loads_of(node)
    return ir.Call(at, x.expr(node.func), x.exprs(node.args), x.keywords(node.keywords))


def _starred(x: Extractor, node: ast.Starred) -> ir.Expr:
    return ir.Star(x.at(node), x.expr(node.value))


def _subscript(x: Extractor, node: ast.Subscript) -> ir.Expr:
    return ir.Subscript(x.at(node), x.expr(node.value), x.expr(node.slice))


def _slice(x: Extractor, node: ast.Slice) -> ir.Expr:
    return ir.Slice(x.at(node), x.optional(node.lower), x.optional(node.upper), x.optional(node.step))


def _bool(x: Extractor, node: ast.BoolOp) -> ir.Expr:
    op = "and" if type(node.op) is ast.And else "or"
    return ir.Bool(x.at(node), op, x.exprs(node.values))


def _unary(x: Extractor, node: ast.UnaryOp) -> ir.Expr:
    operand = node.operand
    if type(node.op) is ast.USub and type(operand) is ast.Constant:
        value = operand.value
        if type(value) is float or (type(value) is int and _fits(-value)):
            return ir.Const(x.at(node), -value)
    return ir.Unary(x.at(node), _UNARY[type(node.op)], x.expr(operand))


def _binary(x: Extractor, node: ast.BinOp) -> ir.Expr:
    return ir.Binary(x.at(node), x.expr(node.left), BINARY[type(node.op)], x.expr(node.right))


def _compare(x: Extractor, node: ast.Compare) -> ir.Expr:
    ops = [_COMPARE[type(op)] for op in node.ops]
    return ir.Compare(x.at(node), x.expr(node.left), ops, x.exprs(node.comparators))


def _if_exp(x: Extractor, node: ast.IfExp) -> ir.Expr:
    return ir.IfExp(x.at(node), x.expr(node.test), x.expr(node.body), x.expr(node.orelse))


def _display(kind: str) -> Callable[[Extractor, Any], ir.Expr]:
    def extract(x: Extractor, node: Any) -> ir.Expr:
        x.loads.update(listed(node))
        return ir.Display(x.at(node), kind, x.exprs(node.elts))

    return extract


def _dict(x: Extractor, node: ast.Dict) -> ir.Expr:
    return ir.Dict(x.at(node), [x.optional(key) for key in node.keys], x.exprs(node.values))


def _comprehension(kind: str) -> Callable[[Extractor, Any], ir.Expr]:
    def extract(x: Extractor, node: Any) -> ir.Expr:
        at = x.at(node)
        clauses: list[ir.Clause] = []
        for clause in node.generators:
            clauses.append(
                ir.Clause(
                    x.at(clause.target),
                    x.expr(clause.target),
                    x.expr(clause.iter),
                    x.exprs(clause.ifs),
                    bool(clause.is_async),
                )
            )
        if kind == "dict":
            return ir.Comp(at, kind, x.expr(node.key), x.expr(node.value), clauses)
        return ir.Comp(at, kind, x.expr(node.elt), None, clauses)

    return extract


def _lambda(x: Extractor, node: ast.Lambda) -> ir.Expr:
    return ir.Lambda(x.at(node), x.params(node.args), x.expr(node.body))


def _f_string(x: Extractor, node: ast.JoinedStr) -> ir.Expr:
    at = x.at(node)
    parts: list[ir.Expr] = []
    for value in node.values:
        if type(value) is ast.FormattedValue:
            parts.append(x.expr(value.value))
            if type(value.format_spec) is ast.JoinedStr:
                parts += [x.expr(v.value) for v in value.format_spec.values if type(v) is ast.FormattedValue]
        else:
            parts.append(x.expr(value))
    return ir.FString(at, parts)


def _await(x: Extractor, node: ast.Await) -> ir.Expr:
    return ir.Await(x.at(node), x.expr(node.value))


def _yield(x: Extractor, node: ast.Yield | ast.YieldFrom) -> ir.Expr:
    x.yields = True
    return ir.Yield(x.at(node), x.optional(node.value), type(node) is ast.YieldFrom)


def _walrus(x: Extractor, node: ast.NamedExpr) -> ir.Expr:
    return ir.Walrus(x.at(node), node.target.id, x.expr(node.value))


EXPRESSIONS: dict[type, Callable[[Extractor, Any], ir.Expr]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Starred: _starred,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.BoolOp: _bool,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Compare: _compare,
    ast.IfExp: _if_exp,
    ast.List: _display("list"),
    ast.Tuple: _display("tuple"),
    ast.Set: _display("set"),
    ast.Dict: _dict,
    ast.ListComp: _comprehension("list"),
    ast.SetComp: _comprehension("set"),
    ast.GeneratorExp: _comprehension("generator"),
    ast.DictComp: _comprehension("dict"),
    ast.Lambda: _lambda,
    ast.JoinedStr: _f_string,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.NamedExpr: _walrus,
}
if hasattr(ast, "TemplateStr"):
    EXPRESSIONS[ast.TemplateStr] = _f_string  # pyright: ignore[reportAttributeAccessIssue]
