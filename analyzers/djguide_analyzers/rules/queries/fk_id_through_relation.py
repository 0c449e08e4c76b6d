"""The key of a related row is read by loading the row."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.serializers import describe_serializer
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.model_classes import is_name
from djguide_analyzers.rules.receivers import POST_SAVE, PRE_SAVE, receivers
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.events import RelationLoad, RelationRead
from djguide_analyzers.trace.values import Row, Site

RULE = Rule(
    summary="`row.relation.id` loads a row whose key the row holds already",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    loads = {e.site: e for e in scope.trace.events if isinstance(e, RelationLoad) and e.key_only}
    if not loads:
        return
    saved = _saved(file, scope)
    read_fully = {
        (event.row.key, event.name)
        for event in scope.trace.events
        if isinstance(event, (RelationLoad, RelationRead)) and not event.key_only
    }
    for node, code in scope.nodes(ir.Attr):
        relation = node.value
        load = loads.get(Site(code, relation.at)) if isinstance(relation, ir.Attr) else None
        if load is None or not isinstance(relation, ir.Attr) or (load.row.key, load.name) in read_fully:
            continue
        if _is_put_out(file, scope, load.name):
            continue
        if saved is None or not is_name(relation.value, saved):
            yield from _hit(file, scope, load, node, relation)


def _is_put_out(file: FileContext, scope: Scope, name: str) -> bool:
    """Whether the serializer that the method belongs to puts out more of the related row than its key."""
    owner = scope.function.owner if scope.function is not None else None
    described = describe_serializer(file.project, owner) if owner is not None else None
    fields = described.fields if described is not None else ()
    return any(each.source[:1] == (name,) and each.kind not in ("key", "hyperlink") for each in fields)


def _saved(file: FileContext, scope: Scope) -> str | None:
    """What a receiver calls the row that is saved: whoever made it had the related row in hand."""
    info = scope.function
    found = [r for r in receivers(file) if r.function is info and r.signal in (PRE_SAVE, POST_SAVE)]
    return found[0].instance if info is not None and found else None


def _hit(
    file: FileContext, scope: Scope, load: RelationLoad, node: ir.Attr, relation: ir.Attr
) -> Iterator[Hit]:
    code = load.site.code
    row = scope.value(code, relation.value)
    model = file.project.graph.get(load.row.model)
    field = model.fields.get(load.name) if model else None
    if field is None or field.parent_link or not isinstance(row, Row):
        return  # a child builds its parent row from its own columns
    after_row = code.range(relation.value).end
    end = code.range(node).end
    edit = replace(file, Range(after_row, end), f".{field.attname}")
    related = ()
    if field.code is not None and field.node is not None and field.code.module.origin == "project":
        related = (Related(f"`{field.name}` is declared here", file.place(field.code, field.node)),)
    yield Hit(
        file.place(code, node),
        f"`.{relation.name}.{node.name}` loads the related row only for its key, "
        f"which `{field.attname}` holds already",
        related=related,
        fixes=(Fix(f"Read `{field.attname}`", Safety.SAFE, (edit,)),),
        data={"model": load.row.model, "relation": load.name},
    )
