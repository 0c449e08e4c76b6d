"""Which functions and classes the project's URL patterns lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Module
from djguide_analyzers.project.project import Project

_PATTERNS = frozenset({"path", "re_path", "url"})
_TRANSPARENT = tuple(
    f"django.{name}."
    for name in ("contrib.auth.decorators", "views.decorators.csrf", "views.decorators.cache")
)

_API_VIEW = "rest_framework.views.APIView"


@dataclass(slots=True)
class Routes:
    """Functions and classes that a pattern names; only those that nothing of unknown effect wraps.

    `bases` are classes that such classes extend, and that no pattern names.
    """

    functions: set[FunctionInfo] = field(default_factory=set)
    classes: set[ClassInfo] = field(default_factory=set)
    bases: set[ClassInfo] = field(default_factory=set)


_known: WeakKeyDictionary[Project, Routes] = WeakKeyDictionary()


def routes(project: Project) -> Routes:
    """What the patterns of all URL modules of `project` lead to; they stand in outlines."""
    known = _known.get(project)
    if known is None:
        known = _known[project] = Routes()
        for module in project.modules.values():
            if "urlpatterns" in module.symbols.names:
                _collect(project, module, known)
        above = {base for cls in known.classes for base in project.resolver.mro(cls)}
        known.bases = {base for base in above if isinstance(base, ClassInfo)} - known.classes
    return known


def is_base_only(project: Project, cls: ClassInfo) -> bool:
    """Whether requests are answered by views that extend `cls`, and not by `cls` itself, as far as patterns say.

    Views of Django REST framework are registered in other ways as well.
    """
    return cls in routes(project).bases and not project.resolver.is_subclass(cls, _API_VIEW)


def _collect(project: Project, module: Module, found: Routes) -> None:
    for view, code in pattern_views(module):
        target = _unwrapped(project, code, view)
        if isinstance(target, FunctionInfo):
            found.functions.add(target)
        elif isinstance(target, ClassInfo):
            found.classes.add(target)


def pattern_views(module: Module) -> Iterator[tuple[ir.Expr, Code]]:
    """The second arguments of ``path()`` and its relatives at the top level of a module."""
    for chunk in module.facts.chunks:
        for node in walk(chunk.outline):
            if not isinstance(node, ir.Call):
                continue
            name = node.func.id if isinstance(node.func, ir.Name) else getattr(node.func, "name", "")
            if name in _PATTERNS:
                view = node.args[1] if len(node.args) > 1 else node.keyword("view")
                if view is not None:
                    yield view, Code(module, chunk)


def _unwrapped(project: Project, code: Code, view: ir.Expr) -> object:
    """What a pattern's view is, behind decorators that let all methods through; None for anything else."""
    if not isinstance(view, ir.Call):
        return project.resolver.expr(code, view)
    if isinstance(view.func, ir.Attr) and view.func.name == "as_view":
        limited = view.keyword("http_method_names") is not None
        return None if limited else project.resolver.expr(code, view.func.value)
    symbol = project.resolver.expr(code, view.func)
    if symbol is not None and symbol.dotted.startswith(_TRANSPARENT) and len(view.args) == 1:
        return _unwrapped(project, code, view.args[0])
    return None
