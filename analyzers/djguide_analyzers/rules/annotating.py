"""Fixes that count or test related rows in the query that loads their owners."""

from __future__ import annotations

from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.certain import origins
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.eager import added_call
from djguide_analyzers.rules.edits import bound_name, import_names, replace
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.repeated import Round
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.trace.values import Query

_KEEPS_ROWS = frozenset(
    {
        "all",
        "filter",
        "exclude",
        "order_by",
        "reverse",
        "select_related",
        "prefetch_related",
        "only",
        "defer",
        "using",
    }
)
"""Methods behind which an annotation counts what the relation holds."""


def count_fix(found: Round) -> tuple[Fix, ...]:
    """``annotate(Count(...))`` on the loop's queryset and its name in place of the count, where that is sure."""
    if (prefetch := _beside_prefetch(found)) is not None:
        return prefetch
    read = _read(found)
    path = _lookup_path(found)
    advice = f'Count with annotate(Count("{path}"))' if path else "Ask for all of them with one grouped query"
    if found.item.operation == "aggregate" and path:
        advice = f'Compute it with an aggregate over "{path}" in annotate(…)'
    if read is None or found.item.operation == "aggregate" or not _is_countable(found, read):
        return (Fix(advice, Safety.MANUAL),)
    file = found.file
    name = _fresh_attribute(file, read.model, "_".join([read.label, *read.filtered, "count"]))
    wanted = ["Count", "Q"] if read.filters else ["Count"]
    imported = import_names(file, "django.db.models", wanted)
    if name is None or imported is None:
        return (Fix(advice, Safety.MANUAL),)
    spelled, imports = imported
    arguments = [quoted(file, read.query_name)]
    if read.filters:
        inner = ", ".join(f"{read.query_name}__{text}" for text in read.filters)
        arguments.append(f"filter={spelled['Q']}({inner})")
    arguments.append("distinct=True")
    added = f"{name}={spelled['Count']}({', '.join(arguments)})"
    return _fix(found, read, name, added, imports, f"Count with annotate({added})") or (
        Fix(advice, Safety.MANUAL),
    )


def exists_fix(found: Round) -> tuple[Fix, ...]:
    """``annotate(Exists(...))`` on the loop's queryset and its name in place of the test, where that is sure."""
    if (prefetch := _beside_prefetch(found)) is not None:
        return prefetch
    read = _read(found)
    advice = f"Annotate the rows with Exists(…), of rows of {found.model} by OuterRef(…)"
    if not found.over_rows:
        advice = "Ask before the loop with one `__in` query which of them exist"
    if read is None or found.item.operation != "exists" or read.back is None:
        return (Fix(advice, Safety.MANUAL),)
    file = found.file
    child = _spelled(file, found.item.query.model)
    name = _fresh_attribute(file, read.model, "_".join(["has", *read.filtered, read.label]))
    imported = import_names(file, "django.db.models", ["Exists", "OuterRef"])
    if child is None or name is None or imported is None:
        return (Fix(advice, Safety.MANUAL),)
    spelled, imports = imported
    conditions = ", ".join([f"{read.back}={spelled['OuterRef']}({quoted(file, 'pk')})", *read.filters])
    added = f"{name}={spelled['Exists']}({child}.filter({conditions}))"
    return _fix(found, read, name, added, imports, f"Test with annotate({added})") or (
        Fix(advice, Safety.MANUAL),
    )


def _beside_prefetch(found: Round) -> tuple[Fix, ...] | None:
    """The advice for rows that a prefetch has brought: a queryset of its own for an annotation would ask anew."""
    row, accessor = found.item.row, found.item.accessor
    parent = row.root.related if row is not None else None
    if row is None or accessor is None or parent is None or not parent.prefetched:
        return None
    path = "__".join([*parent.row.path, parent.accessor, *row.path, accessor])
    return (Fix(f'Load with prefetch_related("{path}")', Safety.MANUAL),)


def _lookup_path(found: Round) -> str | None:
    """The relation that is read, from the loop's rows on, as look-ups write it."""
    row, accessor = found.item.row, found.item.accessor
    model = found.file.project.graph.get(row.model) if row is not None else None
    if row is None or model is None or accessor is None:
        return None
    names = _names(found.file, model, accessor)
    return "__".join([*row.path, names[0] if names is not None else accessor])


def _fix(
    found: Round, read: _Read, name: str, annotation: str, imports: list[Edit], title: str
) -> tuple[Fix, ...] | None:
    added = added_call(found.file, read.owner, "annotate", annotation)
    if added is None:
        return None
    reader = replace(found.file, found.item.site.code.range(read.whole), f"{read.row}.{name}")
    return (Fix(title, Safety.REVIEW, (added, reader, *imports)),)


# --- what is read, and of which rows ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Read:
    """``row.accessor[.filter(...)].count()`` in the loop that binds `row`, over the rows of `owner` alone.

    Attributes:
        whole: The expression.
        label: What names are made from.
        filters: Conditions as they are written, literals only, and the columns they are on.
        query_name: Name of the relation in lookups.
        back: Name of the parent in lookups of the related model; None when it is not sure.
    """

    whole: ir.Expr
    row: str
    model: Model
    owner: Query
    label: str
    filters: tuple[str, ...]
    filtered: tuple[str, ...]
    query_name: str
    back: str | None


def _read(found: Round) -> _Read | None:
    item, file = found.item, found.file
    if not item.direct or item.row is None or item.row.path or item.site.code.module.path != file.path:
        return None
    owner, scope = item.row.root.query, file.scope_of(item.site.code)
    model = file.project.graph.get(item.row.model)
    if owner is None or scope is None or model is None or item.accessor is None:
        return None
    if owner.combined or owner.sliced or owner.shape != "instances" or not _feeds_alone(found, scope, owner):
        return None
    whole = next(
        (n for n, code in scope.nodes(ir.Call) if code == item.site.code and n.at == item.site.at), None
    )
    if whole is None:
        return None
    parts = _parts(whole, item.accessor)
    names = _names(file, model, item.accessor)
    if parts is None or names is None or parts[0] not in _own_targets(found):
        return None
    row, keywords = parts
    filters: list[str] = []
    for keyword in keywords:
        if keyword.name is None or not isinstance(keyword.value, ir.Const):
            return None
        filters.append(f"{keyword.name}={file.text(item.site.code, keyword.value)}")
    filtered = tuple(dict.fromkeys(_named_after(keyword) for keyword in keywords))
    label = item.accessor.removesuffix("_set")
    return _Read(whole, row, model, owner, label, tuple(filters), filtered, *names)


def _parts(whole: ir.Call, accessor: str) -> tuple[str, list[ir.Keyword]] | None:
    """The row's variable and the conditions of a count or test of its relation."""
    node: ir.Expr
    if isinstance(whole.func, ir.Name) and whole.func.id == "len" and len(whole.args) == 1:
        node = whole.args[0]
    elif isinstance(whole.func, ir.Attr) and whole.func.name in ("count", "exists") and not whole.args:
        node = whole.func.value
    else:
        return None
    conditions: list[ir.Keyword] = []
    while isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and not node.args:
        if node.func.name not in ("all", "filter"):
            return None
        conditions = [*node.keywords, *conditions]
        node = node.func.value
    match node:
        case ir.Attr(value=ir.Name(id=row), name=name) if name == accessor:
            return row, conditions
    return None


def _named_after(keyword: ir.Keyword) -> str:
    """What a condition adds to the name of an annotation."""
    column = (keyword.name or "").split("__")[0]
    return f"not_{column}" if isinstance(keyword.value, ir.Const) and keyword.value.value is False else column


def _own_targets(found: Round) -> set[str]:
    """The variable that the loop binds to its row."""
    scope = found.file.scope_of(found.item.loop.site.code)
    node = _loop_node(scope, found) if scope is not None else None
    return {node.target.id} if node is not None and isinstance(node.target, ir.Name) else set()


def _loop_node(scope: Scope, found: Round) -> ir.For | ir.Clause | None:
    loop = found.item.loop.site
    for kind in (ir.For, ir.Clause):
        for node, code in scope.nodes(kind):
            if code == loop.code and node.at == loop.at:
                return node
    return None


def _feeds_alone(found: Round, scope: Scope, owner: Query) -> bool:
    """Whether what the loop runs over is made of `owner` on every path, in this function."""
    loop = _loop_node(scope, found)
    if loop is None:
        return False
    site = owner.chain[-1].site if owner.chain else owner.origin
    if site is None or site.code != found.item.site.code:
        return False
    return any(node.at == site.at for node in origins(scope, site.code, loop.iter))


def _names(file: FileContext, model: Model, accessor: str) -> tuple[str, str | None] | None:
    """Names of a relation in lookups: of `model`, and of the other side."""
    reverse = model.reverse.get(accessor)
    if reverse is not None and reverse.kind in ("fk", "m2m"):
        source = reverse.source
        plain = source.to_field in (None, model.pk) or reverse.kind == "m2m"
        return reverse.query_name, source.name if plain else None
    field = model.fields.get(accessor)
    if field is None or field.kind != "m2m":
        return None
    target = file.project.graph.get(field.target)
    others = [] if target is None else [r for r in target.reverse.values() if r.source is field]
    return field.name, others[0].query_name if others else None


def _is_countable(found: Round, read: _Read) -> bool:
    """Whether an annotation on the loop's queryset counts just what the loop counts."""
    owner, graph = read.owner, found.file.project.graph
    if owner.annotations or owner.distinct or owner.locked or owner.opaque or owner.assumed:
        return False
    for link in owner.chain:
        if link.name not in _KEEPS_ROWS:
            return False
        if link.name in ("filter", "exclude"):
            names = [keyword.name for keyword in link.node.keywords]
            model = graph.get(owner.model)
            if link.node.args or model is None or not all(name and _is_own(model, name) for name in names):
                return False
    return _has_plain_manager(found.file, found.item.query.model)


def _is_own(model: Model, lookup: str) -> bool:
    """Whether a lookup starts at a column or foreign key, so that it joins no further rows."""
    field = model.fields.get(lookup.split("__")[0])
    parts = lookup.split("__")
    return field is not None and (field.kind == "column" or (field.is_forward_one and len(parts) == 1))


def _has_plain_manager(file: FileContext, label: str) -> bool:
    """Whether the default manager of a model gives all its rows."""
    model = file.project.graph.get(label)
    info = model.managers.get(model.default_manager) if model is not None else None
    if info is None:
        return False
    if info.cls is None:
        return info.queryset_cls is not None or info.class_name.startswith("django.")
    found = file.project.resolver.class_attribute(info.cls, "get_queryset")
    return (
        found is not None
        and isinstance(found[1], FunctionInfo)
        and found[0].module.name.startswith("django.db.models.")
    )


def _fresh_attribute(file: FileContext, model: Model, name: str) -> str | None:
    """`name` when rows of `model` have no attribute of it."""
    taken = name in model.fields or name in model.reverse or model.field_of_attname(name) is not None
    if taken or not model.complete or file.project.resolver.class_attribute(model.cls, name) is not None:
        return None
    return name


def _spelled(file: FileContext, label: str) -> str | None:
    """The default manager of a model as `file` can write it without importing anything."""
    model = file.project.graph.get(label)
    if model is None:
        return None
    cls = model.cls
    name = cls.name if cls.module.path == file.path else bound_name(file, cls.module.name, cls.name)
    return f"{name}.{model.default_manager}" if name is not None else None
