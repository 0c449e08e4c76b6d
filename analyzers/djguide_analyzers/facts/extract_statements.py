"""Statements of a syntax tree to the intermediate form."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.extract_expressions import BINARY

if TYPE_CHECKING:
    from djguide_analyzers.facts.extract import Extractor


def _expr_stmt(x: Extractor, node: ast.Expr) -> ir.Stmt:
    return ir.ExprStmt(x.at(node), x.expr(node.value))


def _note_set(x: Extractor, target: ast.expr) -> None:
    """Note an attribute that is assigned."""
    match target:
        case ast.Attribute(value=base, attr=name):
            parts = [name]
            while type(base) is ast.Attribute:
                parts.append(base.attr)
                base = base.value
            if type(base) is ast.Name:
                x.sets.add(".".join([base.id, *reversed(parts)]))
        case ast.Tuple(elts=items) | ast.List(elts=items):
            for item in items:
                _note_set(x, item)


def _assign(x: Extractor, node: ast.Assign) -> ir.Stmt:
    for target in node.targets:
        _note_set(x, target)
    return ir.Assign(x.at(node), x.exprs(node.targets), x.expr(node.value), None)


def _ann_assign(x: Extractor, node: ast.AnnAssign) -> ir.Stmt:
    _note_set(x, node.target)
    return ir.Assign(x.at(node), [x.expr(node.target)], x.optional(node.value), x.expr(node.annotation))


def _type_alias(x: Extractor, node: Any) -> ir.Stmt:
    return ir.Assign(x.at(node), [x.expr(node.name)], x.expr(node.value), None)


def _aug_assign(x: Extractor, node: ast.AugAssign) -> ir.Stmt:
    return ir.AugAssign(x.at(node), x.expr(node.target), BINARY[type(node.op)], x.expr(node.value))


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
    body, is_generator, sets = x.function_body(node.body)
    is_async = type(node) is ast.AsyncFunctionDef
    return ir.FunctionDef(at, node.name, params, decorators, returns, is_async, is_generator, body, sets)


def _class(x: Extractor, node: ast.ClassDef) -> ir.Stmt:
    at = x.at(node)
    decorators = x.exprs(node.decorator_list)
    bases, keywords = x.exprs(node.bases), x.keywords(node.keywords)
    return ir.ClassDef(at, node.name, bases, keywords, decorators, x.block(node.body))


def _jump(kind: str) -> Callable[[Extractor, Any], ir.Stmt]:
    return lambda x, node: ir.Jump(x.at(node), kind)


def _scope(kind: str) -> Callable[[Extractor, Any], ir.Stmt]:
    return lambda x, node: ir.Scope(x.at(node), kind, list(node.names))


STATEMENTS: dict[type, Callable[[Extractor, Any], ir.Stmt]] = {
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
    STATEMENTS[ast.TypeAlias] = _type_alias  # pyright: ignore[reportAttributeAccessIssue]
