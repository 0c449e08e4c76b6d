"""Template tag libraries: the tags and filters that a module registers, as functions of the project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, ImportedName, Module
from djguide_analyzers.project.resolve import External, Resolver, Symbol, ValueRef

TagKind = Literal["simple", "inclusion", "block", "node"]

_LIBRARIES = ("django.template.library.Library", "django.template.Library", "django.template.base.Library")
_MAX_ALIASES = 10
_PARAMETERS: dict[str, tuple[str, ...]] = {
    "tag": ("name", "compile_function"),
    "tag_function": ("compile_function",),
    "filter": ("name", "filter_func"),
    "filter_function": ("filter_func",),
    "simple_tag": ("func", "takes_context", "name"),
    "simple_block_tag": ("func", "takes_context", "name", "end_name"),
    "inclusion_tag": ("filename", "func", "takes_context", "name"),
}
"""Methods of Django's ``Library`` that register something, with their parameters."""
_FUNCTIONS = ("compile_function", "filter_func", "func")
_KINDS: dict[str, TagKind] = {
    "tag": "node",
    "tag_function": "node",
    "simple_tag": "simple",
    "simple_block_tag": "block",
    "inclusion_tag": "inclusion",
}


@dataclass(frozen=True, slots=True, eq=False)
class TagFunction:
    """A tag of a library.

    Attributes:
        kind: ``simple``, ``inclusion`` and ``block`` (Django's ``simple_block_tag``) call `function` with the
            tag's arguments while rendering; for ``node`` it is the compilation function ``(parser, token)``.
        function: A function or, for ``node``, a class; None when it can't be found statically.
        takes_context: Whether the context comes as the first argument.
        template: Name of an inclusion tag's template; None when it isn't spelled out.
        end_name: Name of the end tag of a ``block``.
        library: Dotted module that registers it.
    """

    name: str
    kind: TagKind
    function: FunctionInfo | ClassInfo | None
    library: str
    takes_context: bool = False
    template: str | None = None
    end_name: str | None = None

    @property
    def is_django(self) -> bool:
        """Whether Django itself brings it."""
        return self.library.startswith("django.")


@dataclass(frozen=True, slots=True, eq=False)
class FilterFunction:
    """A filter of a library; `function` is None when it can't be found statically.

    `needs_autoescape` and `expects_localtime` are the flags it is registered with.
    """

    name: str
    function: FunctionInfo | None
    library: str
    needs_autoescape: bool = False
    expects_localtime: bool = False

    @property
    def is_django(self) -> bool:
        """Whether Django itself brings it."""
        return self.library.startswith("django.")


@dataclass(eq=False)
class Library:
    """What ``{% load %}`` brings from one module."""

    module: Module
    tags: dict[str, TagFunction] = field(default_factory=dict)
    filters: dict[str, FilterFunction] = field(default_factory=dict)


def read_library(resolver: Resolver, module: Module) -> Library | None:
    """The library that `module` makes known as ``register``; None when it makes none known.

    Registrations in the module itself count, and those in the module that makes the library if that is another.
    """
    made = _made(resolver, resolver.name(module, "register"))
    if made is None:
        return None
    library = Library(module)
    for source in dict.fromkeys([made.module, module]):
        _Reader(resolver, source, made, library).read()
    return library


def _made(resolver: Resolver, symbol: Symbol | None) -> ValueRef | None:
    """The assignment ``register = Library()`` that `symbol` comes from."""
    for _ in range(_MAX_ALIASES):
        if not isinstance(symbol, ValueRef) or symbol.value.expr is None:
            return None
        expr, code = symbol.value.expr, symbol.value.code
        if isinstance(expr, (ir.Name, ir.Attr)):
            symbol = resolver.expr(code, expr)
            continue
        if not isinstance(expr, ir.Call):
            return None
        cls = resolver.expr(code, expr.func)
        if isinstance(cls, ClassInfo):
            return symbol if resolver.is_subclass(cls, *_LIBRARIES) else None
        return symbol if isinstance(cls, External) and cls.dotted in _LIBRARIES else None
    return None


class _Reader:
    """Reads the registrations of one module in the order of the text: of two under one name the last counts."""

    def __init__(self, resolver: Resolver, module: Module, made: ValueRef, library: Library) -> None:
        self._resolver = resolver
        self._module = module
        self._made = made
        self._library = library
        self._definitions: dict[int, FunctionInfo | ClassInfo] = {
            id(binding.node): binding
            for bindings in module.symbols.names.values()
            for binding in bindings
            if isinstance(binding, (FunctionInfo, ClassInfo))
        }

    def read(self) -> None:
        for chunk in self._module.facts.chunks:
            code = Code(self._module, chunk)
            for node in _statements(chunk.outline):
                self._statement(node, code)

    def _statement(self, node: ir.Stmt, code: Code) -> None:
        match node:
            case ir.FunctionDef() | ir.ClassDef():
                # The decorator next to the function is applied first.
                for decorator in reversed(node.decorators):
                    self._expression(decorator, code, self._definitions.get(id(node)), decorates=True)
            case ir.ExprStmt(value=ir.Call() as call):
                self._expression(call, code, None)
            case ir.Assign(targets=[ir.Subscript() as target], value=value) if value is not None:
                self._item(target, value, code)
            case ir.Assign(value=ir.Call() as call):
                self._expression(call, code, None)

    def _expression(
        self, node: ir.Expr, code: Code, target: Symbol | None, *, decorates: bool = False
    ) -> None:
        """``register.simple_tag``, ``register.simple_tag(...)`` or ``register.simple_tag(...)(function)``."""
        call = node if isinstance(node, ir.Call) else None
        if call is not None and isinstance(call.func, ir.Call) and len(call.args) == 1 and not decorates:
            target, call, decorates = self._function(call.args[0], code), call.func, True
        method = call.func if call is not None else node
        if not isinstance(method, ir.Attr) or method.name not in _PARAMETERS:
            return
        if self._is_register(method.value, code):
            given = self._arguments(method.name, call)
            if given is not None and (call is not None or decorates):
                self._register(method.name, given, code, target, decorates=decorates)

    def _is_register(self, node: ir.Expr, code: Code) -> bool:
        made = _made(self._resolver, self._resolver.expr(code, node))
        return made is not None and made.value is self._made.value

    def _arguments(self, method: str, call: ir.Call | None) -> dict[str, ir.Expr] | None:
        """Arguments by parameter; None when some are handed over with ``*`` or ``**``."""
        if call is None:
            return {}
        if any(isinstance(arg, ir.Star) for arg in call.args) or any(k.name is None for k in call.keywords):
            return None
        given = dict(zip(_PARAMETERS[method], call.args, strict=False))
        return given | {keyword.name: keyword.value for keyword in call.keywords if keyword.name}

    def _register(
        self, method: str, given: dict[str, ir.Expr], code: Code, target: Symbol | None, *, decorates: bool
    ) -> None:
        if not decorates:
            function = next((given[name] for name in _FUNCTIONS if name in given), None)
            if function is None and method in ("tag", "filter") and "name" in given:
                function = given.pop("name")  # register.filter(function)
            if function is None:
                return
            target = self._function(function, code)
        if "name" in given:
            name = self._string(given["name"], code)
        else:
            name = _own_name(target)
        if name is None:
            return
        if method in ("filter", "filter_function"):
            flags = {flag: self._flag(given, flag) for flag in ("needs_autoescape", "expects_localtime")}
            function = target if isinstance(target, FunctionInfo) else None
            self._library.filters[name] = FilterFunction(name, function, self._module.name, **flags)
            return
        end_name = self._string(given["end_name"], code) if "end_name" in given else f"end{name}"
        self._library.tags[name] = TagFunction(
            name,
            _KINDS[method],
            target if isinstance(target, (FunctionInfo, ClassInfo)) else None,
            self._module.name,
            takes_context=self._flag(given, "takes_context"),
            template=self._string(given["filename"], code) if "filename" in given else None,
            end_name=end_name if method == "simple_block_tag" else None,
        )

    def _item(self, target: ir.Subscript, value: ir.Expr, code: Code) -> None:
        """``register.tags["name"] = function``."""
        table = target.value
        if not isinstance(table, ir.Attr) or table.name not in ("tags", "filters"):
            return
        name = self._string(target.index, code)
        if name is not None and self._is_register(table.value, code):
            given = {"name": target.index}
            method = "tag" if table.name == "tags" else "filter"
            self._register(method, given, code, self._function(value, code), decorates=True)

    def _function(self, node: ir.Expr, code: Code) -> Symbol | None:
        """What is registered; ``show = register.simple_tag(show)`` means what `show` was before."""
        symbol = self._resolver.expr(code, node)
        if not isinstance(symbol, ValueRef) or not isinstance(node, ir.Name):
            return symbol
        for binding in reversed(self._module.symbols.names.get(node.id, [])):
            if isinstance(binding, (FunctionInfo, ClassInfo)):
                return binding
            if isinstance(binding, ImportedName):
                return self._resolver.dotted(f"{binding.module}.{binding.name}")
        return symbol

    def _string(self, node: ir.Expr, code: Code) -> str | None:
        """A text that is written out, here or where a name is bound."""
        for _ in range(_MAX_ALIASES):
            if isinstance(node, ir.Const):
                return node.value if isinstance(node.value, str) else None
            symbol = self._resolver.expr(code, node)
            if not isinstance(symbol, ValueRef) or symbol.value.expr is None:
                return None
            node, code = symbol.value.expr, symbol.value.code
        return None

    def _flag(self, given: dict[str, ir.Expr], name: str) -> bool:
        node = given.get(name)
        return isinstance(node, ir.Const) and bool(node.value)


def _own_name(target: Symbol | None) -> str | None:
    """The name under which Django registers a function that comes without one."""
    if isinstance(target, (FunctionInfo, ClassInfo)):
        return target.name
    return target.dotted.rpartition(".")[2] if isinstance(target, External) else None


def _statements(block: list[ir.Stmt]) -> Iterator[ir.Stmt]:
    """The statements that importing a module may execute once, those in branches included."""
    for node in block:
        yield node
        match node:
            case ir.If():
                yield from _statements([*node.body, *node.orelse])
            case ir.Try():
                handled = [inner for handler in node.handlers for inner in handler.body]
                yield from _statements([*node.body, *handled, *node.orelse, *node.final])
            case ir.With():
                yield from _statements(node.body)
