"""Functions looked at by themselves: what their names mean, and which functions their calls enter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import ValueRef
from djguide_analyzers.rules.model_classes import is_name, self_name
from djguide_analyzers.rules.names import Names, of_function

_MAX_DEPTH = 6


class Body:
    """One function of the project, nested ones included.

    `depth` tells how many functions were entered to get here, for those who follow calls.
    """

    def __init__(self, project: Project, info: FunctionInfo, depth: int = 0) -> None:
        self.depth = depth
        self.project = project
        self.info = info
        self.code = info.body_code
        self.statements = info.statements

    @cached_property
    def names(self) -> Names:
        return of_function(self.project.resolver, self.info)

    @cached_property
    def nodes(self) -> dict[int, ir.Node]:
        """All nodes of the body by number, those of lambdas included."""
        return {node.at: node for node in walk(self.statements)}

    @property
    def calls(self) -> Iterator[ir.Call]:
        return (node for node in self.nodes.values() if isinstance(node, ir.Call))

    def nested(self, name: str) -> FunctionInfo | None:
        """The function `name` defined in this one, or in one around it."""
        for inner in self.info.nested:
            if inner.name == name:
                return inner
        parent = self.info.parent
        return Body(self.project, parent).nested(name) if parent is not None else None

    def dotted(self, node: ir.Expr) -> str | None:
        """Dotted name of what an expression means; for a method, that of the class it is looked up in."""
        found = self.function(node)
        if isinstance(found, FunctionInfo):
            return found.dotted
        base = self.made(node.value) if isinstance(node, ir.Attr) else None
        if base is not None and isinstance(node, ir.Attr):
            return f"{base.dotted if isinstance(base, ClassInfo) else base}.{node.name}"
        return self.names.dotted(self.code, node)

    def function(self, node: ir.Expr) -> FunctionInfo | None:
        """The function or method that an expression means."""
        if isinstance(node, ir.Name) and any(b.how == "defined" for b in self.names.bindings(node.id)):
            return self.nested(node.id)
        symbol = self.names.symbol(self.code, node)
        if isinstance(symbol, FunctionInfo):
            return symbol
        if isinstance(symbol, ClassInfo):
            return self._method(symbol, "__init__")
        if symbol is None and isinstance(node, ir.Attr):
            return self._attribute(node)
        return None

    def _attribute(self, node: ir.Attr) -> FunctionInfo | None:
        owner = self.names.owner
        if is_super(node.value):
            found = owner and self.project.resolver.class_attribute(owner, node.name, after=owner)
            return found[1] if found and isinstance(found[1], FunctionInfo) else None
        cls = self.made(node.value)
        return self._method(cls, node.name) if isinstance(cls, ClassInfo) else None

    def _method(self, cls: ClassInfo, name: str) -> FunctionInfo | None:
        found = self.project.resolver.class_attribute(cls, name)
        return found[1] if found is not None and isinstance(found[1], FunctionInfo) else None

    def made(self, node: ir.Expr, depth: int = 0) -> ClassInfo | str | None:
        """The class of which an expression is an instance, or the dotted name of one that cannot be read."""
        if depth > _MAX_DEPTH:
            return None
        if isinstance(node, ir.Call):
            symbol = self.names.symbol(self.code, node.func)
            if isinstance(symbol, ClassInfo):
                return symbol
            return symbol if isinstance(symbol, str) else _external(symbol)
        if not isinstance(node, ir.Name):
            return None
        if self.is_self(node):
            return self.names.owner
        bound = self.names.bindings(node.id)
        if not bound:
            return self._of_module(node)
        if len(bound) != 1 or bound[0].value is None:
            return None
        if bound[0].how == "parameter":
            symbol = self.project.resolver.expr(bound[0].code, bound[0].value)
            return symbol if isinstance(symbol, ClassInfo) else None
        if bound[0].how in ("assigned", "with") and bound[0].code == self.code:
            return self.made(bound[0].value, depth + 1)
        return None

    def _of_module(self, node: ir.Name) -> ClassInfo | str | None:
        """The same for a module's variable."""
        symbol = self.names.symbol(self.code, node)
        value = symbol.value if isinstance(symbol, ValueRef) else None
        if value is None or not isinstance(value.expr, ir.Call):
            return None
        made = self.project.resolver.expr(value.code, value.expr.func)
        return made if isinstance(made, ClassInfo) else _external(made)

    def is_self(self, node: ir.Expr) -> bool:
        """Whether an expression is the instance or class that this method was called on."""
        info: FunctionInfo | None = self.info
        while info is not None and info.parent is not None:
            info = info.parent
        return info is not None and info.owner is not None and is_name(node, self_name(info))


def _external(symbol: object) -> str | None:
    return getattr(symbol, "dotted", None)


def is_super(node: ir.Expr) -> bool:
    return isinstance(node, ir.Call) and is_name(node.func, "super")


def functions_of(info: FunctionInfo) -> Iterator[FunctionInfo]:
    """A function and those defined in it."""
    yield info
    for inner in info.nested:
        yield from functions_of(inner)
