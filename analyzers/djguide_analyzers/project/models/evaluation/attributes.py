"""Looking names and attributes up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.evaluation import enums
from djguide_analyzers.project.models.evaluation.builtin import BUILTINS
from djguide_analyzers.project.models.evaluation.library import (
    LIBRARY,
    apps_attribute,
    connection_attribute,
    signal_attribute,
)
from djguide_analyzers.project.models.evaluation.operators import subscript
from djguide_analyzers.project.models.evaluation.values import (
    APPS,
    CONNECTION,
    MORE,
    SCALARS,
    SETTINGS,
    UNBOUND,
    UNKNOWN,
    Bound,
    Closure,
    Descriptor,
    Frame,
    Instance,
    Method,
    ModelRef,
    Native,
    Partial,
    Raised,
    Signal,
    Super,
    Unknown,
)
from djguide_analyzers.project.modules import (
    ClassInfo,
    Code,
    FunctionInfo,
    ImportedModule,
    ImportedName,
    Module,
    Value,
)
from djguide_analyzers.project.resolve import HARMLESS, External, ModuleRef, Symbol, ValueRef

if TYPE_CHECKING:
    from djguide_analyzers.project.models.evaluation.interpreter import Interpreter

_PENDING = object()
_EMPTY_CHUNK = ir.Chunk(0, 1, [], b"", [])


class Attributes:
    """The part of the interpreter that looks names and attributes up."""

    def init_state(self: Interpreter) -> None:
        """Empty caches."""
        self.enclosing: dict[ClassInfo, Frame] = {}
        self.overlays: dict[ClassInfo, dict[str, Any]] = {}
        """Class attributes that evaluated code set, and all attributes of classes made by ``type()``."""
        self.module_overlays: dict[str, dict[str, Any]] = {}
        self.statements: dict[int, tuple[Instance, ir.Stmt]] = {}
        """Where an instance was assigned, by its identity."""
        self.namespaces: dict[ClassInfo, Frame] = {}
        self._globals: dict[tuple[str, str], Any] = {}
        self._class_values: dict[tuple[ClassInfo, str], Any] = {}
        self._changed: dict[str, set[str]] = {}
        self.site: Code | None = None
        """Where the last call of a built-in function stands."""
        self.executing: Module | None = None
        """The module whose top level is being executed."""
        self.settings: dict[str, Any] = {}
        """Settings that evaluated code has set."""
        self.made: dict[Any, Instance] = {}
        """Objects of Django's own field classes, by class and arguments."""

    # --- names ---

    def name(self: Interpreter, name: str, frame: Frame) -> Any:
        """What `name` means in `frame`."""
        scope: Frame | None = frame
        while scope is not None:
            if not scope.is_class or frame.is_class:
                if name in scope.names:
                    return scope.names[name]
                if scope.lazy and scope.owner is not None and scope.owner.member(name) is not None:
                    return self.class_value(scope.owner, name)
            scope = scope.enclosing
        return self.global_value(frame.code.module, name)

    def scope_of(self: Interpreter, name: str, frame: Frame) -> dict[str, Any]:
        """The names that an assignment to `name` in `frame` changes."""
        if name not in frame.globals:
            return frame.names
        scope = frame.enclosing
        while scope is not None:
            if name in scope.names:
                return scope.names
            scope = scope.enclosing
        return self.module_overlays.setdefault(frame.code.module.path, {})

    def global_value(self: Interpreter, module: Module, name: str) -> Any:
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
            return self.symbol_value(symbol)
        if name in BUILTINS:
            return BUILTINS[name]
        return module.name if name == "__name__" else UNKNOWN

    def symbol_value(self: Interpreter, symbol: Symbol | None) -> Any:
        """The value of a resolved symbol."""
        if symbol is None:
            return UNKNOWN
        native = LIBRARY.get(symbol.dotted, _PENDING)
        if native is not _PENDING:
            return native
        if symbol.dotted in self.origin.values:
            return self.origin.values[symbol.dotted]
        if not isinstance(symbol, ValueRef):
            return symbol
        if symbol.owner is not None:
            return self.class_value(symbol.owner, symbol.name)
        return self._module_level(symbol)

    def _imported_name(self: Interpreter, module: Module, name: str, binding: ImportedName) -> Any:
        """What a name means that ``from`` brings, decided where it comes from."""
        key = (module.path, name)
        value = self._globals.get(key, _PENDING)
        if value is _PENDING:
            self._globals[key] = UNKNOWN  # a circle of imports
            value = self.apart(lambda: self.imported(binding.module, binding.name))
            self._globals[key] = value
        return value

    def _chosen(self: Interpreter, module: Module, name: str) -> Any:
        """The value of a name that several statements bind, by executing them."""
        key = (module.path, name)
        value = self._globals.get(key, _PENDING)
        if value is _PENDING:
            self._globals[key] = UNKNOWN
            value = self.apart(lambda: self._execute_slice(module, name))
            self._globals[key] = value
        return value

    def may_define(self: Interpreter, cls: ClassInfo) -> bool:
        """Whether executing its module binds the name of a top-level class to `cls`, as far as can be known."""
        if cls.owner is not None or (cls.node in cls.code.chunk.outline and not self._is_ambiguous(cls)):
            return True
        value = self._chosen(cls.module, cls.name)
        if isinstance(value, ClassInfo):
            return value is cls
        return value is not UNBOUND and cls.module.symbols.get(cls.name) is cls

    def _is_ambiguous(self: Interpreter, cls: ClassInfo) -> bool:
        return len(cls.module.symbols.names.get(cls.name, ())) > 1

    def _module_level(self: Interpreter, ref: ValueRef) -> Any:
        key = (ref.module.path, ref.name)
        value = self._globals.get(key, _PENDING)
        if value is _PENDING:
            self._globals[key] = UNKNOWN  # a value that needs itself
            value = self.apart(lambda: self._evaluate_global(ref))
            self._globals[key] = value
        return UNKNOWN if value is UNBOUND else value

    def _evaluate_global(self: Interpreter, ref: ValueRef) -> Any:
        module, binding = ref.module, ref.value
        bindings = module.symbols.names.get(ref.name, [])
        frame = self.module_frame(binding.code)
        if len(bindings) == 1 and not binding.fallback and ref.name not in self._changed_names(module):
            if binding.expr is not None and self._is_simple(ref):
                return self.expr(binding.expr, frame)
        return self._execute_slice(module, ref.name)

    def _is_simple(self: Interpreter, ref: ValueRef) -> bool:
        """Whether the assignment stands at the top level itself, in no branch."""
        return any(node.at == ref.value.at for node in ref.value.code.chunk.outline)

    def _execute_slice(self: Interpreter, module: Module, name: str) -> Any:
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
                    frame = Frame(code, names, uncertain=frame.uncertain if frame else set())
                    self.block([node], frame)
        finally:
            self.executing = outside
        return frame.names.get(name, UNBOUND) if frame else UNKNOWN

    def _changed_names(self: Interpreter, module: Module) -> set[str]:
        """Names whose value a top-level statement changes in place."""
        names = self._changed.get(module.path)
        if names is None:
            names = {name for node, _ in module.symbols.loose if (name := _changed_name(node))}
            self._changed[module.path] = names
        return names

    def module_value(self: Interpreter, dotted: str) -> Any:
        """The module called `dotted`."""
        module = self.resolver.module(dotted)
        return ModuleRef(module) if module is not None else External(dotted)

    def imported(self: Interpreter, source: str, name: str) -> Any:
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

    # --- attributes ---

    def attribute(self: Interpreter, value: Any, name: str) -> Any:
        """``value.name``.

        Raises:
            Raised: there certainly is no such attribute.
        """
        if isinstance(value, Instance):
            return self.instance_attribute(value, name)
        if isinstance(value, ClassInfo):
            return self.class_attribute(value, name)
        if isinstance(value, ModuleRef):
            return self.module_attribute(value.module, name)
        if isinstance(value, External):
            return self.symbol_value(External(f"{value.dotted}.{name}"))
        if isinstance(value, Super):
            return self.super_attribute(value, name)
        if value is SETTINGS:
            return self.settings[name] if name in self.settings else self.origin.setting(name)
        if value is CONNECTION:
            return connection_attribute(self, name)
        if isinstance(value, Signal):
            return signal_attribute(value, name)
        if value is APPS:
            return apps_attribute(self, name)
        if isinstance(value, ModelRef):
            model = self.origin.get_model(value.label)
            return self.attribute(model, name) if isinstance(model, ClassInfo) else UNKNOWN
        if isinstance(value, (*SCALARS, list, tuple, dict, set)):
            return self._plain_attribute(value, name)
        if isinstance(value, (FunctionInfo, Closure, Native)) and name in ("__name__", "__qualname__"):
            return value.name
        if isinstance(value, FunctionInfo) and name == "__module__":
            return value.module.name
        if isinstance(value, Partial) and name in ("args", "keywords", "func"):
            return {"args": value.args, "keywords": value.kwargs, "func": value.function}[name]
        if isinstance(value, Native):
            return LIBRARY.get(f"{value.name}.{name}", UNKNOWN)
        return UNKNOWN

    def _plain_attribute(self: Interpreter, value: Any, name: str) -> Any:
        if name == "__class__":
            return BUILTINS.get(type(value).__name__, UNKNOWN)
        if not hasattr(value, name):
            raise Raised("AttributeError")
        return Method(value, name)

    def module_attribute(self: Interpreter, module: Module, name: str) -> Any:
        """``module.name``, submodules included."""
        overlay = self.module_overlays.get(module.path)
        if overlay is not None and name in overlay:
            return overlay[name]
        symbol = self.resolver.attribute(ModuleRef(module), name)
        if symbol is not None:
            return self.symbol_value(symbol)
        special = {"__name__": module.name, "__file__": module.path}
        if name not in special and not module.symbols.stars:
            raise Raised("AttributeError")
        return special.get(name, UNKNOWN)

    def instance_attribute(self: Interpreter, value: Instance, name: str) -> Any:
        """An attribute of an object: its own, else its class's, bound."""
        if name in value.attrs:
            return value.attrs[name]
        if name == "__class__":
            return value.cls
        if name == "__dict__":
            return value.attrs
        if isinstance(value.cls, External):
            return UNKNOWN
        found = self.find(value.cls, name)
        if found is None:
            if value.opaque or self.find(value.cls, "__getattr__") is not None or not self.readable(value.cls):
                return UNKNOWN
            raise Raised("AttributeError")
        return self.bind(found[1], value, found[0])

    def super_attribute(self: Interpreter, value: Super, name: str) -> Any:
        """``super().name``."""
        receiver = value.receiver
        if isinstance(receiver, Instance) and isinstance(receiver.cls, ClassInfo):
            found = self.find(receiver.cls, name, value.owner)
            if found is not None:
                return self.bind(found[1], receiver, found[0])
            if name == "__init__":
                return Native("super().__init__", lambda x, args, kwargs: _reach_base(x, receiver, args, kwargs))
        elif isinstance(receiver, ClassInfo):
            return self._super_of_class(value.owner, receiver, name)
        return UNKNOWN

    def _super_of_class(self: Interpreter, owner: ClassInfo, receiver: ClassInfo, name: str) -> Any:
        """``super().name`` in a class method, or in a method of a metaclass."""
        if owner in self.resolver.mro(receiver):
            found = self.find(receiver, name, owner)
            return self.bind_to_class(found[1], receiver, found[0]) if found is not None else UNKNOWN
        metaclass = self.metaclass(receiver)
        found = self.find(metaclass, name, owner) if isinstance(metaclass, ClassInfo) else None
        if found is None:
            return Native(name, lambda x, args, kwargs: None)
        return Bound(found[1], receiver, found[0]) if isinstance(found[1], (FunctionInfo, Closure)) else found[1]

    def find(
        self: Interpreter, cls: ClassInfo, name: str, after: ClassInfo | None = None
    ) -> tuple[ClassInfo, Any] | None:
        """The class of the hierarchy of `cls` that has `name`, and its raw value there.

        None when no class has it, or when a class that cannot be read comes first and might.
        """
        line = self.resolver.mro(cls)
        if after is not None and after in line:
            line = line[line.index(after) + 1 :]
        for base in line:
            if isinstance(base, External):
                if base.dotted in HARMLESS:
                    continue
                return None
            overlay = self.overlays.get(base)
            if overlay is not None and name in overlay:
                return base, overlay[name]
            if base.member(name) is not None:
                return base, self.class_value(base, name)
        return None

    def readable(self: Interpreter, cls: ClassInfo) -> bool:
        """Whether the whole hierarchy of `cls` can be read."""
        return self.resolver.fully_known(cls)

    def class_value(self: Interpreter, cls: ClassInfo, name: str) -> Any:
        """What the body of `cls` binds `name` to: functions raw, values evaluated."""
        key = (cls, name)
        value = self._class_values.get(key, _PENDING)
        if value is _PENDING:
            self._class_values[key] = UNKNOWN
            value = self.apart(lambda: self._evaluate_member(cls, name))
            self._class_values[key] = value
        return value

    def _evaluate_member(self: Interpreter, cls: ClassInfo, name: str) -> Any:
        if cls in self.namespaces:
            return self.namespaces[cls].names.get(name, UNKNOWN)
        binding = cls.member(name)
        match binding:
            case FunctionInfo():
                return self._member_function(cls, binding)
            case ClassInfo():
                return binding
            case ImportedModule(dotted=dotted):
                return self.module_value(dotted)
            case ImportedName(module=source, name=imported):
                return self.imported(source, imported)
            case Value(expr=expr):
                if enums.is_enum(self, cls) and (member := enums.member(self, cls, name)) is not None:
                    return member
                if expr is None or len(cls.members.names[name]) > 1:
                    return self.namespace(cls).names.get(name, UNKNOWN)
                return self.expr(expr, self.frame_of(cls))
        return UNKNOWN

    def _member_function(self: Interpreter, cls: ClassInfo, function: FunctionInfo) -> Any:
        if _decorator(function) == "setter":
            for other in cls.members.names[function.name]:
                if isinstance(other, FunctionInfo) and _decorator(other) == "property":
                    function = other
        inside = self.enclosing.get(cls)
        return Closure(function, inside) if inside is not None else function

    def namespace(self: Interpreter, cls: ClassInfo) -> Frame:
        """The body of `cls`, executed in order: its names, and which of them are uncertain."""
        frame = self.namespaces.get(cls)
        if frame is None:
            frame = self.namespaces[cls] = Frame(cls.code, {}, self.enclosing.get(cls), cls, None, True)
            if cls.owner is not None:
                frame.enclosing = self.namespaces.get(cls.owner) or self.frame_of(cls.owner)
            for node in cls.node.body:  # one that fails takes none of the others with it
                self.apart(lambda node=node: self.block([node], frame))
        return frame

    def bind(self: Interpreter, raw: Any, receiver: Any, owner: ClassInfo) -> Any:
        """A raw class attribute as seen through an object."""
        function = raw.function if isinstance(raw, Closure) else raw
        if isinstance(raw, Descriptor):
            if raw.kind == "property":
                return self.call(raw.function, [receiver], {})
            return raw.function if raw.kind == "staticmethod" else Bound(raw.function, receiver.cls, owner)
        if isinstance(function, ir.Lambda):
            return Bound(raw, receiver, owner)
        if not isinstance(function, FunctionInfo):
            return raw
        kind = _decorator(function)
        if kind in ("property", "setter"):
            return self.call(Bound(raw, receiver, owner), [], {})
        if kind == "staticmethod":
            return raw
        return Bound(raw, receiver.cls if kind == "classmethod" else receiver, owner)

    def class_attribute(self: Interpreter, cls: ClassInfo, name: str) -> Any:
        """``cls.name`` for a class."""
        if self.origin.model_attribute is not None:
            try:
                return self.origin.model_attribute(cls, name)
            except KeyError:
                pass
        if name in _CLASS_ATTRIBUTES:
            return _CLASS_ATTRIBUTES[name](self, cls)
        if enums.is_enum(self, cls) and (value := enums.attribute(self, cls, name)) is not None:
            return value
        found = self.find(cls, name)
        if found is not None:
            return self.bind_to_class(found[1], cls, found[0])
        metaclass = self.metaclass(cls)
        if isinstance(metaclass, ClassInfo) and (found := self.find(metaclass, name)) is not None:
            return self._bind_metaclass(found[1], cls, found[0])
        if metaclass is not None or not self.readable(cls) or name.startswith("__"):
            return UNKNOWN
        raise Raised("AttributeError")

    def _bind_metaclass(self: Interpreter, raw: Any, cls: ClassInfo, owner: ClassInfo) -> Any:
        """An attribute of a metaclass as seen through a class."""
        function = raw.function if isinstance(raw, Closure) else raw
        if not isinstance(function, FunctionInfo):
            return raw
        bound = Bound(raw, cls, owner)
        return self.call(bound, [], {}) if _decorator(function) in ("property", "setter") else bound

    def bind_to_class(self: Interpreter, raw: Any, cls: ClassInfo, owner: ClassInfo) -> Any:
        """A raw class attribute as seen through a class."""
        function = raw.function if isinstance(raw, Closure) else raw
        if isinstance(function, FunctionInfo) and _decorator(function) == "classmethod":
            return Bound(raw, cls, owner)
        if isinstance(raw, Descriptor) and raw.kind != "property":
            return Bound(raw.function, cls, owner) if raw.kind == "classmethod" else raw.function
        return raw

    def metaclass(self: Interpreter, cls: ClassInfo) -> Any:
        """The metaclass that is named first in the hierarchy of `cls`; None when there is none."""
        for base in self.resolver.mro(cls):
            if isinstance(base, ClassInfo):
                for keyword in base.node.keywords:
                    if keyword.name == "metaclass":
                        return self.evaluate(keyword.value, Frame(base.code, {}, self.enclosing.get(base)))
        return None

    def set_attribute(self: Interpreter, value: Any, name: str, content: Any) -> None:
        """``value.name = content``."""
        if isinstance(value, Instance):
            if name == "__class__" and isinstance(content, (ClassInfo, External)):
                value.cls = content
                return
            self.touch(value.attrs)
            value.attrs[name] = content
        elif isinstance(value, ClassInfo):
            overlay = self.overlays.setdefault(value, {})
            self.touch(overlay)
            overlay[name] = content
        elif value is SETTINGS:
            self.touch(self.settings)
            self.settings[name] = content
        elif isinstance(value, ModuleRef):
            self.module_overlays.setdefault(value.module.path, {})[name] = content

    def delete_attribute(self: Interpreter, value: Any, name: str) -> None:
        """``del value.name``."""
        attrs = value.attrs if isinstance(value, Instance) else self.overlays.get(value)  # type: ignore[arg-type]
        if attrs is not None and name in attrs:
            self.touch(attrs)
            del attrs[name]

    def has_attribute(self: Interpreter, value: Any, name: str) -> bool | None:
        """``hasattr(value, name)``; None when it cannot be known."""
        if isinstance(value, Instance) and isinstance(value.cls, ClassInfo):
            if name in value.attrs or self.find(value.cls, name) is not None:
                return True
            return False if not value.opaque and self.readable(value.cls) else None
        try:
            return True if not isinstance(self.attribute(value, name), Unknown) else None
        except Raised:
            return False

    def plain(self: Interpreter, value: Any) -> Any:
        """The constant behind an enumeration's member; anything else as it is."""
        if isinstance(value, Instance) and "_value_" in value.attrs:
            return value.attrs["_value_"]
        return value

    def subscript(self: Interpreter, value: Any, index: Any) -> Any:
        """``value[index]``."""
        if isinstance(value, ClassInfo):
            if enums.is_enum(self, value) and isinstance(index, str):
                return self.class_attribute(value, index)
            return value  # a parametrised generic class
        if isinstance(value, External):
            if value.dotted == "sys.modules" and isinstance(index, str):
                return self.module_value(index)
            return value
        return subscript(value, self.plain(index))

    def enum_members(self: Interpreter, value: Any) -> list[Any] | None:
        """The members of an enumeration, in order; None for anything else."""
        return enums.members(self, value) if isinstance(value, ClassInfo) and enums.is_enum(self, value) else None


def _reach_base(x: Interpreter, receiver: Instance, args: list[Any], kwargs: dict[Any, Any]) -> None:
    """``super().__init__()`` arrives at a class that cannot be read, or at ``object``."""
    if isinstance(receiver.cls, ClassInfo) and not x.readable(receiver.cls):
        receiver.opaque = True
        receiver.args, receiver.kwargs = tuple(args), dict(kwargs)


def _decorator(function: FunctionInfo) -> str:
    """What its decorators make of a function: ``property``, ``staticmethod``, ``classmethod``, ``setter`` or ``""``."""
    for node in function.node.decorators:
        target = node.func if isinstance(node, ir.Call) else node
        name = target.id if isinstance(target, ir.Name) else target.name if isinstance(target, ir.Attr) else ""
        if name in ("property", "cached_property", "lazyproperty"):
            return "property"
        if name in ("setter", "deleter"):
            return "setter"
        if name in ("staticmethod", "classmethod"):
            return name
        if name == "classproperty":
            return "classmethod"
    return ""


def _changed_name(node: ir.Stmt) -> str | None:
    """The name whose value a statement changes in place."""
    target: ir.Expr | None = None
    if isinstance(node, ir.AugAssign):
        target = node.target
    elif isinstance(node, ir.Assign):
        target = next((t.value for t in node.targets if isinstance(t, ir.Subscript)), None)
    elif isinstance(node, ir.ExprStmt) and isinstance(node.value, ir.Call) and isinstance(node.value.func, ir.Attr):
        target = node.value.func.value
    return target.id if isinstance(target, ir.Name) else None


def _concerns(node: ir.Stmt, name: str) -> bool:
    """Whether executing `node` may bind `name` or change its value."""
    match node:
        case ir.Assign():
            return any(_binds(target, name) for target in node.targets)
        case ir.AugAssign() | ir.ExprStmt():
            return _changed_name(node) == name
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


_CLASS_ATTRIBUTES: dict[str, Any] = {
    "__name__": lambda x, cls: cls.name,
    "__qualname__": lambda x, cls: cls.qualname,
    "__module__": lambda x, cls: cls.module.name,
    "__mro__": lambda x, cls: tuple(x.resolver.mro(cls)),
    "mro": lambda x, cls: Native("mro", lambda y, args, kwargs: list(x.resolver.mro(cls))),
    "__bases__": lambda x, cls: tuple(x.resolver.bases(cls)),
    "__dict__": lambda x, cls: {**dict.fromkeys(cls.members.names, UNKNOWN), **x.overlays.get(cls, {})},
    "__doc__": lambda x, cls: UNKNOWN,
    "__init__": lambda x, cls: f[1] if (f := x.find(cls, "__init__")) else UNKNOWN,
}

__all__ = ["MORE", "Attributes"]
