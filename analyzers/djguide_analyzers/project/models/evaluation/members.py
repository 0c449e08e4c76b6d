"""What classes hold: their hierarchy searched as Python does it."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.evaluation import enums
from djguide_analyzers.project.models.evaluation.core import PENDING, Core
from djguide_analyzers.project.models.evaluation.names import changed_name
from djguide_analyzers.project.models.evaluation.values import (
    UNBOUND,
    UNKNOWN,
    Bound,
    Closure,
    Descriptor,
    Frame,
    truth,
)
from djguide_analyzers.project.models.sketches import is_sketch
from djguide_analyzers.project.modules import (
    Binding,
    ClassInfo,
    FunctionInfo,
    ImportedModule,
    ImportedName,
    Value,
)
from djguide_analyzers.project.resolve import HARMLESS, External, called_name


class Members(Core):
    """The part of the interpreter that looks into classes."""

    def find(self, cls: ClassInfo, name: str, after: ClassInfo | None = None) -> tuple[ClassInfo, Any] | None:
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
                if overlay[name] is UNBOUND:  # deleted
                    continue
                return base, overlay[name]
            if any(not _is_bare(binding) for binding in base.members.names.get(name, ())):
                if self._is_skipped(base, name):
                    continue
                return base, self.class_value(base, name)
        return None

    def _is_skipped(self, cls: ClassInfo, name: str) -> bool:
        """Whether `name` is only bound in a branch of the class body that is certainly not executed."""
        bindings = cls.members.names[name]
        if len(bindings) != 1 or not isinstance(bindings[0], Value):
            return False
        at = bindings[0].at
        for node in cls.node.body:
            if isinstance(node, ir.If) and node.at < at:
                inside = any(inner.at == at for inner in node.body)
                if inside or any(inner.at == at for inner in node.orelse):
                    return truth(self.evaluate(node.test, self.frame_of(cls))) is (not inside)
        return False

    def readable(self, cls: ClassInfo) -> bool:
        """Whether the whole hierarchy of `cls` can be read."""
        return self.resolver.fully_known(cls)

    def told(self, cls: ClassInfo) -> bool:
        """Whether every attribute that `cls` has can be seen: it is readable, and nothing of it a mere sketch."""
        return self.readable(cls) and not any(
            isinstance(base, ClassInfo) and is_sketch(base.module) for base in self.resolver.mro(cls)
        )

    def class_value(self, cls: ClassInfo, name: str) -> Any:
        """What the body of `cls` binds `name` to: functions raw, values evaluated."""
        key = (cls, name)
        value = self._class_values.get(key, PENDING)
        if value is PENDING:
            self._class_values[key] = UNKNOWN
            value = self.noting(key, lambda: self.apart(lambda: self._evaluate_member(cls, name)))
            self._class_values[key] = value
        elif self.rests_on:
            self.recall(key)
        return value

    def _evaluate_member(self, cls: ClassInfo, name: str) -> Any:
        if cls in self.namespaces:
            self.reads += (self.namespaces[cls].rests_on or {}).get(name, ())
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
                if expr is None or len(cls.members.names[name]) > 1 or name in self._changed_members(cls):
                    return self.namespace(cls).names.get(name, UNKNOWN)
                return self.expr(expr, self.frame_of(cls))
        return UNKNOWN

    def _changed_members(self, cls: ClassInfo) -> set[str | None]:
        """Names whose value a statement of the class body changes in place."""
        return {changed_name(node) for node, _ in cls.members.loose}

    def _member_function(self, cls: ClassInfo, function: FunctionInfo) -> Any:
        if decorator_kind(function) == "setter":
            for other in cls.members.names[function.name]:
                if isinstance(other, FunctionInfo) and decorator_kind(other) == "property":
                    function = other
        inside = self.enclosing.get(cls)
        return Closure(function, inside) if inside is not None else function

    def namespace(self, cls: ClassInfo) -> Frame:
        """The body of `cls`, executed in order: its names, and which of them are uncertain."""
        frame = self.namespaces.get(cls)
        if frame is None:
            frame = self.namespaces[cls] = Frame(cls.code, {}, self.enclosing.get(cls), cls, None, True)
            if cls.owner is not None:
                frame.enclosing = self.namespaces.get(cls.owner) or self.frame_of(cls.owner)
            for node in cls.node.body:  # one that fails takes none of the others with it
                self.apart(lambda node=node: self.block([node], frame))
        return frame

    def bind(self, raw: Any, receiver: Any, owner: ClassInfo) -> Any:
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
        kind = decorator_kind(function)
        if kind in ("property", "setter"):
            return self.call(Bound(raw, receiver, owner), [], {})
        if kind == "staticmethod":
            return raw
        bound = Bound(raw, receiver if kind == "" else receiver.cls, owner)
        return self.call(bound, [], {}) if kind == "classproperty" else bound

    def bind_to_metaclass(self, raw: Any, cls: ClassInfo, owner: ClassInfo) -> Any:
        """An attribute of a metaclass as seen through a class."""
        function = raw.function if isinstance(raw, Closure) else raw
        if not isinstance(function, FunctionInfo):
            return raw
        bound = Bound(raw, cls, owner)
        return self.call(bound, [], {}) if decorator_kind(function) in ("property", "setter") else bound

    def bind_to_class(self, raw: Any, cls: ClassInfo, owner: ClassInfo) -> Any:
        """A raw class attribute as seen through a class."""
        function = raw.function if isinstance(raw, Closure) else raw
        kind = decorator_kind(function) if isinstance(function, FunctionInfo) else ""
        if kind in ("classmethod", "classproperty"):
            bound = Bound(raw, cls, owner)  # type: ignore[arg-type]
            return self.call(bound, [], {}) if kind == "classproperty" else bound
        if isinstance(raw, Descriptor) and raw.kind != "property":
            return Bound(raw.function, cls, owner) if raw.kind == "classmethod" else raw.function
        return raw

    def metaclass(self, cls: ClassInfo) -> Any:
        """The metaclass that is named first in the hierarchy of `cls`; None when there is none."""
        for base in self.resolver.mro(cls):
            if isinstance(base, ClassInfo):
                for node in base.node.bases:
                    if isinstance(node, ir.Call) and called_name(node) == "with_metaclass" and node.args:
                        return self.evaluate(node.args[0], Frame(base.code, {}, self.enclosing.get(base)))
                for keyword in base.node.keywords:
                    if keyword.name == "metaclass":
                        return self.evaluate(keyword.value, Frame(base.code, {}, self.enclosing.get(base)))
        return None


def _is_bare(binding: Binding) -> bool:
    return isinstance(binding, Value) and binding.is_bare


def bound_names(cls: ClassInfo) -> set[str]:
    """Names that the body of `cls` binds; what it only annotates is none of them."""
    return {name for name, bindings in cls.members.names.items() if not all(map(_is_bare, bindings))}


def decorator_kind(function: FunctionInfo) -> str:
    """The descriptor that decorators make of it: its usual name, ``setter`` also for a deleter, "" for none."""
    for node in function.node.decorators:
        target = node.func if isinstance(node, ir.Call) else node
        name = (
            target.id if isinstance(target, ir.Name) else target.name if isinstance(target, ir.Attr) else ""
        )
        if name in ("property", "cached_property", "lazyproperty"):
            return "property"
        if name in ("setter", "deleter"):
            return "setter"
        if name in ("staticmethod", "classmethod", "classproperty"):
            return name
    return ""
