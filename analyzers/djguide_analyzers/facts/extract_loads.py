"""Relation paths that code asks to be loaded, as far as they are spelled out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

LOADING = frozenset(
    {
        "select_related",
        "prefetch_related",
        "prefetch_related_objects",
        "aprefetch_related_objects",
        "Prefetch",
        "GenericPrefetch",
    }
)
"""Names of the functions that are given such paths."""

_PREFETCHES = frozenset({"Prefetch", "GenericPrefetch"})
_PATH = re.compile(r"[A-Za-z]\w*?(?:__\w+)+")


def called(node: ast.Call) -> str:
    """Last name of what is called."""
    func = node.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def listed(node: ast.List | ast.Tuple | ast.Set) -> Iterator[str]:
    """Texts of a list that read like paths over relations: it may be handed to one of `LOADING` elsewhere."""
    for item in node.elts:
        if isinstance(item, ast.Constant) and isinstance(item.value, str) and _PATH.fullmatch(item.value):
            yield item.value


def loads_of(node: ast.Call) -> set[str]:
    """Paths that a call of one of `LOADING` loads."""
    if called(node) not in _PREFETCHES:
        return set(_texts(node.args))
    return {f"{path}__{below}" if below else path for path in _texts(node.args[:1]) for below in _below(node)}


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _below(node: ast.Call) -> Iterator[str]:
    """What the queryset of a ``Prefetch`` loads besides, relative to its rows; empty for the rows alone."""
    yield ""
    given = [keyword.value for keyword in node.keywords if keyword.arg in ("queryset", "querysets")]
    for queryset in given or node.args[1:2]:
        base = queryset
        while isinstance(base, (ast.Call, ast.Attribute)):
            base = base.func if isinstance(base, ast.Call) else base.value
        if isinstance(queryset, ast.Call) and isinstance(base, ast.Name) and base.id[:1].isupper():
            for part in ast.walk(queryset):
                if isinstance(part, ast.Call) and called(part) in LOADING:
                    yield from loads_of(part)
        else:
            yield "*"
