"""The names of the project's URL patterns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from weakref import WeakKeyDictionary

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Module, Value
from djguide_analyzers.project.project import Project


@dataclass(slots=True)
class UrlNames:
    """Names that URL modules give their patterns, and by the ``app_name`` of the module.

    `open` are the ``app_name`` of modules with patterns whose names are not all written there, `with_arguments` the
    names of patterns that take some, or may.
    """

    names: set[str] = field(default_factory=set)
    by_app: dict[str, set[str]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    with_arguments: set[str] = field(default_factory=set)


_known: WeakKeyDictionary[Project, UrlNames] = WeakKeyDictionary()


def url_names(project: Project) -> UrlNames:
    """The names in all modules that define ``urlpatterns``; they stand in outlines."""
    known = _known.get(project)
    if known is None:
        known = _known[project] = UrlNames()
        for module in project.modules.values():
            if "urlpatterns" in module.symbols.names:
                _collect(module, known)
    return known


def _collect(module: Module, found: UrlNames) -> None:
    app = module.symbols.get("app_name")
    label = app.expr.value if isinstance(app, Value) and isinstance(app.expr, ir.Const) else None
    calls = list(_named(module))
    names = {name for name, _ in calls}
    found.names |= names
    found.with_arguments |= {name for name, call in calls if _takes_arguments(call)}
    if isinstance(label, str):
        found.by_app.setdefault(label, set()).update(names)
        if not _is_plain(module):
            found.open.add(label)


def _named(module: Module) -> Iterator[tuple[str, ir.Call]]:
    """The calls that give a name, with the name."""
    for chunk in module.facts.chunks:
        for node in walk(chunk.outline):
            name = node.keyword("name") if isinstance(node, ir.Call) else None
            if isinstance(node, ir.Call) and isinstance(name, ir.Const):
                yield str(name.value), node


def _takes_arguments(pattern: ir.Call) -> bool:
    """Whether the address of a pattern has parts that ``reverse()`` has to be given."""
    route = pattern.args[0] if pattern.args else None
    return not isinstance(route, ir.Const) or any(sign in str(route.value) for sign in "<(")


def _is_plain(module: Module) -> bool:
    """Whether the patterns are one list of calls of ``path()`` and its relatives, without ``include()``."""
    bindings = module.symbols.names["urlpatterns"]
    value = bindings[0]
    if len(bindings) != 1 or not isinstance(value, Value) or not isinstance(value.expr, ir.Display):
        return False
    changed = (inner for node, _ in module.symbols.loose for inner in walk(node))
    if any(isinstance(inner, ir.Name) and inner.id == "urlpatterns" for inner in changed):
        return False  # more are added later
    for item in value.expr.items:
        name = item.func.id if isinstance(item, ir.Call) and isinstance(item.func, ir.Name) else ""
        if name not in ("path", "re_path", "url") or not isinstance(item, ir.Call) or len(item.args) < 2:
            return False
        view = item.args[1]
        if isinstance(view, ir.Call) and isinstance(view.func, ir.Name) and view.func.id == "include":
            return False
    return True


def takes_arguments(project: Project, name: str) -> bool:
    """Whether a pattern of that name takes arguments, those of patterns that include it left out."""
    return name in url_names(project).with_arguments


def is_unknown(project: Project, name: str) -> tuple[bool, str | None]:
    """Whether no pattern has that name for certain, and the only one that it is a slip of."""
    known = url_names(project)
    namespace, _, last = name.rpartition(":")
    if not last or last in known.names:
        return False, None
    own = known.by_app.get(namespace)
    close = get_close_matches(last, sorted(own if own is not None else known.names), 2, 0.9)
    only = close[0] if len(close) == 1 else None
    if own is not None and namespace not in known.open:
        return True, only
    # Packages bring patterns too: a name is only certainly wrong when it is close to one of the project's.
    return not namespace and only is not None and abs(len(only) - len(last)) <= 1, only
