"""What names mean."""

from __future__ import annotations

import builtins
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.evaluation.builtin import BUILTINS
from djguide_analyzers.project.models.evaluation.core import PENDING, Core
from djguide_analyzers.project.models.evaluation.known import LIBRARY
from djguide_analyzers.project.models.evaluation.values import UNBOUND, UNKNOWN, Frame, Raised, Unknown
from djguide_analyzers.project.modules import ClassInfo, Code, ImportedName, Module
from djguide_analyzers.project.resolve import External, ModuleRef, Symbol, ValueRef


class Names(Core):
    """The part of the interpreter that looks names up."""

    def name(self, name: str, frame: Frame) -> Any:
        """What `name` means in `frame`."""
        scope: Frame | None = frame
        while scope is not None:
            if not scope.is_class or frame.is_class:
                if name in scope.names:
                    if scope.rests_on:
                        self.reads += scope.rests_on.get(name, ())
                    return scope.names[name]
                if scope.lazy and scope.owner is not None and scope.owner.member(name) is not None:
                    return self.class_value(scope.owner, name)
            scope = scope.enclosing
        return self.global_value(frame.code.module, name)

    def scope_of(self, name: str, frame: Frame) -> dict[str, Any]:
        """The names that an assignment to `name` in `frame` changes."""
        if name not in frame.globals:
            return frame.names
        scope = frame.enclosing
        while scope is not None:
            if name in scope.names:
                return scope.names
            scope = scope.enclosing
        return self.module_overlays.setdefault(frame.code.module.path, {})

    def global_value(self, module: Module, name: str) -> Any:
        """What `name` means at the top level of `module`, builtins included."""
        overlay = self.module_overlays.get(module.path)
        if overlay is not None and name in overlay:
            return overlay[name]
        bindings = module.symbols.names.get(name)
        if bindings is not None and len(bindings) > 1:
            chosen = self._chosen(module, name)
            if not isinstance(chosen, Unknown) and chosen is not UNBOUND:
                return chosen
        elif bindings is not None and isinstance(bindings[0], ImportedName):
            value = self._imported_name(module, name, bindings[0])
            if not isinstance(value, Unknown):
                return value
        symbol = self.resolver.name(module, name)
        if symbol is not None:
            if self.trying and symbol in self.defining and symbol.module is module:
                raise Raised("NameError")
            return self.symbol_value(symbol)
        return self._builtin(module, name)

    def _builtin(self, module: Module, name: str) -> Any:
        """What a name means that the module does not bind."""
        if name in BUILTINS:
            return BUILTINS[name]
        if name == "__name__":
            return module.name
        if (
            self.trying
            and not module.symbols.stars
            and not hasattr(builtins, name)
            and name not in module.symbols.names
        ):
            raise Raised("NameError")
        return UNKNOWN

    def symbol_value(self, symbol: Symbol | None) -> Any:
        """The value of a resolved symbol."""
        if symbol is None:
            return UNKNOWN
        native = LIBRARY.get(symbol.dotted, PENDING)
        if native is not PENDING:
            return native
        if symbol.dotted in self.origin.values:
            return self.origin.values[symbol.dotted]
        if not isinstance(symbol, ValueRef):
            return symbol
        if symbol.owner is not None:
            return self.class_value(symbol.owner, symbol.name)
        return self._module_level(symbol)

    def _imported_name(self, module: Module, name: str, binding: ImportedName) -> Any:
        """What a name means that ``from`` brings, decided where it comes from."""
        key = (module.path, name)
        value = self._globals.get(key, PENDING)
        if value is PENDING:
            self._globals[key] = UNKNOWN  # a circle of imports
            value = self.noting(key, lambda: self.apart(lambda: self.imported(binding.module, binding.name)))
            self._globals[key] = value
        elif self.rests_on:
            self.recall(key)
        return value

    def _chosen(self, module: Module, name: str) -> Any:
        """The value of a name that several statements bind, by executing them."""
        key = (module.path, name)
        value = self._globals.get(key, PENDING)
        if value is PENDING:
            self._globals[key] = UNKNOWN
            value = self.noting(key, lambda: self.apart(lambda: self._execute_slice(module, name)))
            self._globals[key] = value
        elif self.rests_on:
            self.recall(key)
        return value

    def may_define(self, cls: ClassInfo) -> bool:
        """Whether executing its module binds the name of a top-level class to `cls`, as far as can be known."""
        if cls.owner is not None or (cls.node in cls.code.chunk.outline and not self._is_ambiguous(cls)):
            return True
        value = self._chosen(cls.module, cls.name)
        if isinstance(value, ClassInfo):
            return value is cls
        return value is not UNBOUND and cls.module.symbols.get(cls.name) is cls

    def _is_ambiguous(self, cls: ClassInfo) -> bool:
        return len(cls.module.symbols.names.get(cls.name, ())) > 1

    def _module_level(self, ref: ValueRef) -> Any:
        key = (ref.module.path, ref.name)
        value = self._globals.get(key, PENDING)
        if value is PENDING:
            self._globals[key] = UNBOUND  # until it is evaluated
            value = self.noting(key, lambda: self.apart(lambda: self._evaluate_global(ref)))
            self._globals[key] = value
        elif self.rests_on:
            self.recall(key)
        if value is UNBOUND and self.trying and self.executing is ref.module:
            raise Raised("NameError")
        return UNKNOWN if value is UNBOUND else value

    def _evaluate_global(self, ref: ValueRef) -> Any:
        module, binding = ref.module, ref.value
        bindings = module.symbols.names.get(ref.name, [])
        frame = self.module_frame(binding.code)
        alone = len(bindings) == 1 and not binding.fallback and ref.name not in self._changed_names(module)
        if alone and binding.expr is not None and self._is_simple(ref):
            return self.expr(binding.expr, frame)
        return self._execute_slice(module, ref.name)

    def _is_simple(self, ref: ValueRef) -> bool:
        """Whether the assignment stands at the top level itself, in no branch."""
        return any(node.at == ref.value.at for node in ref.value.code.chunk.outline)

    def _execute_slice(self, module: Module, name: str) -> Any:
        """Execute just the top-level statements of `module` that have to do with `name`."""
        frame: Frame | None = None
        outside, self.executing = self.executing, module
        try:
            for chunk in module.facts.chunks:
                for node in chunk.outline:
                    if not _concerns(node, name):
                        continue
                    code = Code(module, chunk)
                    names = frame.names if frame else {}
                    frame = Frame(
                        code,
                        names,
                        uncertain=frame.uncertain if frame else set(),
                        rests_on=frame.rests_on if frame else None,
                    )
                    self.block([node], frame)
        finally:
            self.executing = outside
        if frame is None:
            return UNKNOWN
        value = frame.names.get(name, UNBOUND)
        if name in frame.uncertain or isinstance(value, Unknown):
            self.conditional[module.path, name] = (frame.rests_on or {}).get(name, frozenset())
        return value

    def _changed_names(self, module: Module) -> set[str]:
        """Names whose value a top-level statement changes in place."""
        names = self._changed.get(module.path)
        if names is None:
            names = {name for node, _ in module.symbols.loose if (name := changed_name(node))}
            self._changed[module.path] = names
        return names

    def module_value(self, dotted: str) -> Any:
        """The module called `dotted`."""
        module = self.resolver.module(dotted)
        return ModuleRef(module) if module is not None else External(dotted)

    def imported(self, source: str, name: str) -> Any:
        """``from source import name``."""
        dotted = f"{source}.{name}"
        if dotted in LIBRARY:
            return LIBRARY[dotted]
        module = self.resolver.module(source)
        if module is None:
            return self.module_value(dotted)
        value = self.global_value(module, name)
        if isinstance(value, Unknown):
            if (inner := self.resolver.module(dotted)) is not None:
                return ModuleRef(inner)
            if name not in module.symbols.names:
                return External(dotted)
        return value


def changed_name(node: ir.Stmt) -> str | None:
    """The name whose value a statement changes in place."""
    target: ir.Expr | None = None
    if isinstance(node, ir.AugAssign):
        target = node.target
    elif isinstance(node, ir.Assign):
        target = next((t.value for t in node.targets if isinstance(t, ir.Subscript)), None)
    elif (
        isinstance(node, ir.ExprStmt)
        and isinstance(node.value, ir.Call)
        and isinstance(node.value.func, ir.Attr)
    ):
        target = node.value.func.value
    return target.id if isinstance(target, ir.Name) else None


def _concerns(node: ir.Stmt, name: str) -> bool:
    """Whether executing `node` may bind `name` or change its value."""
    match node:
        case ir.Assign():
            return any(_binds(target, name) for target in node.targets)
        case ir.AugAssign() | ir.ExprStmt():
            return changed_name(node) == name
        case ir.FunctionDef(name=bound) | ir.ClassDef(name=bound):
            return bound == name
        case ir.Import():
            return any((alias.asname or alias.name.partition(".")[0]) == name for alias in node.names)
        case ir.ImportFrom():
            return any((alias.asname or alias.name) == name for alias in node.names)
        case ir.If() | ir.While():
            return any(_concerns(inner, name) for inner in [*node.body, *node.orelse])
        case ir.For():
            return _binds(node.target, name) or any(_concerns(i, name) for i in [*node.body, *node.orelse])
        case ir.Try():
            handled = [inner for handler in node.handlers for inner in handler.body]
            return any(_concerns(inner, name) for inner in [*node.body, *handled, *node.orelse, *node.final])
        case ir.With():
            return any(_concerns(inner, name) for inner in node.body)
    return False


def _binds(target: ir.Expr, name: str) -> bool:
    match target:
        case ir.Name(id=bound):
            return bound == name
        case ir.Display(items=items):
            return any(_binds(item, name) for item in items)
        case ir.Star(value=value) | ir.Subscript(value=value):
            return _binds(value, name)
    return False
