"""What a metaclass makes of a class body, for classes that are neither models nor enumerations."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.project.models.evaluation.core import Core
from djguide_analyzers.project.models.evaluation.values import UNBOUND, UNKNOWN, Bound, Closure, Native
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo

_MADE_OTHERWISE = ("django.db.models.base.ModelBase", "enum.EnumMeta", "enum.EnumType")


class Metaclasses(Core):
    """The part of the interpreter that lets metaclasses make classes."""

    def complete(self, cls: ClassInfo) -> None:
        """Have the metaclass of `cls` do to the class what it does; once, and only if it is no library's own."""
        if cls in self.completed:
            return
        self.completed.add(cls)
        metaclass = self.metaclass(cls)
        if not isinstance(metaclass, ClassInfo) or metaclass.module.name.startswith("django."):
            return
        if not any(self.resolver.is_subclass(metaclass, dotted) for dotted in _MADE_OTHERWISE):
            self.apart(lambda: self._make(cls, metaclass))

    def _make(self, cls: ClassInfo, metaclass: ClassInfo) -> None:
        body = {"__module__": cls.module.name, **self.namespace(cls).names}
        arguments = [cls.name, tuple(self.resolver.bases(cls)), dict(body)]
        self.making.append(cls)
        try:
            new = self.find(metaclass, "__new__")
            if new is not None:
                self._run(new, [metaclass, *arguments])
        finally:
            self.making.pop()
        init = self.find(metaclass, "__init__")
        if init is not None:
            self.bounded(lambda: self.call(Bound(init[1], cls, init[0]), arguments, {}))

    def _run(self, found: tuple[ClassInfo, Any], arguments: list[Any]) -> None:
        owner, function = found
        if isinstance(function, FunctionInfo):
            self.bounded(lambda: self.invoke(function, None, owner, arguments, {}))
        elif isinstance(function, Closure) and isinstance(function.function, FunctionInfo):
            inner = function.function
            self.bounded(lambda: self.invoke(inner, function.frame, owner, arguments, {}))


def type_new(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    """``type.__new__(metaclass, name, bases, attrs)``."""
    if len(args) < 4 or not isinstance(args[3], dict):
        return UNKNOWN
    metaclass, name, bases, attrs = args[:4]
    if not x.making or x.making[-1].name != name:
        return x.make_class(name, bases, attrs, metaclass if isinstance(metaclass, ClassInfo) else None)
    cls = x.making[-1]
    body = x.namespace(cls).names
    overlay = x.overlays.setdefault(cls, {})
    overlay.update({key: value for key, value in attrs.items() if body.get(key, UNBOUND) is not value})
    overlay.update(dict.fromkeys(body.keys() - attrs.keys(), UNBOUND))
    return cls


TYPE_NEW = Native("type.__new__", type_new)
