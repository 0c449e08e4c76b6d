"""Calls of Django's caches, and what they are given."""

from __future__ import annotations

from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.project.settings import Settings
from djguide_analyzers.rules.names import Names, module_value

_CACHE = "django.core.cache.cache"
_CACHES = "django.core.cache.caches"
_LOCAL = frozenset(
    {"django.core.cache.backends.locmem.LocMemCache", "django.core.cache.backends.dummy.DummyCache"}
)
_PARAMETERS = {
    "get": ("key", "default", "version"),
    "set": ("key", "value", "timeout", "version"),
    "add": ("key", "value", "timeout", "version"),
    "get_or_set": ("key", "default", "timeout", "version"),
    "delete": ("key", "version"),
}


@dataclass(frozen=True, slots=True)
class CacheCall:
    """``cache.method(...)``; `alias` is the cache's name in ``CACHES``, None when it is computed."""

    node: ir.Call
    code: Code
    method: str
    alias: str | None

    def argument(self, name: str) -> ir.Expr | None:
        """The argument for a parameter, given by name or by position."""
        given = self.node.keyword(name)
        if given is not None:
            return given
        parameters = _PARAMETERS.get(self.method, ())
        position = parameters.index(name) if name in parameters else len(self.node.args)
        return self.node.args[position] if position < len(self.node.args) else None

    @property
    def is_plain(self) -> bool:
        """Whether all arguments are written one by one."""
        return not any(isinstance(arg, ir.Star) for arg in self.node.args) and all(
            keyword.name is not None for keyword in self.node.keywords
        )


def cache_call(names: Names, code: Code, node: ir.Expr | None) -> CacheCall | None:
    """`node` as a call of a cache's method; None for anything else."""
    if not isinstance(node, ir.Call) or not isinstance(node.func, ir.Attr):
        return None
    alias = _alias(names, code, node.func.value, 0)
    return CacheCall(node, code, node.func.name, alias or None) if alias is not None else None


def _alias(names: Names, code: Code, node: ir.Expr, depth: int) -> str | None:
    """Name of the cache that `node` is, empty for a computed one; None when it is no cache."""
    if depth > 4:
        return None
    if isinstance(node, ir.Subscript) and names.dotted(code, node.value) == _CACHES:
        constant = node.index
        return constant.value if isinstance(constant, ir.Const) and isinstance(constant.value, str) else ""
    if isinstance(node, ir.Name) and names.bindings(node.id):
        value = names.value(node.id)
        return _alias(names, value[1], value[0], depth + 1) if value is not None else None
    symbol = names.symbol(code, node) if isinstance(node, (ir.Name, ir.Attr)) else None
    if symbol is None or isinstance(symbol, str):
        return "default" if symbol == _CACHE else None
    if symbol.dotted == _CACHE:
        return "default"
    value = module_value(symbol)
    return (
        _alias(Names(names.resolver, None, []), value[1], value[0], depth + 1) if value is not None else None
    )


def is_remote(settings: Settings, alias: str | None) -> bool:
    """Whether the cache is known to be a server, so that each call is a round trip."""
    if not settings.is_set("CACHES"):
        return False
    caches = settings.get("CACHES")
    backend = caches.item(alias if alias is not None else "default").item("BACKEND")
    known = [value for value in backend.alternatives if isinstance(value, str)]
    return any(value not in _LOCAL for value in known)
