"""What the rows of a queryset have loaded already."""

from __future__ import annotations

from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.project import Project
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    PrefetchEntry,
    Query,
    Related,
    Row,
    RowRoot,
    Sequence,
)

MAX_BARE_DEPTH = 5
"""Depth to which ``select_related()`` without arguments follows foreign keys (Django's own limit)."""


def is_loaded(project: Project, row: Row, name: str) -> bool:
    """Whether reading relation `name` of `row` runs no query, as far as its queryset decides."""
    query = row.root.query
    if query is None:
        return False
    return (
        query.opaque
        or query.fetch_mode == "FETCH_PEERS"
        or is_shared(row, name)
        or is_null(row, name)
        or is_joined(project, row, name)
    )


def is_certain_to_load(project: Project, row: Row, name: str) -> bool:
    """Whether relation `name` of `row` is known to be missing when its queryset did not load it.

    Rows of a related manager may come from a cache that whoever handed its object over has filled; but when no code
    of the project ever asks for `name` to be loaded along with them, they lack it even then. Nothing is known of
    what the model graph is not certain of.
    """
    if not is_sure(project, row.model, name):
        return False
    if row.provenance_known:
        return True
    related = row.root.related
    return related is not None and not any(
        project.may_load((accessor, *row.path, name)) for accessor in related.names
    )


def is_certain_of(project: Project, related: Related) -> bool:
    """`is_certain_to_load` of the rows of a related manager."""
    return all(is_certain_to_load(project, related.row, name) for name in related.names)


def is_sure(project: Project, label: str, name: str) -> bool:
    """Whether attribute `name` of model `label` certainly is what the model graph says."""
    model = project.models.get(label)
    if model is None or not model.sure():
        return False
    field, reverse = model.fields.get(name), model.reverse.get(name)
    if field is not None:
        return field.sure("target")
    return reverse is None or (reverse.certain and reverse.source.sure("target"))


def is_null(row: Row, name: str) -> bool:
    """Whether the queryset lets only rows through for which `name`, or a relation on the way to it, is NULL."""
    query = row.root.query
    path = (*row.path, name)
    return query is not None and any("__".join(path[: n + 1]) in query.null for n in range(len(path)))


def is_shared(row: Row, name: str) -> bool:
    """Whether ``row.name`` is the parent whose related manager gave the rows, or is reached through it."""
    query = row.root.query
    return query is not None and (*row.path, name)[0] in query.known


def is_joined(project: Project, row: Row, name: str) -> bool:
    """Whether ``select_related`` or ``prefetch_related`` loaded relation `name` of `row`."""
    query = row.root.query
    return query is not None and _covers(project, query, (*row.path, name))


def _covers(project: Project, query: Query, path: tuple[str, ...]) -> bool:
    joined = "__".join(path)
    if joined in query.select:
        return True
    if query.select_all and _bare(project, query.model, path):
        return True
    for entry in query.prefetch:
        if entry.to_attr is None and (entry.path == joined or entry.path.startswith(joined + "__")):
            return True
        if entry.inner is not None and joined.startswith(entry.path + "__") and entry.to_attr is None:
            rest = tuple(joined[len(entry.path) + 2 :].split("__"))
            # a related manager's queryset gives its own object to the rows that a prefetch gets from it
            if entry.inner.opaque or rest[0] in entry.inner.known or _covers(project, entry.inner, rest):
                return True
    return False


def _bare(project: Project, label: str, path: tuple[str, ...]) -> bool:
    """Whether ``select_related()`` joins `path`: foreign keys that cannot be null."""
    for name in path:
        model = project.models.get(label)
        field = model.fields.get(name) if model else None
        if field is None or not field.is_forward_one or field.null or field.target is None:
            return False
        label = field.target
    return len(path) <= MAX_BARE_DEPTH


def is_deferred(row: Row, field: Field, model: Model) -> bool:
    """Whether column `field` of `row` was left out by ``only`` or ``defer``."""
    query = row.root.query
    if query is None or row.path or query.opaque or field.primary_key:
        return False
    if query.only is not None:
        return field.name not in query.only and field.attname not in query.only and not query.select
    return field.name in query.deferred


def to_attr(frame: Frame, row: Row, name: str) -> AbstractValue | None:
    """The list that a ``Prefetch(to_attr=name)`` left on `row`."""
    query = row.root.query
    if query is None:
        return None
    prefix = "".join(f"{part}__" for part in row.path)
    for entry in query.prefetch:
        if entry.to_attr == name and entry.path.startswith(prefix) and "__" not in entry.path[len(prefix) :]:
            target = (
                entry.inner.model
                if entry.inner is not None
                else _target(frame.project, query.model, entry.path)
            )
            if target is None:
                return Sequence(UNKNOWN)
            inner = entry.inner or Query(target)
            inner = inner.but(known=inner.known | _back(frame.project, query.model, entry.path))
            rows = Row(target, RowRoot(frame.run.new_identity(), inner, True))
            return Sequence(rows, rows_of=rows.root.identity)
    return None


def _back(project: Project, label: str, path: str) -> frozenset[str]:
    """The foreign key that leads back, on which a prefetch along `path` leaves the row it is for."""
    *before, last = path.split("__")
    model = project.models.get(_target(project, label, "__".join(before)) if before else label)
    reverse = model.reverse.get(last) if model is not None else None
    return frozenset({reverse.source.name}) if reverse is not None and reverse.kind == "fk" else frozenset()


def _target(project: Project, label: str, path: str) -> str | None:
    """Label of the model at the end of `path` from model `label`."""
    found: str | None = label
    for name in path.split("__"):
        model = project.models.get(found)
        if model is None:
            return None
        if name in model.fields:
            found = model.fields[name].target
        else:
            reverse = model.reverse.get(name)
            found = reverse.model if reverse is not None else None
    return found


def is_prefetched(project: Project, related: Related) -> bool:
    """Whether the rows of a related manager are there already, or may be for all that is known."""
    query = related.row.root.query
    opaque = query is not None and query.opaque
    return opaque or any(is_joined(project, related.row, name) for name in related.names)


def reads_key(project: Project, row: Row, relation: str, name: str) -> bool:
    """Whether ``row.relation.name`` reads just the key that the row's own column holds."""
    model = project.models.get(row.model)
    field = model.fields.get(relation) if model else None
    if field is None or not field.is_forward_one:
        return False
    target = project.models.get(field.target)
    if target is None or field.to_field not in (None, target.pk):
        return False
    key = target.fields.get(target.pk)
    return name == "pk" or (key is not None and not key.is_forward_one and name == key.name)


def prefetched_query(related: Related, base: Query) -> Query:
    """State of the rows that a prefetch put into the cache of a related manager.

    `base` is the manager's own state. Paths below the prefetched one go on from the new rows.
    """
    row = related.row
    query = row.root.query
    if query is None:
        return base
    inner = base
    below: list[PrefetchEntry] = []
    paths = ["__".join((*row.path, name)) for name in related.names]
    for entry in query.prefetch:
        for joined in paths:
            if entry.path == joined and entry.inner is not None:
                inner = entry.inner.but(known=base.known | entry.inner.known)
            elif entry.path.startswith(joined + "__"):
                below.append(PrefetchEntry(entry.path[len(joined) + 2 :], entry.inner, entry.to_attr))
    opaque = inner.opaque or query.opaque
    return inner.but(prefetch=(*inner.prefetch, *below), opaque=opaque, own=len(inner.chain))


def split_path(entries: tuple[PrefetchEntry, ...]) -> frozenset[str]:
    """All paths and their prefixes that `entries` load."""
    paths: set[str] = set()
    for entry in entries:
        parts = entry.path.split("__")
        paths.update("__".join(parts[: n + 1]) for n in range(len(parts)))
    return frozenset(paths)
