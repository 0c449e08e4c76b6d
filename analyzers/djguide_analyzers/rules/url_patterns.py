"""The project's URL patterns as ``reverse()`` knows them: names, namespaces, and what their addresses take.

What cannot be followed is noted as such: nothing is then said about the names that may stand there.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from itertools import product

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, Module, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import ModuleRef, ValueRef, called_name
from djguide_analyzers.project.roles import is_test
from djguide_analyzers.rules.finding import Place

_MAX_DEPTH = 12
_PATHS = ("path", "re_path", "url")
_WRAPPERS = ("i18n_patterns",)
_CONVERTED = re.compile(r"<(?:[^>:]+:)?([^>]+)>")

Parameters = tuple[str, ...]
Namespace = tuple[frozenset[str], ...]
"""From the outermost one in: the names that each can be called by."""


@dataclass(frozen=True, slots=True, eq=False)
class UrlPattern:
    """A pattern that leads to a view.

    Attributes:
        name: Without its namespaces; empty for one that has none.
        takes: What an address is made of, in order, the parts of what includes the pattern first: one entry for
            each way to write it. None where that is not known.
        defaults: Names of the arguments that the pattern itself gives to the view.
        route: What it matches, written with `path()` all the way; None otherwise.
        always: Whether no condition decides about whether it is there.
        code, node: Its call, and the table that this stands in.
    """

    name: str
    namespace: Namespace
    takes: tuple[Parameters, ...] | None
    defaults: frozenset[str]
    route: str | None
    always: bool
    code: Code
    node: ir.Call

    @property
    def place(self) -> Place:
        return Place(self.code.module.path, self.code.range(self.node))

    @property
    def view(self) -> ir.Expr | None:
        return _argument(self.node, 1, "view")

    def accepts(self, positional: int, named: frozenset[str]) -> bool:
        """Whether ``reverse()`` with these arguments gives an address, as Django decides it."""
        if self.takes is None:
            return True
        if positional:
            return any(len(taken) == positional for taken in self.takes)
        return any(named ^ frozenset(taken) <= self.defaults for taken in self.takes)


@dataclass(frozen=True, slots=True)
class _Around:
    """What a list of patterns is included under."""

    namespace: Namespace = ()
    takes: tuple[Parameters, ...] | None = ((),)
    defaults: frozenset[str] = frozenset()
    route: str | None = ""
    always: bool = True
    depth: int = 0


@dataclass(slots=True)
class UrlPatterns:
    """All patterns.

    Attributes:
        in_order: Those that are known, in the order in which Django tries them.
        by_name: Those of them with a name, by their name without namespaces.
        uncertain: Names of patterns that nobody knows how to get to, or that may be there twice.
        open: Namespaces with patterns that could not be followed, which may have any name.
    """

    in_order: list[UrlPattern] = field(default_factory=list)
    by_name: dict[str, list[UrlPattern]] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    open: set[Namespace] = field(default_factory=set)

    def called(self, name: str) -> list[UrlPattern]:
        """The patterns that ``reverse(name)`` chooses from; empty where there may be others, or none is known."""
        *outer, last = name.split(":")
        if last in self.uncertain:
            return []
        found = [each for each in self.by_name.get(last, ()) if _is_in(each.namespace, outer)]
        return found if not any(_is_in(space, outer) for space in self.open) else []


def _is_in(namespace: Namespace, written: list[str]) -> bool:
    return len(namespace) == len(written) and all(
        part in names for part, names in zip(written, namespace, strict=True)
    )


def same_view(one: UrlPattern, other: UrlPattern) -> bool:
    """Whether two patterns may lead to the same view, whatever its options are."""
    views = [_spelled(one.view), _spelled(other.view)]
    return None in views or views[0] == views[1]


def _spelled(view: ir.Expr | None) -> str | None:
    """The last names of a view: ``OrderList`` of ``views.OrderList.as_view(...)``; None where it is not named."""
    while isinstance(view, ir.Call):
        if isinstance(view.func, ir.Attr) and view.func.name == "as_view":
            view = view.func.value
        elif view.args:
            view = view.args[0]  # a decorator
        else:
            return None
    if isinstance(view, ir.Attr):
        return view.name
    return view.id if isinstance(view, ir.Name) else None


def url_patterns(project: Project) -> UrlPatterns:
    """The patterns that the root URL configuration leads to; they stand in outlines."""
    return project.once(_read)


def _read(project: Project) -> UrlPatterns:
    reader = _Reader(project)
    root = project.settings.root_urlconf()
    module = project.resolver.module(root) if root else None
    if module is not None:
        reader.module(module, _Around())
    # What the root does not lead to may be the patterns of other hosts, or be put in place by some machinery.
    for other in project.modules.values():
        if "urlpatterns" in other.symbols.names and not is_test(posixpath.relpath(other.path, project.root)):
            reader.found.uncertain |= _names_beside(project, other, reader)
    return reader.found


def _names_beside(project: Project, module: Module, reader: _Reader) -> set[str]:
    """The names that a module gives to patterns that `reader` did not read, those that it includes among them."""
    beside = _Reader(project)
    if module.path not in reader.modules:
        beside.module(module, _Around())
    calls = (
        node for chunk in module.facts.chunks for node in walk(chunk.outline) if isinstance(node, ir.Call)
    )
    unread = (_names_in(node) for node in calls if id(node) not in reader.seen)
    return set(beside.found.by_name).union(*unread)


def _names_in(node: ir.Call) -> set[str]:
    name = _text(_argument(node, 3, "name"))
    return {name} if name is not None else set()


class _Reader:
    def __init__(self, project: Project) -> None:
        self._project = project
        self.found = UrlPatterns()
        self.seen: set[int] = set()
        """The calls that were read, by identity."""
        self.modules: set[str] = set()
        """Paths of the modules that were read."""

    def module(self, module: Module, around: _Around, given: ir.Expr | None = None) -> None:
        """Read ``urlpatterns`` of a module; `given` is the namespace that the include states."""
        if around.depth > _MAX_DEPTH:
            self.found.open.add(around.namespace)
            return
        self.modules.add(module.path)
        app_name = module.symbols.get("app_name")
        around = _inside(around, app_name.expr if isinstance(app_name, Value) else None, given)
        for binding in module.symbols.names.get("urlpatterns", ()):
            if isinstance(binding, Value) and binding.expr is not None:
                self._patterns(binding.expr, binding.code, _unless_conditional(around, binding))
            else:
                self.found.open.add(around.namespace)
        for node, code in module.symbols.loose:
            always = any(node is statement for statement in code.chunk.outline)
            self._changed(node, code, replace(around, always=around.always and always))

    def _changed(self, node: ir.Stmt, code: Code, around: _Around) -> None:
        """A statement that may add to ``urlpatterns``."""
        match node:
            case ir.AugAssign(target=ir.Name(id="urlpatterns"), value=value):
                self._patterns(value, code, around)
            case ir.ExprStmt(
                value=ir.Call(
                    func=ir.Attr(name="append" | "extend", value=ir.Name(id="urlpatterns")), args=[value]
                )
            ):
                self._patterns(value, code, around)
            case _ if any(isinstance(inner, ir.Name) and inner.id == "urlpatterns" for inner in walk(node)):
                self.found.open.add(around.namespace)

    def _patterns(self, node: ir.Expr, code: Code, around: _Around) -> None:
        match node:
            case ir.Display(items=items):
                for item in items:
                    self._patterns(item.value if isinstance(item, ir.Star) else item, code, around)
            case ir.Binary(left=left, op="+", right=right):
                self._patterns(left, code, around)
                self._patterns(right, code, around)
            case ir.IfExp(body=body, orelse=orelse):
                self._patterns(body, code, replace(around, always=False))
                self._patterns(orelse, code, replace(around, always=False))
            case ir.Call() if self._is_path(node, code):
                self._path(node, code, around)
            case ir.Call() if called_name(node) in _WRAPPERS:
                for argument in node.args:
                    self._patterns(argument, code, replace(around, route=None))
            case ir.Call() if (self._dotted(code, node.func) or "").startswith("django."):
                pass  # patterns for files, which have no names
            case ir.Name() | ir.Attr():
                self._named(node, code, around)
            case _:
                self.found.open.add(around.namespace)

    def _is_path(self, node: ir.Call, code: Code) -> bool:
        dotted = self._dotted(code, node.func)
        return called_name(node) in _PATHS and (dotted is None or dotted.startswith("django."))

    def _dotted(self, code: Code, node: ir.Expr) -> str | None:
        symbol = self._project.resolver.expr(code, node)
        return symbol.dotted if symbol is not None else None

    def _named(self, node: ir.Expr, code: Code, around: _Around) -> None:
        """A list of patterns that stands elsewhere."""
        symbol = self._project.resolver.expr(code, node)
        if isinstance(symbol, ValueRef) and symbol.value.expr is not None and around.depth < _MAX_DEPTH:
            deeper = _unless_conditional(replace(around, depth=around.depth + 1), symbol.value)
            self._patterns(symbol.value.expr, symbol.value.code, deeper)
        else:
            self.found.open.add(around.namespace)

    def _path(self, node: ir.Call, code: Code, around: _Around) -> None:
        self.seen.add(id(node))
        view, name = _argument(node, 1, "view"), _argument(node, 3, "name")
        is_path, route = called_name(node) == "path", _text(_argument(node, 0, "route"))
        inner = _Around(
            around.namespace,
            _joined(around.takes, _parameters(route, is_path)),
            around.defaults | _keys(_argument(node, 2, "kwargs")),
            around.route + route if is_path and around.route is not None and route is not None else None,
            around.always,
            around.depth + 1,
        )
        if isinstance(view, ir.Call) and called_name(view) == "include":
            self._include(view, code, inner)
        elif isinstance(view, ir.Attr) and view.name == "urls":
            if not (self._dotted(code, view.value) or "").startswith("django.contrib.admin"):
                self.found.open.add(around.namespace)  # three things, one of which may be a namespace
        else:
            self._add(node, code, inner, name)

    def _add(self, node: ir.Call, code: Code, around: _Around, name: ir.Expr | None) -> None:
        """Note a pattern that leads to a view."""
        text = _text(name)
        if name is not None and text is None:
            self.found.open.add(around.namespace)
        pattern = UrlPattern(
            text or "",
            *(around.namespace, around.takes, around.defaults, around.route, around.always),
            code,
            node,
        )
        self.found.in_order.append(pattern)
        if text:
            self.found.by_name.setdefault(text, []).append(pattern)

    def _include(self, node: ir.Call, code: Code, around: _Around) -> None:
        target = _argument(node, 0, "arg")
        given = _argument(node, 1, "namespace")
        app_name = None
        symbol = self._project.resolver.expr(code, target) if target is not None else None
        if isinstance(symbol, ValueRef) and isinstance(symbol.value.expr, ir.Display):
            target, code = symbol.value.expr, symbol.value.code
        if isinstance(target, ir.Display) and target.kind == "tuple" and len(target.items) == 2:
            target, app_name = target.items
        module = self._module(target, code)
        if module is not None:
            self.module(module, around, given or app_name)
        elif target is None or _text(target) is not None:
            self.found.open.add(_inside(around, app_name, given).namespace)
        else:
            self._patterns(target, code, _inside(around, app_name, given))

    def _module(self, target: ir.Expr | None, code: Code) -> Module | None:
        if (dotted := _text(target)) is not None:
            return self._project.resolver.module(dotted)
        symbol = self._project.resolver.expr(code, target) if target is not None else None
        return symbol.module if isinstance(symbol, ModuleRef) else None


def _inside(around: _Around, app_name: ir.Expr | None, given: ir.Expr | None) -> _Around:
    """`around` with the namespace that an application and an include name, if any does."""
    names = frozenset(text for text in (_text(app_name), _text(given)) if text is not None)
    if app_name is None and given is None:
        return around
    return replace(around, namespace=(*around.namespace, names))


def _unless_conditional(around: _Around, value: Value) -> _Around:
    """`around` for what an assignment gives, which may stand under a condition."""
    statements = (node for node in value.code.chunk.outline if isinstance(node, ir.Assign))
    always = any(node.value is value.expr for node in statements)
    return replace(around, always=around.always and always)


def _parameters(route: str | None, is_path: bool) -> tuple[Parameters, ...] | None:
    """The ways to write the address of one call; None where it is not written out."""
    if route is None:
        return None
    if is_path:
        return (tuple(_CONVERTED.findall(route)),)
    from django.utils.regex_helper import normalize

    try:
        return tuple(tuple(parameters) for _, parameters in normalize(route))
    except (ValueError, NotImplementedError, IndexError):
        return None


def _joined(
    outer: tuple[Parameters, ...] | None, inner: tuple[Parameters, ...] | None
) -> tuple[Parameters, ...] | None:
    if outer is None or inner is None:
        return None
    return tuple(first + second for first, second in product(outer, inner))


def _keys(node: ir.Expr | None) -> frozenset[str]:
    keys = node.keys if isinstance(node, ir.Dict) else ()
    return frozenset(text for key in keys if (text := _text(key)) is not None)


def _argument(node: ir.Call, position: int, name: str) -> ir.Expr | None:
    return node.args[position] if len(node.args) > position else node.keyword(name)


def _text(node: ir.Expr | None) -> str | None:
    return node.value if isinstance(node, ir.Const) and isinstance(node.value, str) else None
