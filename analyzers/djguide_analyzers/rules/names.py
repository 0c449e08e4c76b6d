"""What the names of one function mean, as far as it is written in the function and around it."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.resolve import Resolver, Symbol, ValueRef
from djguide_analyzers.rules.context import FileContext, Scope

_MAX_DEPTH = 12

How = Literal["assigned", "unpacked", "loop", "with", "changed", "parameter", "defined"]


@dataclass(frozen=True, slots=True)
class Bound:
    """One binding of a name: `value` is what it is taken from (the iterable for ``loop``), if it is written."""

    how: How
    value: ir.Expr | None
    code: Code
    at: int


class _Written:
    """What one function itself says about names: their bindings, and what is imported under them."""

    def __init__(self, info: FunctionInfo) -> None:
        self.bound: dict[str, list[Bound]] = {}
        self.imports: dict[str, str] = {}
        for param in info.node.params.items:
            self._bind(param.name, Bound("parameter", param.annotation, info.code, 0))
        for node in walk(info.statements):
            self._collect(node, info.body_code)

    def _bind(self, name: str, bound: Bound) -> None:
        self.bound.setdefault(name, []).append(bound)

    def _collect(self, node: ir.Node, code: Code) -> None:
        match node:
            case ir.Assign(targets=targets, value=value) if value is not None:
                for target in targets:
                    self._target("assigned", target, value, code, node.at)
            case ir.AugAssign(target=ir.Name(id=name), value=value):
                self._bind(name, Bound("changed", value, code, node.at))
            case ir.Walrus(target=name, value=value):
                self._bind(name, Bound("assigned", value, code, node.at))
            case ir.For(target=target, iter=iterable) | ir.Clause(target=target, iter=iterable):
                self._target("loop", target, iterable, code, node.at)
            case ir.With(items=items):
                for item in items:
                    if item.target is not None:
                        self._target("with", item.target, item.context, code, node.at)
            case ir.Handler(name=str(name)):
                self._bind(name, Bound("defined", None, code, node.at))
            case ir.FunctionDef(name=name) | ir.ClassDef(name=name):
                self._bind(name, Bound("defined", None, code, node.at))
            case ir.Match(cases=cases):
                for case in cases:
                    for name in case.names:
                        self._bind(name, Bound("unpacked", None, code, node.at))
            case ir.Import() | ir.ImportFrom():
                self._import(node, code)

    def _target(self, how: How, target: ir.Expr, value: ir.Expr, code: Code, at: int) -> None:
        if isinstance(target, ir.Name):
            self._bind(target.id, Bound(how, value, code, at))
        elif isinstance(target, ir.Star):
            self._target("unpacked", target.value, value, code, at)
        elif isinstance(target, ir.Display):
            parts = value.items if isinstance(value, ir.Display) and how == "assigned" else []
            for number, item in enumerate(target.items):
                if len(parts) == len(target.items):
                    self._target("assigned", item, parts[number], code, at)
                else:
                    self._target("loop" if how == "loop" else "unpacked", item, value, code, at)

    def _import(self, node: ir.Import | ir.ImportFrom, code: Code) -> None:
        for alias in node.names:
            if isinstance(node, ir.Import):
                bound = alias.asname or alias.name.partition(".")[0]
                self.imports[bound] = alias.name if alias.asname else bound
            elif (source := code.module.absolute(node.module, node.level)) is not None:
                self.imports[alias.asname or alias.name] = f"{source}.{alias.name}"


class Names:
    """The names of a function, or of a module's top level when `info` is None."""

    def __init__(
        self, resolver: Resolver, info: FunctionInfo | None, blocks: list[tuple[list[ir.Stmt], Code]]
    ) -> None:
        self.resolver = resolver
        self.info = info
        self.blocks = blocks
        self._nodes: list[tuple[ir.Node, Code]] | None = None
        parent = info.parent if info is not None else None
        self.outer = of_function(resolver, parent) if parent is not None else None
        written = info.once(_Written) if info is not None else None
        self.bound: dict[str, list[Bound]] = written.bound if written is not None else {}
        self._imports: dict[str, str] = written.imports if written is not None else {}

    @property
    def owner(self) -> ClassInfo | None:
        """The class whose method this is, or is nested in."""
        info = self.info
        while info is not None and info.parent is not None:
            info = info.parent
        return info.owner if info is not None else None

    def nodes(self) -> list[tuple[ir.Node, Code]]:
        """Everything written in the function itself, in source order."""
        if self._nodes is None:
            self._nodes = [(node, code) for block, code in self.blocks for node in walk(block)]
        return self._nodes

    def bindings(self, name: str) -> list[Bound]:
        """What a local name is bound to, here or in the function around; empty for one of the module."""
        if name in self.bound:
            return self.bound[name]
        return self.outer.bindings(name) if self.outer is not None else []

    def value(self, name: str) -> tuple[ir.Expr, Code] | None:
        """The expression that a local name stands for, when it is assigned just once."""
        bound = self.bindings(name)
        if len(bound) == 1 and bound[0].how == "assigned" and bound[0].value is not None:
            return bound[0].value, bound[0].code
        return None

    def dotted(self, code: Code, node: ir.Expr, depth: int = 0) -> str | None:
        """Dotted name of what a name or attribute means; None when it is not known.

        Attributes of a module's values extend their name: ``django.core.cache.cache.get``.
        """
        symbol = self.symbol(code, node, depth)
        if isinstance(symbol, str) or symbol is None:
            return symbol
        return symbol.dotted

    def called(self, code: Code, call: ir.Call) -> str | None:
        """Dotted name of what `call` calls."""
        return self.dotted(code, call.func)

    def symbol(self, code: Code, node: ir.Expr, depth: int = 0) -> Symbol | str | None:
        """What a name or attribute means: a symbol, or the dotted name of something that cannot be read."""
        if depth > _MAX_DEPTH:
            return None
        if isinstance(node, ir.Name):
            return self._name(code, node.id, depth)
        if isinstance(node, ir.Attr):
            base = self.symbol(code, node.value, depth + 1)
            if base is None:
                return None
            if isinstance(base, str):
                return f"{base}.{node.name}"
            found = self.resolver.attribute(base, node.name)
            return found if found is not None else f"{base.dotted}.{node.name}"
        return None

    def _name(self, code: Code, name: str, depth: int) -> Symbol | str | None:
        imported = self._imported(name)
        if imported is not None:
            return self.resolver.dotted(imported) or imported
        if self.bindings(name):
            value = self.value(name)
            if value is None or not isinstance(value[0], (ir.Name, ir.Attr)):
                return None
            return self.symbol(value[1], value[0], depth + 1)
        symbol = self.resolver.name(code.module, name)
        if symbol is None and name not in code.module.symbols.names and hasattr(builtins, name):
            return f"builtins.{name}"
        return symbol

    def _imported(self, name: str) -> str | None:
        if name in self._imports:
            return self._imports[name] if name not in self.bound else None
        if name in self.bound:
            return None
        return self.outer._imported(name) if self.outer is not None else None


def of_function(resolver: Resolver, info: FunctionInfo) -> Names:
    """The names of `info`."""
    return Names(resolver, info, [(info.statements, info.body_code)])


def of_scope(file: FileContext, scope: Scope) -> Names:
    """The names of one scope of `file`, made once for all rules."""
    return scope.once(Names, lambda: Names(file.project.resolver, scope.function, scope.blocks))


def module_value(symbol: Symbol | str | None) -> tuple[ir.Expr, Code] | None:
    """The expression that a module's or class's name is assigned, if `symbol` is one."""
    if isinstance(symbol, ValueRef) and symbol.value.expr is not None:
        return symbol.value.expr, symbol.value.code
    return None
