"""The URLs of a project: the root URL configuration and what it includes, spelled out.

What cannot be followed is left out, so that everything listed is something that Django knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from djguide_analyzers.facts import ir
from djguide_analyzers.project.endpoints import ROUTED, Endpoint, describe_endpoint
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.modules import ClassInfo, Code, Module, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import ModuleRef, ValueRef, called_name
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.trace.frameworks.admin import registered

_PATHS = frozenset({"path", "re_path", "url"})
_MAX_DEPTH = 12
_ADMIN_PAGES = ("index", "login", "logout", "password_change", "password_change_done", "jsi18n")
_ADMIN_MODEL_PAGES = ("changelist", "add", "history", "delete", "change")
_DETAIL_PAGES = ("retrieve", "update", "partial_update", "destroy")


@dataclass(frozen=True, slots=True)
class Route:
    """One URL.

    Attributes:
        path: As written, with what it is included under: ``/orders/<int:pk>/``.
        name: What it is reversed by, with its namespaces; None without one.
        view: The expression that is its view; None where a router or the admin makes it.
        endpoint: The class that a router serves there.
        place: Where it stands; None for pages of the admin.
    """

    path: str
    name: str | None
    view: Written | None = None
    endpoint: ClassInfo | None = None
    place: Place | None = None


def routes_of(project: Project) -> list[Route]:
    """All URLs in order of appearance."""
    root = project.settings.root_urlconf()
    module = project.resolver.module(root) if root else None
    if module is None:
        return []
    reader = _Reader(project)
    reader.module(module, "", "", 0)
    return reader.found


@dataclass
class _Reader:
    project: Project
    found: list[Route] = field(default_factory=list)

    def module(
        self, module: Module, namespace: str, route: str, depth: int, given: str | None = None
    ) -> None:
        """Read ``urlpatterns`` of a module; `given` is the namespace that the include states."""
        if depth > _MAX_DEPTH:
            return
        app_name = _text(_last(module, "app_name"))
        own = given or app_name
        inner = f"{namespace}{own}:" if own else namespace
        for binding in module.symbols.names.get("urlpatterns", ()):
            if isinstance(binding, Value) and binding.expr is not None:
                self._patterns(binding.expr, binding.code, inner, route, depth)
        for node, code in module.symbols.loose:
            if (
                isinstance(node, ir.AugAssign)
                and isinstance(node.target, ir.Name)
                and node.target.id == "urlpatterns"
            ):
                self._patterns(node.value, code, inner, route, depth)

    def _patterns(self, node: ir.Expr, code: Code, namespace: str, route: str, depth: int) -> None:
        match node:
            case ir.Display(items=items):
                for item in items:
                    self._patterns(
                        item.value if isinstance(item, ir.Star) else item, code, namespace, route, depth
                    )
            case ir.Binary(left=left, op="+", right=right):
                self._patterns(left, code, namespace, route, depth)
                self._patterns(right, code, namespace, route, depth)
            case ir.Call() if called_name(node) in _PATHS:
                self._path(node, code, namespace, route, depth)
            case ir.Call() if called_name(node) in ("i18n_patterns", "format_suffix_patterns"):
                for argument in node.args:
                    self._patterns(argument, code, namespace, route, depth)
            case ir.Name() | ir.Attr() if depth < _MAX_DEPTH:
                self._named(node, code, namespace, route, depth)

    def _named(self, node: ir.Name | ir.Attr, code: Code, namespace: str, route: str, depth: int) -> None:
        """A list elsewhere, or ``router.urls``."""
        if isinstance(node, ir.Attr) and node.name == "urls":
            router = self.project.resolver.expr(code, node.value)
            if isinstance(router, ValueRef):
                self._router(router, namespace, route)
            return
        symbol = self.project.resolver.expr(code, node)
        if isinstance(symbol, ValueRef) and symbol.value.expr is not None:
            self._patterns(symbol.value.expr, symbol.value.code, namespace, route, depth + 1)

    def _path(self, node: ir.Call, code: Code, namespace: str, route: str, depth: int) -> None:
        own = _text(node.args[0]) if node.args else _text(node.keyword("route"))
        whole = route + (own or "")
        name = node.keyword("name") or (node.args[3] if len(node.args) > 3 else None)
        view = node.args[1] if len(node.args) > 1 else node.keyword("view")
        if isinstance(view, ir.Call) and called_name(view) == "include" and view.args:
            self._include(view, code, namespace, whole, depth + 1)
        elif isinstance(view, ir.Attr) and view.name == "urls":
            self._site_or_router(view, code, namespace, whole)
        else:
            text = _text(name)
            written = Written(view, code) if view is not None else None
            self._add(f"{namespace}{text}" if text is not None else None, whole, code, name or node, written)

    def _include(self, node: ir.Call, code: Code, namespace: str, route: str, depth: int) -> None:
        target = node.args[0]
        given = _text(node.keyword("namespace") or (node.args[1] if len(node.args) > 1 else None))
        if isinstance(target, ir.Display) and target.kind == "tuple" and len(target.items) > 1:
            given = given or _text(target.items[1])
            target = target.items[0]
        if (dotted := _text(target)) is not None:
            module = self.project.resolver.module(dotted)
        else:
            symbol = self.project.resolver.expr(code, target)
            module = symbol.module if isinstance(symbol, ModuleRef) else None
        if module is not None:
            self.module(module, namespace, route, depth, given)
            return
        if _text(target) is None:
            self._patterns(target, code, f"{namespace}{given}:" if given else namespace, route, depth)

    def _site_or_router(self, node: ir.Attr, code: Code, namespace: str, route: str) -> None:
        symbol = self.project.resolver.expr(code, node.value)
        if (
            symbol is not None
            and symbol.dotted.startswith("django.contrib.admin")
            and symbol.dotted.endswith("site")
        ):
            for page in _ADMIN_PAGES:
                self._add(f"{namespace}admin:{page}", route, None, None)
            for models in registered(self.project).values():
                for model in models:
                    for page in _ADMIN_MODEL_PAGES:
                        name = f"{namespace}admin:{model.app_label}_{model.name.lower()}_{page}"
                        self._add(name, f"{route}{model.app_label}/{model.name.lower()}/", None, None)

    def _router(self, router: ValueRef, namespace: str, route: str) -> None:
        """What ``router.register("books", BookViewSet)`` in the router's own module adds."""
        made = router.value.expr
        if not isinstance(made, ir.Call) or not (called_name(made) or "").endswith("Router"):
            return
        if called_name(made) == "DefaultRouter":
            self._add(f"{namespace}api-root", route, router.value.code, made)
        for node, code in router.module.symbols.loose:
            call = node.value if isinstance(node, ir.ExprStmt) else None
            if (
                isinstance(call, ir.Call)
                and isinstance(call.func, ir.Attr)
                and call.func.name == "register"
                and isinstance(call.func.value, ir.Name)
                and call.func.value.id == router.name
                and len(call.args) > 1
            ):
                path = f"{route}{_text(call.args[0]) or ''}/"
                view = self.project.resolver.expr(code, call.args[1])
                endpoint = describe_endpoint(self.project, view) if isinstance(view, ClassInfo) else None
                cls = endpoint.cls if endpoint is not None else None
                for name in self._registered(call, endpoint):
                    self._add(f"{namespace}{name}", path, code, call, endpoint=cls)

    def _registered(self, call: ir.Call, endpoint: Endpoint | None) -> Iterator[str]:
        given = (
            call.keyword("basename")
            or call.keyword("base_name")
            or (call.args[2] if len(call.args) > 2 else None)
        )
        base = _text(given) if given is not None else self._basename(endpoint)
        if base is None or endpoint is None:
            return
        names = {action.name for action in endpoint.actions}
        if names & {"list", "create"}:
            yield f"{base}-list"
        if names & set(_DETAIL_PAGES):
            yield f"{base}-detail"
        for action in endpoint.actions:
            if action.name not in ROUTED and action.decorator is not None:
                written = action.overrides.get("url_name")
                text = _text(written.node) if written is not None else action.name.replace("_", "-")
                if text is not None:
                    yield f"{base}-{text}"

    def _basename(self, endpoint: Endpoint | None) -> str | None:
        """The lower-case name of the model of the view's queryset, which is what routers take."""
        written = endpoint.written("queryset") if endpoint is not None else None
        node = written.node if written is not None else None
        while isinstance(node, (ir.Call, ir.Attr)):
            node = node.func if isinstance(node, ir.Call) else node.value
        symbol = self.project.resolver.expr(written.code, node) if written is not None and node else None
        model = self.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None
        return model.name.lower() if model is not None else None

    def _add(
        self,
        name: str | None,
        route: str,
        code: Code | None,
        node: ir.Node | None,
        view: Written | None = None,
        endpoint: ClassInfo | None = None,
    ) -> None:
        place = None if code is None or node is None else Place(code.module.path, code.range(node))
        self.found.append(Route(f"/{route.lstrip('^/')}", name, view, endpoint, place))


def _last(module: Module, name: str) -> ir.Expr | None:
    binding = module.symbols.get(name)
    return binding.expr if isinstance(binding, Value) else None


def _text(node: ir.Expr | None) -> str | None:
    return node.value if isinstance(node, ir.Const) and isinstance(node.value, str) else None
