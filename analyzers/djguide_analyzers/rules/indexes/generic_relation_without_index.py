"""The two columns of a generic foreign key have no index together."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.meta import add_index, class_place, own_meta, text_of
from djguide_analyzers.rules.table_indexes import is_certain, table_indexes

RULE = Rule(
    summary="A generic foreign key without an index over its type and object id",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_LOOKING_UP = frozenset(
    {"filter", "exclude", "get", "aget", "get_or_create", "aget_or_create", "update_or_create",
     "aupdate_or_create", "Q"}
)  # fmt: skip


def check(file: FileContext) -> Iterator[Hit]:
    graph = file.project.graph
    for cls in () if file.is_test else file.classes():
        model = graph.of_class(cls) or graph.abstract_models.get(cls)
        if model is None or model.proxy or not model.managed:
            continue
        for field in model.fields.values():
            if field.kind == "gfk" and field.call is not None and _is_unindexed(file, model, field):
                yield from _hit(file, cls, model, field)


def _columns(field: Field) -> tuple[str, str] | None:
    """Names of the fields that hold type and object id; None where they are not literal."""
    call = field.call
    if call is None or any(keyword.name is None for keyword in call.keywords):
        return None
    given = {"ct_field": "content_type", "fk_field": "object_id"}
    for name, node in [*zip(given, call.args, strict=False), *((k.name, k.value) for k in call.keywords)]:
        if name in given:
            text = text_of(node)
            if text is None:
                return None
            given[name] = text
    return given["ct_field"], given["fk_field"]


def _is_unindexed(file: FileContext, model: Model, field: Field) -> bool:
    """Whether no index of the table finds the rows of one object."""
    columns = _columns(field)
    if columns is None or not is_certain(file.project, model):
        return False
    by_type, by_id = (model.fields.get(name) for name in columns)
    if by_type is None or by_id is None or not by_type.local or not by_id.local:
        return False
    has_relation = _has_relation(file, model)
    for index in table_indexes(file.project, model):
        first = set(index.names[:2])
        if index.names[0] == by_id.name or first == set(columns):
            return False
        if not has_relation and {by_type.name, by_id.name} <= set(index.names):
            return False  # made for those who look the pair up together with the column in front
    optional = by_type.null and by_id.null
    return not optional or has_relation or by_id.name in set(file.everywhere(_looked_up))


def _has_relation(file: FileContext, model: Model) -> bool:
    """Whether a ``GenericRelation`` leads to the rows of `model`: it looks them up by the pair alone."""
    graph = file.project.graph
    labels = {each.label for each in graph if file.project.resolver.is_subclass(each.cls, model.cls.dotted)}
    return any(
        field.kind == "generic" and field.target in labels for each in graph for field in each.fields.values()
    )


def _looked_up(file: FileContext) -> list[str]:
    """The names that a file looks rows up by."""
    return [
        keyword.name.partition("__")[0]
        for scope in file.scopes
        for node, _ in scope.nodes(ir.Call)
        if isinstance(node.func, ir.Attr) and node.func.name in _LOOKING_UP
        for keyword in node.keywords
        if keyword.name is not None
    ]


def _hit(file: FileContext, cls: ClassInfo, model: Model, field: Field) -> Iterator[Hit]:
    if field.owner is not cls and not _hides_an_index(file, cls, field):
        return
    if cls in file.project.graph.abstract and not _serves_all(file, cls, field):
        return
    columns = _columns(field)
    assert columns is not None
    edits = add_index(file, cls, list(columns))
    title = f"Add an index over `{columns[0]}` and `{columns[1]}` (creates a migration)"
    fix = Fix(title, Safety.MANUAL) if edits is None else Fix(title, Safety.REVIEW, edits)
    place, related = class_place(file, cls), ()
    if field.code is not None and field.node is not None:
        declared = file.place(field.code, field.node)
        if field.owner is cls:
            place = declared
        else:
            related = (Related(f"`{field.name}` is declared here", declared),)
    yield Hit(
        place,
        f"To find the rows of one object is to look up `{columns[0]}` and `{columns[1]}` together, and no index "
        "covers the pair: each such lookup reads all rows of that type",
        related=related,
        fixes=(fix,),
        data={"model": model.label},
    )


def _hides_an_index(file: FileContext, cls: ClassInfo, field: Field) -> bool:
    """Whether the class that declares `field` has an index that the ``Meta`` of `cls` replaces."""
    base = file.project.graph.abstract_models.get(field.owner) if field.owner is not None else None
    return base is not None and own_meta(cls) is not None and not _is_unindexed(file, base, field)


def _serves_all(file: FileContext, cls: ClassInfo, field: Field) -> bool:
    """Whether an index in the abstract class `cls` would be news to every model made of it."""
    resolver = file.project.resolver
    children = [model for model in file.project.graph if resolver.is_subclass(model.cls, cls.dotted)]
    return all(
        _is_unindexed(file, child, child.fields[field.name])
        for child in children
        if field.name in child.fields
    )
