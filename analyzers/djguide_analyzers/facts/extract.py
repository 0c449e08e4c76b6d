"""Syntax trees to the intermediate form.

Dispatch is by node class through one dictionary: this runs once per node of every file, and is the largest
part of a cold start after the parser itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import msgspec

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.spans import pack

_MAX_TEXT = 4096
"""String literals are cut to this many characters: analysis needs SQL and templates, not embedded files."""

_BINARY = {
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

_encoder = msgspec.msgpack.Encoder()


class Extractor:
    """Turns the statements of one text into chunks."""

    def __init__(self, text: str, first_line_shift: int = 0) -> None:
        self._lines = None if text.isascii() else _utf8_lines(text)
        self._shift = first_line_shift
        self._base = 1
        self._spans: list[int] = []
        self._bodies: list[bytes] = []
        self._yields = False

    def chunk(self, statements: list[ast.stmt]) -> ir.Chunk:
        """The chunk made of `statements`, which share their lines."""
        first = statements[0]
        decorators = getattr(first, "decorator_list", ())
        self._base = min([first.lineno, *(d.lineno for d in decorators)])
        self._spans, self._bodies = [], []
        outline = self.block(statements)
        last = max(s.end_lineno or s.lineno for s in statements)
        return ir.Chunk(self._base - 1, last - self._base + 1, outline, pack(self._spans), self._bodies)

    def block(self, statements: list[ast.stmt]) -> list[ir.Stmt]:
        """Statements in order; bare strings (docstrings) are left out."""
        result: list[ir.Stmt] = []
        for node in statements:
            if type(node) is ast.Expr and type(node.value) is ast.Constant:
                continue
            result.append(_STATEMENTS[type(node)](self, node))
        return result

    def expr(self, node: Any) -> ir.Expr:
        return _EXPRESSIONS.get(type(node), _opaque)(self, node)

    def optional(self, node: ast.expr | None) -> ir.Expr | None:
        return None if node is None else _EXPRESSIONS.get(type(node), _opaque)(self, node)

    def exprs(self, nodes: list[Any]) -> list[ir.Expr]:
        table = _EXPRESSIONS
        return [table.get(type(node), _opaque)(self, node) for node in nodes]

    def at(self, node: Any) -> int:
        """A new number for `node`, whose span is recorded."""
        spans = self._spans
        number = len(spans) >> 2
        if self._lines is None and not self._shift:
            spans += (
                node.lineno - self._base,
                node.col_offset,
                node.end_lineno - self._base,
                node.end_col_offset,
            )
        else:
            start = self._column(node.lineno, node.col_offset)
            end = self._column(node.end_lineno, node.end_col_offset)
            spans += (node.lineno - self._base, start, node.end_lineno - self._base, end)
        return number

    def _column(self, line: int, column: int) -> int:
        """Column in characters of a column in UTF-8 bytes."""
        shift = self._shift if line == 1 else 0
        if self._lines is None:
            return column + shift
        encoded = self._lines.get(line - 1)
        if encoded is None:
            return column + shift
        return len(encoded[:column].decode("utf-8", "replace")) + shift

    def function_body(self, statements: list[ast.stmt]) -> tuple[int, bool]:
        """Store a function's body in a table of its own; its number, and whether it is a generator's."""
        spans, yields = self._spans, self._yields
        self._spans, self._yields = [], False
        number = len(self._bodies)
        self._bodies.append(b"")
        body = ir.Body(self.block(statements), b"")
        body.spans = pack(self._spans)
        self._bodies[number] = _encoder.encode(body)
        is_generator = self._yields
        self._spans, self._yields = spans, yields
        return number, is_generator

    def params(self, args: ast.arguments) -> ir.Params:
        """A parameter list in calling order."""
        items: list[ir.Param] = []
        plain = [(arg, "pos") for arg in args.posonlyargs] + [(arg, "any") for arg in args.args]
        defaults: list[ast.expr | None] = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
        for (arg, kind), default in zip(plain, defaults, strict=True):
            items.append(self._param(arg, kind, default))
        if args.vararg:
            items.append(self._param(args.vararg, "*", None))
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            items.append(self._param(arg, "kw", default))
        if args.kwarg:
            items.append(self._param(args.kwarg, "**", None))
        return ir.Params(items)

    def _param(self, arg: ast.arg, kind: str, default: ast.expr | None) -> ir.Param:
        return ir.Param(arg.arg, kind, self.optional(arg.annotation), self.optional(default))

    def keywords(self, nodes: list[ast.keyword]) -> list[ir.Keyword]:
        return [ir.Keyword(self.at(node), node.arg, self.expr(node.value)) for node in nodes]


def _utf8_lines(text: str) -> dict[int, bytes]:
    """The lines of `text` that are not ASCII, encoded, by zero-based number."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return {
        number: line.encode("utf-8", "replace")
        for number, line in enumerate(unified.split("\n"))
        if not line.isascii()
    }


# --- expressions -----------------------------------------------------------------------------------------


def _opaque(x: Extractor, node: Any) -> ir.Expr:
    return ir.Opaque(x.at(node))


def _constant(x: Extractor, node: ast.Constant) -> ir.Expr:
    value = node.value
    if value is ... or isinstance(value, (complex, bytes)):
        return ir.Opaque(x.at(node))
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return ir.Opaque(x.at(node))
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        value = value[:_MAX_TEXT]
    return ir.Const(x.at(node), value)


def _name(x: Extractor, node: ast.Name) -> ir.Expr:
    return ir.Name(x.at(node), node.id)


def _attribute(x: Extractor, node: ast.Attribute) -> ir.Expr:
    return ir.Attr(x.at(node), x.expr(node.value), node.attr)


def _call(x: Extractor, node: ast.Call) -> ir.Expr:
    at = x.at(node)
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
    if type(node.op) is ast.USub and type(operand) is ast.Constant and type(operand.value) in (int, float):
        return ir.Const(x.at(node), -operand.value)  # type: ignore[operator]
    return ir.Unary(x.at(node), _UNARY[type(node.op)], x.expr(operand))


def _binary(x: Extractor, node: ast.BinOp) -> ir.Expr:
    return ir.Binary(x.at(node), x.expr(node.left), _BINARY[type(node.op)], x.expr(node.right))


def _compare(x: Extractor, node: ast.Compare) -> ir.Expr:
    ops = [_COMPARE[type(op)] for op in node.ops]
    return ir.Compare(x.at(node), x.expr(node.left), ops, x.exprs(node.comparators))


def _if_exp(x: Extractor, node: ast.IfExp) -> ir.Expr:
    return ir.IfExp(x.at(node), x.expr(node.test), x.expr(node.body), x.expr(node.orelse))


def _display(kind: str) -> Callable[[Extractor, Any], ir.Expr]:
    return lambda x, node: ir.Display(x.at(node), kind, x.exprs(node.elts))


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
    x._yields = True
    return ir.Yield(x.at(node), x.optional(node.value), type(node) is ast.YieldFrom)


def _walrus(x: Extractor, node: ast.NamedExpr) -> ir.Expr:
    return ir.Walrus(x.at(node), node.target.id, x.expr(node.value))


_EXPRESSIONS: dict[type, Callable[[Extractor, Any], ir.Expr]] = {
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


# --- statements ------------------------------------------------------------------------------------------


def _expr_stmt(x: Extractor, node: ast.Expr) -> ir.Stmt:
    return ir.ExprStmt(x.at(node), x.expr(node.value))


def _assign(x: Extractor, node: ast.Assign) -> ir.Stmt:
    return ir.Assign(x.at(node), x.exprs(node.targets), x.expr(node.value), None)


def _ann_assign(x: Extractor, node: ast.AnnAssign) -> ir.Stmt:
    return ir.Assign(x.at(node), [x.expr(node.target)], x.optional(node.value), x.expr(node.annotation))


def _type_alias(x: Extractor, node: Any) -> ir.Stmt:
    return ir.Assign(x.at(node), [x.expr(node.name)], x.expr(node.value), None)


def _aug_assign(x: Extractor, node: ast.AugAssign) -> ir.Stmt:
    return ir.AugAssign(x.at(node), x.expr(node.target), _BINARY[type(node.op)], x.expr(node.value))


def _return(x: Extractor, node: ast.Return) -> ir.Stmt:
    return ir.Return(x.at(node), x.optional(node.value))


def _raise(x: Extractor, node: ast.Raise) -> ir.Stmt:
    return ir.Raise(x.at(node), x.optional(node.exc), x.optional(node.cause))


def _delete(x: Extractor, node: ast.Delete) -> ir.Stmt:
    return ir.Delete(x.at(node), x.exprs(node.targets))


def _assert(x: Extractor, node: ast.Assert) -> ir.Stmt:
    return ir.Assert(x.at(node), x.expr(node.test), x.optional(node.msg))


def _if(x: Extractor, node: ast.If) -> ir.Stmt:
    return ir.If(x.at(node), x.expr(node.test), x.block(node.body), x.block(node.orelse))


def _for(x: Extractor, node: ast.For | ast.AsyncFor) -> ir.Stmt:
    at = x.at(node)
    target, iterated = x.expr(node.target), x.expr(node.iter)
    return ir.For(at, target, iterated, x.block(node.body), x.block(node.orelse), type(node) is ast.AsyncFor)


def _while(x: Extractor, node: ast.While) -> ir.Stmt:
    return ir.While(x.at(node), x.expr(node.test), x.block(node.body), x.block(node.orelse))


def _with(x: Extractor, node: ast.With | ast.AsyncWith) -> ir.Stmt:
    at = x.at(node)
    items = [ir.WithItem(x.expr(item.context_expr), x.optional(item.optional_vars)) for item in node.items]
    return ir.With(at, items, x.block(node.body), type(node) is ast.AsyncWith)


def _try(x: Extractor, node: Any) -> ir.Stmt:
    at = x.at(node)
    body = x.block(node.body)
    handlers = [
        ir.Handler(x.at(handler), _exception_types(x, handler.type), handler.name, x.block(handler.body))
        for handler in node.handlers
    ]
    return ir.Try(at, body, handlers, x.block(node.orelse), x.block(node.finalbody))


def _exception_types(x: Extractor, node: ast.expr | None) -> ir.Expr | None:
    """The types of a handler; ``A | B`` is how `source.parse` writes an unparenthesised list."""
    if not (type(node) is ast.BinOp and type(node.op) is ast.BitOr):
        return x.optional(node)
    at = x.at(node)
    items: list[ir.Expr] = []
    left: ast.expr = node
    while type(left) is ast.BinOp:
        items.insert(0, x.expr(left.right))
        left = left.left
    return ir.Display(at, "tuple", [x.expr(left), *items])


def _match(x: Extractor, node: ast.Match) -> ir.Stmt:
    at = x.at(node)
    subject = x.expr(node.subject)
    cases: list[ir.Case] = []
    for case in node.cases:
        names: list[str] = []
        for pattern in ast.walk(case.pattern):
            name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
            if isinstance(name, str):
                names.append(name)
        cases.append(ir.Case(names, x.optional(case.guard), x.block(case.body)))
    return ir.Match(at, subject, cases)


def _import(x: Extractor, node: ast.Import) -> ir.Stmt:
    return ir.Import(x.at(node), [ir.Alias(alias.name, alias.asname) for alias in node.names])


def _import_from(x: Extractor, node: ast.ImportFrom) -> ir.Stmt:
    names = [ir.Alias(alias.name, alias.asname) for alias in node.names]
    return ir.ImportFrom(x.at(node), node.module or "", node.level, names)


def _function(x: Extractor, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ir.Stmt:
    at = x.at(node)
    decorators = x.exprs(node.decorator_list)
    params, returns = x.params(node.args), x.optional(node.returns)
    body, is_generator = x.function_body(node.body)
    is_async = type(node) is ast.AsyncFunctionDef
    return ir.FunctionDef(at, node.name, params, decorators, returns, is_async, is_generator, body)


def _class(x: Extractor, node: ast.ClassDef) -> ir.Stmt:
    at = x.at(node)
    decorators = x.exprs(node.decorator_list)
    bases, keywords = x.exprs(node.bases), x.keywords(node.keywords)
    return ir.ClassDef(at, node.name, bases, keywords, decorators, x.block(node.body))


def _jump(kind: str) -> Callable[[Extractor, Any], ir.Stmt]:
    return lambda x, node: ir.Jump(x.at(node), kind)


def _scope(kind: str) -> Callable[[Extractor, Any], ir.Stmt]:
    return lambda x, node: ir.Scope(x.at(node), kind, list(node.names))


_STATEMENTS: dict[type, Callable[[Extractor, Any], ir.Stmt]] = {
    ast.Expr: _expr_stmt,
    ast.Assign: _assign,
    ast.AnnAssign: _ann_assign,
    ast.AugAssign: _aug_assign,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Delete: _delete,
    ast.Assert: _assert,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Match: _match,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Pass: _jump("pass"),
    ast.Break: _jump("break"),
    ast.Continue: _jump("continue"),
    ast.Global: _scope("global"),
    ast.Nonlocal: _scope("nonlocal"),
}
if hasattr(ast, "TypeAlias"):
    _STATEMENTS[ast.TypeAlias] = _type_alias
if hasattr(ast, "TemplateStr"):
    _EXPRESSIONS[ast.TemplateStr] = _f_string  # pyright: ignore[reportAttributeAccessIssue]
