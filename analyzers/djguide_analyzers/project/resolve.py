"""Names to what they mean, across modules, without importing anything.

`Resolver` finds modules through a *finder* (source roots, then the environment's packages, then the bundled
Django), follows imports, re-exports and star imports, and linearises class hierarchies. Cycles end in None.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.linearisation import linearised
from djguide_analyzers.project.modules import (
    Binding,
    ClassInfo,
    Code,
    FunctionInfo,
    ImportedModule,
    ImportedName,
    Module,
    Value,
)

_MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class External:
    """Something in a module that cannot be read (a package that is not installed), by its dotted name."""

    dotted: str


@dataclass(frozen=True, slots=True)
class ModuleRef:
    """A module used as a value."""

    module: Module

    @property
    def dotted(self) -> str:
        return self.module.name


@dataclass(frozen=True, slots=True, eq=False)
class ValueRef:
    """A module-level or class-level assignment, with its name and where it is."""

    name: str
    value: Value
    owner: ClassInfo | None

    @property
    def module(self) -> Module:
        return self.value.code.module

    @property
    def dotted(self) -> str:
        scope = self.owner.dotted if self.owner else self.module.name
        return f"{scope}.{self.name}"


Symbol = ClassInfo | FunctionInfo | ModuleRef | ValueRef | External
BaseEvaluator = Callable[[ClassInfo, ir.Expr], Symbol | None]


class Resolver:
    """Resolves names for one project.

    Args:
        find: Dotted module name to `Module`, None when there is none. Called once per name.
    """

    def __init__(self, find: Callable[[str], Module | None]) -> None:
        self._find = find
        self._modules: dict[str, Module | None] = {}
        self._mro: dict[ClassInfo, tuple[ClassInfo | External, ...]] = {}
        self._resolved: dict[tuple[str, str], Symbol | None] = {}
        self._evaluate_base: BaseEvaluator | None = None
        self._stand_ins: Callable[[str], Module | None] | None = None
        self._always: frozenset[str] = frozenset()

    def snapshot(self) -> Resolver:
        """The same for another thread: it knows the modules that are known now, and reads no others."""
        copy = Resolver(dict(self._modules).get)
        copy._resolved = dict(self._resolved)
        copy._mro = dict(self._mro)
        return copy

    def stand_in(self, find: Callable[[str], Module | None], always: frozenset[str] = frozenset()) -> None:
        """Use `find` for packages that the finder knows nothing of at all, and for the modules in `always`."""
        self._stand_ins, self._always = find, always
        self._modules = {
            name: module
            for name, module in self._modules.items()
            if module is not None and name not in always
        }
        self._resolved.clear()
        self._mro.clear()

    def evaluate_bases(self, evaluate: BaseEvaluator) -> None:
        """Have `evaluate` asked for bases that are no plain names of classes, such as ``get_base("x")``."""
        self._evaluate_base = evaluate
        self._mro.clear()

    # --- modules and names ---

    def module(self, dotted: str) -> Module | None:
        """The module called `dotted`, None when it cannot be found."""
        try:
            return self._modules[dotted]
        except KeyError:
            found = self._find(dotted) if dotted else None
            if self._stand_ins is not None and (
                dotted in self._always or (found is None and self._find(dotted.partition(".")[0]) is None)
            ):
                found = self._stand_ins(dotted)
            self._modules[dotted] = found
            return found

    def name(self, module: Module, name: str) -> Symbol | None:
        """What `name` means at the top level of `module`; None when it is not bound or not known."""
        return self._name(module, name, 0)

    def dotted(self, path: str) -> Symbol | None:
        """The symbol at an absolute dotted path such as ``shop.models.Order``."""
        if (module := self.module(path)) is not None:
            return ModuleRef(module)
        head, _, tail = path.rpartition(".")
        if not head:
            return External(path)
        base = self.dotted(head)
        return self.attribute(base, tail) if base is not None else None

    def attribute(self, base: Symbol, name: str) -> Symbol | None:
        """``base.name`` for a static base."""
        return self._attribute(base, name, 0)

    def expr(self, scope: Code | Module, node: ir.Expr, owner: ClassInfo | None = None) -> Symbol | None:
        """A name, dotted name or parametrised class (``Base[Model]``) written at module or class level."""
        module = scope.module if isinstance(scope, Code) else scope
        match node:
            case ir.Name(id=name):
                while owner is not None:
                    if (binding := owner.member(name)) is not None:
                        return self._binding(binding, name, owner, 0)
                    owner = owner.owner
                return self.name(module, name)
            case ir.Attr(value=value, name=name):
                base = self.expr(scope, value, owner)
                return None if base is None else self.attribute(base, name)
            case ir.Subscript(value=value):
                base = self.expr(scope, value, owner)
                return base if isinstance(base, (ClassInfo, External)) else None
            case _:
                return None

    def _name(self, module: Module, name: str, depth: int) -> Symbol | None:
        key = (module.path, name)
        if key in self._resolved:
            return self._resolved[key]
        if depth > _MAX_DEPTH:
            return None
        self._resolved[key] = None  # a cycle ends here
        symbol = self._lookup(module, name, depth)
        if depth and symbol is None:
            del self._resolved[key]  # may only look unknown from inside a cycle
        else:
            self._resolved[key] = symbol
        return symbol

    def _lookup(self, module: Module, name: str, depth: int) -> Symbol | None:
        table = module.symbols
        bindings = table.names.get(name)
        if bindings:
            preferred = table.get(name)
            ordered = [preferred, *[b for b in reversed(bindings) if b is not preferred]]
            first: Symbol | None = None
            for binding in ordered:
                symbol = self._binding(binding, name, None, depth) if binding is not None else None
                if symbol is not None and not isinstance(symbol, External):
                    return symbol
                first = first or symbol
            return first
        unknown: Symbol | None = None
        for source in reversed(table.stars):
            starred = self.module(source)
            if starred is None:
                unknown = unknown or External(f"{source}.{name}")
                continue
            if starred is not module and self.exports(starred, name):
                symbol = self._name(starred, name, depth + 1)
                if symbol is not None:
                    return symbol
        if module.is_package and (submodule := self.module(f"{module.name}.{name}")) is not None:
            return ModuleRef(submodule)
        return unknown

    def exports(self, module: Module, name: str) -> bool:
        """Whether ``from module import *`` brings `name`, as far as ``__all__`` is written out."""
        listed = self._all(module)
        return name in listed if listed is not None else not name.startswith("_")

    def _all(self, module: Module) -> set[str] | None:
        """Names in ``__all__``; None when there is none or it is computed."""
        names: set[str] = set()
        bindings = module.symbols.names.get("__all__")
        if not bindings:
            return None
        for binding in bindings:
            if not isinstance(binding, Value) or not isinstance(binding.expr, ir.Display):
                return None
            for item in binding.expr.items:
                if not isinstance(item, ir.Const) or not isinstance(item.value, str):
                    return None
                names.add(item.value)
        for node, _ in module.symbols.loose:
            if (
                isinstance(node, ir.AugAssign)
                and isinstance(node.target, ir.Name)
                and node.target.id == "__all__"
            ):
                if not isinstance(node.value, ir.Display):
                    return None
                names.update(
                    i.value for i in node.value.items if isinstance(i, ir.Const) and isinstance(i.value, str)
                )
        return names

    def _binding(self, binding: Binding, name: str, owner: ClassInfo | None, depth: int) -> Symbol | None:
        match binding:
            case ClassInfo() | FunctionInfo():
                return binding
            case ImportedModule(dotted=dotted):
                module = self.module(dotted)
                return ModuleRef(module) if module is not None else External(dotted)
            case ImportedName(module=source, name=imported):
                return self._imported(source, imported, depth)
            case Value(expr=expr) if isinstance(expr, (ir.Name, ir.Attr)) and depth < _MAX_DEPTH:
                alias = self._alias(expr, binding.code, owner, depth + 1)
                return (
                    alias
                    if isinstance(alias, (ClassInfo, FunctionInfo, ModuleRef))
                    else ValueRef(name, binding, owner)
                )
            case Value():
                return ValueRef(name, binding, owner)
        return None

    def _alias(self, node: ir.Expr, code: Code, owner: ClassInfo | None, depth: int) -> Symbol | None:
        """The class, function or module that ``name = node`` gives another name."""
        if isinstance(node, ir.Name):
            if owner is not None and (binding := owner.member(node.id)) is not None:
                return self._binding(binding, node.id, owner, depth)
            return self._name(code.module, node.id, depth)
        if isinstance(node, ir.Attr):
            base = self._alias(node.value, code, owner, depth)
            return self._attribute(base, node.name, depth) if base is not None else None
        return None

    def _imported(self, source: str, name: str, depth: int) -> Symbol | None:
        module = self.module(source)
        if module is None:
            submodule = self.module(f"{source}.{name}")
            return ModuleRef(submodule) if submodule is not None else External(f"{source}.{name}")
        symbol = self._name(module, name, depth + 1)
        if symbol is not None:
            return symbol
        submodule = self.module(f"{source}.{name}")
        return ModuleRef(submodule) if submodule is not None else None

    def _attribute(self, base: Symbol, name: str, depth: int) -> Symbol | None:
        match base:
            case External(dotted=dotted):
                return External(f"{dotted}.{name}")
            case ModuleRef(module=module):
                symbol = self._name(module, name, depth)
                if symbol is None and (submodule := self.module(f"{module.name}.{name}")) is not None:
                    return ModuleRef(submodule)
                return symbol
            case ClassInfo():
                found = self.class_attribute(base, name)
                return self._binding(found[1], name, found[0], depth) if found else None
        return None

    # --- classes ---

    def mro(self, cls: ClassInfo) -> tuple[ClassInfo | External, ...]:
        """Linearised bases of `cls`, itself first; classes that cannot be read as `External`."""
        cached = self._mro.get(cls)
        if cached is not None:
            return cached
        self._mro[cls] = (cls,)  # a class that is its own base
        bases = list(self.bases(cls))
        sequences: list[list[ClassInfo | External]] = [
            list(self.mro(base)) if isinstance(base, ClassInfo) else [base] for base in bases
        ]
        result = (cls, *(base for base in linearised([*sequences, list(bases)]) if base is not cls))
        self._mro[cls] = result
        return result

    def bases(self, cls: ClassInfo) -> Iterator[ClassInfo | External]:
        """Direct bases; one that cannot be resolved appears as an `External` with what is written."""
        if cls.known_bases is not None:
            yield from cls.known_bases
            return
        for base in _base_nodes(cls.node):
            made = self._made_of_queryset(base, cls.code, cls.owner)
            if made is None:
                yield self._base(cls, base)
            else:
                yield from made

    def _base(self, cls: ClassInfo, base: ir.Expr) -> ClassInfo | External:
        if isinstance(base, ir.Star):
            return External("*")
        symbol = self.expr(cls.code, base, cls.owner)
        if self._evaluate_base is not None and (
            not isinstance(symbol, (ClassInfo, External)) or self._is_ambiguous(cls.module, base)
        ):
            symbol = self._evaluate_base(cls, base) or symbol
        return _readable(symbol, base)

    def _made_of_queryset(
        self, node: ir.Expr, code: Code, owner: ClassInfo | None, depth: int = 0
    ) -> list[ClassInfo | External] | None:
        """Classes that ``Manager.from_queryset(QuerySet)`` derives from; None when `node` is no such thing.

        `node` may also be a name bound to that. The queryset class stands for the methods that are copied from
        it: those of the manager come first.
        """
        if isinstance(node, ir.Subscript):
            return self._made_of_queryset(node.value, code, owner, depth)
        if isinstance(node, (ir.Name, ir.Attr)) and depth < _MAX_DEPTH:
            symbol = self.expr(code, node, owner)
            if isinstance(symbol, ValueRef) and symbol.value.expr is not None:
                return self._made_of_queryset(symbol.value.expr, symbol.value.code, symbol.owner, depth + 1)
            return None
        if not (
            isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name == "from_queryset"
        ):
            return None
        queryset = node.args[0] if node.args else node.keyword("queryset_class")
        if queryset is None:
            return None
        manager = node.func.value
        return [
            *(
                self._made_of_queryset(manager, code, owner, depth + 1)
                or [_readable(self.expr(code, manager, owner), manager)]
            ),
            _readable(self.expr(code, queryset, owner), queryset),
        ]

    def _is_ambiguous(self, module: Module, node: ir.Expr) -> bool:
        """Whether a name is bound more than once where it comes from, say in both branches of an ``if``."""
        while isinstance(node, ir.Attr):
            node = node.value
        name = node.id if isinstance(node, ir.Name) else None
        for _ in range(_MAX_DEPTH):
            bindings = module.symbols.names.get(name, ()) if name is not None else ()
            if len(bindings) != 1:
                return len(bindings) > 1
            binding = bindings[0]
            source = self.module(binding.module) if isinstance(binding, ImportedName) else None
            if source is None or not isinstance(binding, ImportedName):
                return False
            module, name = source, binding.name
        return False

    def is_subclass(self, cls: ClassInfo, *dotted: str) -> bool:
        """Whether `cls` has one of the classes called `dotted` in its hierarchy, itself included."""
        return any(base.dotted in dotted for base in self.mro(cls))

    def fully_known(self, cls: ClassInfo) -> bool:
        """Whether every class of the hierarchy could be read."""
        return all(isinstance(base, ClassInfo) or base.dotted in HARMLESS for base in self.mro(cls))

    def class_attribute(
        self, cls: ClassInfo, name: str, after: ClassInfo | None = None
    ) -> tuple[ClassInfo, Binding] | None:
        """The class of the hierarchy that binds `name`, and the binding.

        With `after`, the search starts behind that class, as ``super()`` does. None when no readable class
        binds it, or when an unreadable class comes first and might.
        """
        line = self.mro(cls)
        if after is not None and after in line:
            line = line[line.index(after) + 1 :]
        for base in line:
            if isinstance(base, External):
                if base.dotted in HARMLESS:
                    continue
                return None
            if (binding := base.member(name)) is not None:
                return base, binding
        return None


HARMLESS = frozenset(
    {"builtins.object", "typing.Generic", "typing.Protocol", "abc.ABC", "typing_extensions.Generic",
     "typing_extensions.Protocol"}
)  # fmt: skip
"""Classes outside of any project that define nothing a lookup could mean."""


def called_name(node: ir.Call) -> str | None:
    """The last part of the name that a call calls."""
    if isinstance(node.func, ir.Name):
        return node.func.id
    return node.func.name if isinstance(node.func, ir.Attr) else None


def _base_nodes(node: ir.ClassDef) -> Iterator[ir.Expr]:
    """The written bases; those of ``with_metaclass(Meta, *bases)`` in its place."""
    for base in node.bases:
        if isinstance(base, ir.Call) and called_name(base) == "with_metaclass":
            yield from base.args[1:]
        else:
            yield base


def _readable(symbol: Symbol | None, node: ir.Expr) -> ClassInfo | External:
    """`symbol` as a base class; what is no class appears as `External` with what is written."""
    if isinstance(symbol, (ClassInfo, External)):
        return symbol
    name = node.value if isinstance(node, ir.Subscript) else node
    if symbol is None and isinstance(name, ir.Name) and hasattr(builtins, name.id):
        return External(f"builtins.{name.id}")
    return External(f"?{_written(node)}")


def _written(node: ir.Expr) -> str:
    if isinstance(node, ir.Name):
        return node.id
    if isinstance(node, ir.Attr):
        return f"{_written(node.value)}.{node.name}"
    return "…"
