"""Attributes of values."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.project.models.evaluation import enums
from djguide_analyzers.project.models.evaluation.builtin import BUILTINS
from djguide_analyzers.project.models.evaluation.core import Core
from djguide_analyzers.project.models.evaluation.known import (
    LIBRARY,
    apps_attribute,
    connection_attribute,
    signal_attribute,
)
from djguide_analyzers.project.models.evaluation.metaclasses import TYPE_NEW
from djguide_analyzers.project.models.evaluation.operators import subscript
from djguide_analyzers.project.models.evaluation.values import (
    APPS,
    CONNECTION,
    SCALARS,
    SETTINGS,
    UNBOUND,
    UNKNOWN,
    Bound,
    Closure,
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
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Module
from djguide_analyzers.project.resolve import HARMLESS, External, ModuleRef


class Attributes(Core):
    """The part of the interpreter that looks attributes up and sets them."""

    def attribute(self, value: Any, name: str) -> Any:
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
        if value is BUILTINS["type"] and name == "__new__":
            return TYPE_NEW
        if isinstance(value, Native):
            return LIBRARY.get(f"{value.name}.{name}", UNKNOWN)
        return UNKNOWN

    def _plain_attribute(self, value: Any, name: str) -> Any:
        if name == "__class__":
            return BUILTINS.get(type(value).__name__, UNKNOWN)
        if not hasattr(value, name):
            raise Raised("AttributeError")
        return Method(value, name)

    def module_attribute(self, module: Module, name: str) -> Any:
        """``module.name``, submodules included."""
        overlay = self.module_overlays.get(module.path)
        if overlay is not None and name in overlay:
            return overlay[name]
        symbol = self.resolver.attribute(ModuleRef(module), name)
        if symbol is not None:
            return self.symbol_value(symbol)
        if "__getattr__" in module.symbols.names and not name.startswith("__"):
            return self.call(self.global_value(module, "__getattr__"), [name], {})
        special = {"__name__": module.name, "__file__": module.path}
        if name not in special and not module.symbols.stars:
            raise Raised("AttributeError")
        return special.get(name, UNKNOWN)

    def instance_attribute(self, value: Instance, name: str) -> Any:
        """An attribute of an object: as its class's own ``__getattribute__`` says, if it has one."""
        if isinstance(value.cls, ClassInfo) and not name.startswith("__"):
            if value.cls not in self._intercepting:
                self._intercepting[value.cls] = self.find(value.cls, "__getattribute__")
            found = self._intercepting[value.cls]
            if found is not None:
                return self.call(self.bind(found[1], value, found[0]), [name], {})
        return self._stored_attribute(value, name)

    def _stored_attribute(self, value: Instance, name: str) -> Any:
        """An attribute of an object: its own, else its class's, bound."""
        if name in value.attrs:
            return value.attrs[name]
        if name == "__class__":
            return value.cls
        if name == "__dict__":
            return value.attrs
        if isinstance(value.cls, External):
            if value.cls.dotted == "threading.local":  # empty for whoever has set nothing
                raise Raised("AttributeError")
            return UNKNOWN
        found = self.find(value.cls, name)
        if found is None:
            if value.opaque or not self.told(value.cls):
                return UNKNOWN
            fallback = self.find(value.cls, "__getattr__")
            if fallback is None or name.startswith("__"):
                raise Raised("AttributeError")
            return self.call(self.bind(fallback[1], value, fallback[0]), [name], {})
        return self.bind(found[1], value, found[0])

    def super_attribute(self, value: Super, name: str) -> Any:
        """``super().name``."""
        receiver = value.receiver
        if isinstance(receiver, Instance) and isinstance(receiver.cls, ClassInfo):
            found = self.find(receiver.cls, name, value.owner)
            if found is not None:
                return self.bind(found[1], receiver, found[0])
            if name == "__getattribute__":
                return Native(name, lambda x, args, kwargs: self._stored_attribute(receiver, args[0]))
            if name == "__init__":
                return Native(
                    "super().__init__", lambda x, args, kwargs: _reach_base(x, receiver, args, kwargs)
                )
        elif isinstance(receiver, ClassInfo):
            return self._super_of_class(value.owner, receiver, name)
        return UNKNOWN

    def _super_of_class(self, owner: ClassInfo, receiver: ClassInfo, name: str) -> Any:
        """``super().name`` in a class method, or in a method of a metaclass."""
        if owner in self.resolver.mro(receiver):
            found = self.find(receiver, name, owner)
            if found is None and name == "__new__" and self.resolver.is_subclass(receiver, "builtins.type"):
                return TYPE_NEW
            return self.bind_to_class(found[1], receiver, found[0]) if found is not None else UNKNOWN
        metaclass = self.metaclass(receiver)
        found = self.find(metaclass, name, owner) if isinstance(metaclass, ClassInfo) else None
        if found is None:
            return Native(name, lambda x, args, kwargs: None)
        return (
            Bound(found[1], receiver, found[0]) if isinstance(found[1], (FunctionInfo, Closure)) else found[1]
        )

    def class_attribute(self, cls: ClassInfo, name: str) -> Any:
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
        self.complete(cls)
        found = self.find(cls, name)
        if found is not None:
            return self.bind_to_class(found[1], cls, found[0])
        metaclass = self.metaclass(cls)
        if isinstance(metaclass, ClassInfo) and (found := self.find(metaclass, name)) is not None:
            return self.bind_to_metaclass(found[1], cls, found[0])
        known = metaclass is None or (
            isinstance(metaclass, ClassInfo) and self._is_known_metaclass(metaclass)
        )
        if not known or not self.told(cls) or hasattr(type, name) or name in _ADDED_TO_MODELS:
            return UNKNOWN
        raise Raised("AttributeError")

    def _is_known_metaclass(self, cls: ClassInfo) -> bool:
        """Whether the hierarchy of a metaclass can be read down to ``type``."""
        line = self.resolver.mro(cls)
        return all(
            isinstance(base, ClassInfo) or base.dotted in (*HARMLESS, "builtins.type") for base in line
        )

    def set_attribute(self, value: Any, name: str, content: Any) -> None:
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

    def delete_attribute(self, value: Any, name: str) -> None:
        """``del value.name``."""
        if isinstance(value, ClassInfo):
            overlay = self.overlays.setdefault(value, {})
            self.touch(overlay)
            overlay[name] = UNBOUND
        elif isinstance(value, Instance) and name in value.attrs:
            self.touch(value.attrs)
            del value.attrs[name]

    def has_attribute(self, value: Any, name: str) -> bool | None:
        """``hasattr(value, name)``; None when it cannot be known."""
        if isinstance(value, Instance) and isinstance(value.cls, ClassInfo):
            if name in value.attrs or self.find(value.cls, name) is not None:
                return True
            return False if not value.opaque and self.told(value.cls) else None
        try:
            return True if not isinstance(self.attribute(value, name), Unknown) else None
        except Raised:
            return False

    def plain(self, value: Any) -> Any:
        """The constant behind an enumeration's member; anything else as it is."""
        if isinstance(value, Instance) and "_value_" in value.attrs:
            return value.attrs["_value_"]
        return value

    def subscript(self, value: Any, index: Any) -> Any:
        """``value[index]``."""
        if isinstance(value, ClassInfo):
            if enums.is_enum(self, value) and isinstance(index, str):
                return self.class_attribute(value, index)
            return value  # a parametrised generic class
        if isinstance(value, Instance) and "_value_" not in value.attrs:
            return self.special(value, "__getitem__", [index])
        if isinstance(value, External):
            if value.dotted == "sys.modules" and isinstance(index, str):
                return self.module_value(index)
            return value
        return subscript(value, self.plain(index))

    def special(self, value: Instance, name: str, args: list[Any]) -> Any:
        """What an object's special method returns; `UNKNOWN` when it has none that can be read."""
        found = self.find(value.cls, name) if isinstance(value.cls, ClassInfo) else None
        return UNKNOWN if found is None else self.call(self.bind(found[1], value, found[0]), args, {})

    def enum_members(self, value: Any) -> list[Any] | None:
        """The members of an enumeration, in order; None for anything else."""
        return (
            enums.members(self, value)
            if isinstance(value, ClassInfo) and enums.is_enum(self, value)
            else None
        )


def _reach_base(x: Core, receiver: Instance, args: list[Any], kwargs: dict[Any, Any]) -> None:
    """``super().__init__()`` arrives at a class that cannot be read, or at ``object``."""
    if isinstance(receiver.cls, ClassInfo) and not x.readable(receiver.cls):
        receiver.opaque = True
        receiver.args, receiver.kwargs = tuple(args), dict(kwargs)


_ADDED_TO_MODELS = frozenset(
    {"objects", "DoesNotExist", "MultipleObjectsReturned", "_default_manager", "_base_manager"}
)
"""Attributes that Django's metaclass gives its classes."""


def _class_dict(x: Core, cls: ClassInfo) -> dict[Any, Any]:
    held = {**{name: x.class_value(cls, name) for name in cls.members.names}, **x.overlays.get(cls, {})}
    return {name: value for name, value in held.items() if value is not UNBOUND}


_CLASS_ATTRIBUTES: dict[str, Any] = {
    "__name__": lambda x, cls: cls.name,
    "__qualname__": lambda x, cls: cls.qualname,
    "__module__": lambda x, cls: cls.module.name,
    "__mro__": lambda x, cls: tuple(x.resolver.mro(cls)),
    "mro": lambda x, cls: Native("mro", lambda y, args, kwargs: list(x.resolver.mro(cls))),
    "__bases__": lambda x, cls: tuple(x.resolver.bases(cls)),
    "__dict__": _class_dict,
    "__doc__": lambda x, cls: UNKNOWN,
    "__init__": lambda x, cls: f[1] if (f := x.find(cls, "__init__")) else UNKNOWN,
}
