"""Saves that name the columns to store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.trace.values import BuiltinMethod, ManagerValue, QuerySetValue, Row


@dataclass(frozen=True, slots=True)
class PartialSave:
    """One call of ``row.save(update_fields=[...])`` or ``update_or_create(defaults={...})``.

    `columns` are the names it stores; `listed` is the display in which they are written, None for the latter.
    """

    model: Model
    scope: Scope
    code: Code
    node: ir.Call
    columns: frozenset[str]
    listed: ir.Display | None


def partial_saves(file: FileContext) -> Iterator[PartialSave]:
    """The partial saves of `file` whose model and columns are known."""
    for scope in file.scopes:
        for node, code in scope.nodes(ir.Call):
            if not isinstance(node.func, ir.Attr):
                continue
            if node.func.name in ("save", "asave"):
                found = _saved(file, scope, code, node)
            elif node.func.name in ("update_or_create", "aupdate_or_create"):
                found = _updated(file, scope, code, node)
            else:
                continue
            if found is not None:
                yield found


def _saved(file: FileContext, scope: Scope, code: Code, node: ir.Call) -> PartialSave | None:
    assert isinstance(node.func, ir.Attr)
    row = scope.value(code, node.func.value)
    model = file.project.graph.get(row.model) if isinstance(row, Row) else None
    listed = node.keyword("update_fields")
    if model is None or not isinstance(listed, ir.Display):
        return None
    names = [item.value if isinstance(item, ir.Const) else None for item in listed.items]
    columns = frozenset(name for name in names if isinstance(name, str))
    if len(columns) < len(names) or not columns:
        return None
    return PartialSave(model, scope, code, node, columns, listed)


def _updated(file: FileContext, scope: Scope, code: Code, node: ir.Call) -> PartialSave | None:
    """``update_or_create()`` stores the columns of its defaults when the row is there."""
    method = scope.value(code, node.func)
    if not isinstance(method, BuiltinMethod):
        return None
    receiver = method.receiver
    if isinstance(receiver, ManagerValue):
        label = receiver.model
    elif isinstance(receiver, QuerySetValue):
        label = receiver.query.model
    else:
        return None
    model = file.project.graph.get(label)
    defaults = node.keyword("defaults") or (node.args[0] if node.args else None)
    if model is None or not isinstance(defaults, ir.Dict):
        return None
    names = [key.value if isinstance(key, ir.Const) else None for key in defaults.keys]
    columns = frozenset(name for name in names if isinstance(name, str))
    if len(columns) < len(names) or not columns:
        return None
    return PartialSave(model, scope, code, node, columns, None)
