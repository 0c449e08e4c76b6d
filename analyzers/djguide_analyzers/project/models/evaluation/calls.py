"""Calling functions and constructing objects."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.evaluation import operators
from djguide_analyzers.project.models.evaluation.core import Core
from djguide_analyzers.project.models.evaluation.known import copy_instance
from djguide_analyzers.project.models.evaluation.values import (
    MORE,
    SCALARS,
    UNKNOWN,
    Bound,
    Closure,
    Frame,
    Instance,
    Method,
    Native,
    Partial,
    Raised,
    Super,
    Unknown,
    join,
)
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Module
from djguide_analyzers.project.resolve import External, ModuleRef

_REMEMBERED = "django.db.models.fields"
"""Objects of classes below this module are made alike from equal arguments, so each is made once."""


class Calls(Core):
    """The part of the interpreter that calls."""

    def call(
        self, function: Any, args: list[Any], kwargs: dict[Any, Any], code: Code | None = None,
        node: ir.Call | None = None,
    ) -> Any:  # fmt: skip
        """``function(*args, **kwargs)``; `code` and `node` are the call, for objects to remember.

        Raises:
            Raised: it raises.
        """
        self.step()
        if isinstance(function, ClassInfo):
            return self.construct(function, args, kwargs, code, node)
        if isinstance(function, Native):
            if code is not None:
                self.site = code
            try:
                return function.call(self, args, kwargs)
            except IndexError:  # an argument is given by keyword that usually is not
                return UNKNOWN
        if isinstance(function, FunctionInfo):
            return self.invoke(function, None, None, args, kwargs)
        if isinstance(function, Closure):
            return self.invoke(function.function, function.frame, None, args, kwargs)
        if isinstance(function, Bound):
            return self._call_bound(function, args, kwargs)
        if isinstance(function, Method):
            return operators.method(
                function.value, function.name, [self.plain(a) for a in args], kwargs, self.touch
            )
        if isinstance(function, Partial):
            return self.call(
                function.function, [*function.args, *args], {**function.kwargs, **kwargs}, code, node
            )
        if isinstance(function, External):
            return Instance(function, {}, tuple(args), kwargs, code, node, True)
        if isinstance(function, Instance):
            call = self.attribute(function, "__call__") if isinstance(function.cls, ClassInfo) else UNKNOWN
            return (
                UNKNOWN
                if isinstance(call, (Unknown, Instance))
                else self.call(call, args, kwargs, code, node)
            )
        return UNKNOWN

    def _call_bound(self, function: Bound, args: list[Any], kwargs: dict[Any, Any]) -> Any:
        inner, frame = function.function, None
        if isinstance(inner, Closure):
            inner, frame = inner.function, inner.frame
        return self.invoke(inner, frame, function.owner, [function.receiver, *args], kwargs)

    def invoke(
        self, function: FunctionInfo | ir.Lambda, enclosing: Frame | None, owner: ClassInfo | None,
        args: list[Any], kwargs: dict[Any, Any],
    ) -> Any:  # fmt: skip
        """Execute a function's body with arguments; `args` holds the receiver of a method."""
        self.enter()
        doubts = self.doubts
        try:
            if isinstance(function, ir.Lambda):
                assert enclosing is not None
                names = self.parameters(function.params, args, kwargs, enclosing)
                return self.expr(function.body, Frame(enclosing.code, names, enclosing, owner))
            if function.node.is_generator or function.node.is_async:
                return UNKNOWN
            override = self.origin.natives.get(function.dotted)
            if override is not None:
                return override(self, args, kwargs)
            outside = enclosing or self.module_frame(function.code)
            names = self.parameters(function.node.params, args, kwargs, Frame(function.code, {}, outside))
            owner = owner or function.owner
            frame = Frame(function.body_code, names, enclosing, owner, args[0] if args else None)
            completion = self.block(function.statements, frame)
            value = completion[1] if completion is not None else None
            for other in frame.maybe_returned:
                value = join(value, other)
            return value
        finally:
            self.depth -= 1
            self.doubts = doubts

    def parameters(
        self, params: ir.Params, args: list[Any], kwargs: dict[Any, Any], outside: Frame
    ) -> dict[str, Any]:
        """Bind arguments to parameters; defaults are evaluated in `outside`."""
        known = args.index(MORE) if MORE in args else len(args)
        rest, open_args = list(args[:known]), known < len(args)
        left = dict(kwargs)
        open_kwargs = bool(left.pop(MORE, False))
        names: dict[str, Any] = {}
        for param in params.items:
            if param.kind == "*":
                names[param.name] = (*rest, *([MORE] if open_args else []))
                rest = []
            elif param.kind == "**":
                names[param.name] = {**left, **({MORE: True} if open_kwargs else {})}
            elif param.kind in ("pos", "any") and rest:
                names[param.name] = rest.pop(0)
            elif param.kind != "pos" and param.name in left:
                names[param.name] = left.pop(param.name)
            elif (open_args and param.kind != "kw") or open_kwargs or param.default is None:
                names[param.name] = UNKNOWN
            else:
                names[param.name] = self.evaluate(param.default, outside)
        return names

    def construct(
        self, cls: ClassInfo, args: list[Any], kwargs: dict[Any, Any], code: Code | None,
        node: ir.Call | None,
    ) -> Any:  # fmt: skip
        """An object of `cls`, its ``__init__`` executed."""
        if cls.dotted in self.origin.natives:
            return self.origin.natives[cls.dotted](self, args, kwargs)
        if self.is_metaclass(cls):
            return self.make_class(args[0], args[1], args[2], cls) if len(args) == 3 else UNKNOWN
        if self.enum_members(cls) is not None:
            return UNKNOWN
        key = _freeze_call(cls, args, kwargs) if cls.module.name.startswith(_REMEMBERED) else None
        if key is not None and key in self.made:
            instance = copy_instance(self.made[key])
            instance.code, instance.call = code, node
            return instance
        instance = Instance(cls, {}, tuple(args), kwargs, code, node)
        found = self.find(cls, "__init__")
        if found is not None:
            self._initialise(instance, self.bind(found[1], instance, found[0]), args, kwargs)
        elif not self.readable(cls):
            instance.opaque = True
        if key is not None:
            self.made[key] = copy_instance(instance)
        return instance

    def _initialise(self, instance: Instance, function: Any, args: list[Any], kwargs: dict[Any, Any]) -> None:
        try:
            self.call(function, args, kwargs)
        except Raised:
            if self.trying:
                raise
            instance.opaque = True

    def is_metaclass(self, cls: ClassInfo) -> bool:
        """Whether calling `cls` makes a class."""
        return self.resolver.is_subclass(cls, "builtins.type")

    def super_of(self, frame: Frame) -> Any:
        """``super()`` without arguments in `frame`."""
        scope: Frame | None = frame
        while scope is not None and scope.receiver is None:
            scope = scope.enclosing
        if scope is None or frame.owner is None:
            return UNKNOWN
        return Super(frame.owner, scope.receiver)

    # --- classes ---

    def local_class(self, node: ir.ClassDef, frame: Frame) -> Any:
        """The class that a class statement makes when it is executed in `frame`."""
        owner = frame.owner if frame.is_class else None
        table = owner.members if owner is not None else frame.code.module.symbols
        for binding in table.names.get(node.name, ()):
            if isinstance(binding, ClassInfo) and binding.node is node:
                return binding
        cls = ClassInfo(node, frame.code, owner)
        inside = frame.enclosing if frame.is_class else frame
        if inside is not None:
            self.enclosing[cls] = inside
        self.link_bases(cls, frame)
        self.origin.on_class(cls)
        return cls

    def link_bases(self, cls: ClassInfo, frame: Frame) -> None:
        """Evaluate the bases of a class whose names only `frame` knows."""
        bases: list[ClassInfo | External] = []
        for base in cls.node.bases:
            value = self.evaluate(base.value if isinstance(base, ir.Star) else base, frame)
            for item in value if isinstance(value, (tuple, list)) and isinstance(base, ir.Star) else (value,):
                bases.append(item if isinstance(item, (ClassInfo, External)) else External("?"))
        cls.known_bases = tuple(bases)

    def make_class(self, name: Any, bases: Any, attrs: Any, metaclass: ClassInfo | None = None) -> Any:
        """``type(name, bases, attrs)``."""
        if not isinstance(name, str) or not isinstance(bases, tuple) or not isinstance(attrs, dict):
            return UNKNOWN
        module = self._module_of(attrs, bases)
        if module is None:
            return UNKNOWN
        keywords = [ir.Keyword(0, "metaclass", ir.Name(0, metaclass.name))] if metaclass is not None else []
        node = ir.ClassDef(0, name, [], keywords, [], [])
        cls = ClassInfo(node, Code(module, ir.Chunk(0, 1, [], b"", [])))
        cls.known_bases = tuple(b if isinstance(b, (ClassInfo, External)) else External("?") for b in bases)
        if metaclass is not None:
            frame = Frame(cls.code, {metaclass.name: metaclass})
            self.enclosing[cls] = frame
        self.overlays[cls] = dict(attrs)
        self.origin.on_class(cls)
        return cls

    def _module_of(self, attrs: dict[Any, Any], bases: tuple[Any, ...]) -> Module | None:
        named = attrs.get("__module__")
        if isinstance(named, str):
            return self.resolver.module(named)
        if isinstance(named, ModuleRef):
            return named.module
        return self.site.module if self.site is not None else None


def _freeze_call(cls: ClassInfo, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    try:
        return (cls, tuple(map(_freeze, args)), tuple((key, _freeze(value)) for key, value in kwargs.items()))
    except TypeError:
        return None


def _freeze(value: Any) -> Any:
    """`value` as a key; TypeError when it cannot be one."""
    if isinstance(value, SCALARS):
        return (type(value), value)
    if isinstance(value, (list, tuple)):
        return (type(value), *map(_freeze, value))
    if isinstance(value, Instance):
        raise TypeError
    hash(value)
    return value
