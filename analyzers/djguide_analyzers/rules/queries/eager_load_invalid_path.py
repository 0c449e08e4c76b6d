"""A path of `select_related` or `prefetch_related` that leads nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model, ModelGraph
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.certain import probing
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.lookups import closest
from djguide_analyzers.rules.queryset_calls import QuerySetCall, has_star, query_before, queryset_calls
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range
from djguide_analyzers.trace.values import PrefetchValue, Query

RULE = Rule(
    summary="A path of `select_related()` or `prefetch_related()` does not exist, or cannot be joined",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    graph = file.project.graph
    if file.is_test:
        return
    attempts = probing(scope)
    for call in queryset_calls(scope, "select_related", "prefetch_related"):
        model, query = graph.get(call.model), query_before(file.project, scope, call)
        if model is None or query is None or query.opaque or query.assumed or query.shape != "instances":
            continue
        if (call.code, call.node.at) in attempts:
            continue
        for node in call.node.args:
            literal = node
            if isinstance(node, ir.Call) and isinstance(scope.value(call.code, node), PrefetchValue):
                literal = node.args[0] if node.args else node
            if isinstance(literal, ir.Const) and isinstance(literal.value, str):
                yield from _check(file, call, query, model, literal, direct=literal is node)


def _check(
    file: FileContext, call: QuerySetCall, query: Query, model: Model, node: ir.Const, *, direct: bool
) -> Iterator[Hit]:
    path = str(node.value)
    extra = set(query.annotations) | {entry.to_attr for entry in query.prefetch if entry.to_attr}
    extra |= _to_attrs(call)
    if call.name == "select_related":
        bad = _bad_join(file.project.graph, model, path, extra)
    else:
        bad = _bad_prefetch(file, model, path, extra)
    if bad is None:
        return
    number, at, why = bad
    if call.name == "select_related" and why == "to-many":
        fix = _as_prefetch(file, call, node, path)
        message = f"`{at}` leads to many rows, which a join cannot load: Django raises FieldError"
    else:
        fix = _closest(
            file, call, node, path, number, at, _choices(file.project.graph, model, path, number, call.name)
        )
        error = {"select_related": "FieldError", "prefetch_related": "AttributeError"}[call.name]
        message = (
            f"`{at}` is no relation: Django raises {'FieldError' if call.name[0] == 's' else 'ValueError'}"
            if why == "column"
            else f"{_model_at(file.project.graph, model, path, number)} has no relation `{at}`: "
            f"Django raises {error}"
        )
    yield Hit(
        file.place(call.code, node), message, fixes=(fix,), data={"model": query.model, "relation": path}
    )


def _to_attrs(call: QuerySetCall) -> set[str]:
    """Attributes that the ``Prefetch`` objects of the call itself fill."""
    found: set[str] = set()
    for arg in call.node.args:
        if isinstance(arg, ir.Call):
            given = arg.args[2] if len(arg.args) > 2 else arg.keyword("to_attr")
            if isinstance(given, ir.Const) and isinstance(given.value, str):
                found.add(given.value)
    return found


_Bad = tuple[int, str, str]
"""Number of the part, the part, and why: ``missing``, ``column`` or ``to-many``."""


def _bad_join(graph: ModelGraph, model: Model, path: str, extra: set[str]) -> _Bad | None:
    current: Model | None = model
    for number, part in enumerate(path.split("__")):
        if current is None or not current.complete or part in extra:
            return None
        field = current.fields.get(part)
        if field is not None:
            if field.is_forward_one:
                current = graph.get(field.target)
                continue
            return number, part, "column" if field.kind == "column" else "to-many"
        reverse = next((r for r in current.reverse.values() if r.query_name == part), None)
        if reverse is None:
            return number, part, "to-many" if part in current.reverse else "missing"
        if reverse.kind != "o2o" and not reverse.source.unique:
            return number, part, "to-many"
        current = graph.get(reverse.model)
    return None


def _bad_prefetch(file: FileContext, model: Model, path: str, extra: set[str]) -> _Bad | None:
    graph = file.project.graph
    current: Model | None = model
    parts = path.split("__")
    for number, part in enumerate(parts):
        if current is None or not current.complete or part in extra:
            return None
        field, reverse = current.fields.get(part), current.reverse.get(part)
        if field is not None and field.kind == "column":
            return (number, part, "column") if number == len(parts) - 1 else None
        if field is not None:
            current = graph.get(field.target)
        elif reverse is not None:
            current = graph.get(reverse.model)
        elif file.project.resolver.class_attribute(current.cls, part) is not None or _is_set(current, part):
            return None
        else:
            return number, part, "missing"
    return None


def _is_set(model: Model, name: str) -> bool:
    """Whether the model has an attribute of that name that no class body declares."""
    return model.field_of_attname(name) is not None


def _model_at(graph: ModelGraph, model: Model, path: str, number: int) -> str:
    found = _step(graph, model, path.split("__")[:number])
    return found.name if found is not None else model.name


def _step(graph: ModelGraph, model: Model, parts: list[str]) -> Model | None:
    current: Model | None = model
    for part in parts:
        field = current.fields.get(part) if current is not None else None
        reverse = current.reverse.get(part) if current is not None else None
        target = field.target if field is not None else reverse.model if reverse is not None else None
        current = graph.get(target)
    return current


def _choices(graph: ModelGraph, model: Model, path: str, number: int, method: str) -> list[str]:
    """Relations that the part could have meant."""
    current = _step(graph, model, path.split("__")[:number])
    if current is None:
        return []
    if method == "select_related":
        names = [field.name for field in current.fields.values() if field.is_forward_one]
        return [*names, *(r.query_name for r in current.reverse.values() if r.kind == "o2o")]
    names = [field.name for field in current.fields.values() if field.kind != "column"]
    return [*names, *current.reverse]


def _closest(
    file: FileContext,
    call: QuerySetCall,
    node: ir.Const,
    path: str,
    number: int,
    part: str,
    choices: list[str],
) -> Fix:
    close = closest(part, choices)
    if part.removesuffix("_set") in choices:
        close = part.removesuffix("_set")
    elif f"{part}_set" in choices:
        close = f"{part}_set"
    text = file.text(call.code, node)
    if close is None or text[1:-1] != path:
        return Fix("Name a relation of the model", Safety.MANUAL)
    parts = path.split("__")
    fixed = "__".join([*parts[:number], close, *parts[number + 1 :]])
    edit = replace(file, call.code.range(node), text[0] + fixed + text[-1])
    return Fix(f"Use {json.dumps(fixed)}", Safety.SAFE, (edit,))


def _as_prefetch(file: FileContext, call: QuerySetCall, node: ir.Const, path: str) -> Fix:
    """``prefetch_related`` in place of ``select_related``, for this path."""
    title = f"Use prefetch_related({json.dumps(path)})"
    if has_star(call.node) or call.node.keywords:
        return Fix(title, Safety.MANUAL)
    if len(call.node.args) == 1:
        return Fix(title, Safety.SAFE, (replace(file, call.code.name_range(call.func), "prefetch_related"),))
    added = insert(file, call.code.range(call.node).end, f".prefetch_related({quoted(file, path)})")
    return Fix(title, Safety.SAFE, (_removed(file, call.code, call.node, node), added))


def _removed(file: FileContext, code: Code, call: ir.Call, node: ir.Const) -> Edit:
    """Take one of several positional arguments out."""
    number = next(i for i, arg in enumerate(call.args) if arg is node)
    if number:
        start: Position = code.range(call.args[number - 1]).end
        return replace(file, Range(start, code.range(node).end), "")
    return replace(file, Range(code.range(node).start, code.range(call.args[1]).start), "")
