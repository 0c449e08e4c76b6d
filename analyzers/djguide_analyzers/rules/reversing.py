"""Calls and tags that ask Django for an address by the name of a URL pattern."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from djguide_analyzers.facts import ir, template_ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.project.templates.source import static_name
from djguide_analyzers.rules.context import FileContext, Scope, TemplateContext
from djguide_analyzers.rules.names import of_scope

_FUNCTIONS = {
    "django.urls.base.reverse": "reverse",
    "django.urls.base.reverse_lazy": "reverse_lazy",
    "django.shortcuts.redirect": "redirect",
    "django.shortcuts.resolve_url": "resolve_url",
}


class Reversal(NamedTuple):
    """A call of `function`; `name` is its first argument, a text."""

    function: str
    name: ir.Const
    node: ir.Call
    code: Code


def reversals(file: FileContext, scope: Scope) -> Iterator[Reversal]:
    """The calls in `scope` with a name that is written out, those left out that stand in a ``try``.

    Other URL configurations than the project's own are left out as well.
    """
    last = frozenset(_FUNCTIONS.values())
    calls = [(node, code) for node, code in scope.nodes(ir.Call) if _last_name(node) in last and node.args]
    if not calls:
        return
    names = of_scope(file, scope)
    tried = {inner.at for node, _ in scope.nodes(ir.Try) for inner in walk(node.body)}
    for node, code in calls:
        function = _FUNCTIONS.get(names.called(code, node) or "")
        given = node.args[0]
        if function is None or node.at in tried or node.keyword("urlconf") is not None:
            continue
        if isinstance(given, ir.Const) and isinstance(given.value, str):
            yield Reversal(function, given, node, code)


def template_reversals(template: TemplateContext) -> Iterator[tuple[str, template_ir.Url]]:
    """The ``{% url %}`` tags with a name that is written out; ``as`` a variable, a failure is nothing."""
    for node in template_ir.walk(template.facts.nodes):
        if isinstance(node, template_ir.Url) and node.as_var is None:
            name = static_name(node.view)
            if name is not None:
                yield name, node


def _last_name(node: ir.Call) -> str:
    return node.func.id if isinstance(node.func, ir.Name) else getattr(node.func, "name", "")
