"""Which writes of a function only make sense together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.nodes import alike, is_made_if_missing
from djguide_analyzers.rules.write_units import Unit, on_one_path
from djguide_analyzers.trace.values import QuerySetValue, Row

_TRAILING = re.compile(
    r"log|audit|history|historical|notification|notice|message|email|activity|track|visit|view|session|stat"
    r"|metric|event|trace", re.I
)  # fmt: skip
"""Models whose rows tell what happened, and whose loss leaves nothing half done."""
_REMADE = re.compile(r"mail|cache", re.I)
"""Models whose rows are sent or made anew: a row that others record, or that replaces them, is not one of these."""
_STATES = re.compile(
    r"(^|_)(status|state|stage|phase|step|active|closed|open|done|paid|used|sold|available|returned|cancelled"
    r"|canceled|approved|accepted|rejected|published|enabled|disabled|completed|confirmed|redeemed|locked"
    r"|archived|deleted|current|assigned|taken|processed|valid|expired|progress|decision|outcome|result)($|_)"
)  # fmt: skip
"""Names of columns that say how far a row has come. Other choices, such as a direction, are its properties."""
_NUMBERS = frozenset(
    {"IntegerField", "BigIntegerField", "SmallIntegerField", "PositiveIntegerField", "PositiveBigIntegerField",
     "PositiveSmallIntegerField", "DecimalField", "FloatField", "DurationField"}
)  # fmt: skip
_IDEMPOTENT = frozenset({"get_or_create", "update_or_create"})


@dataclass(frozen=True, slots=True)
class Coupling:
    """Two writes that belong together, in order, and why."""

    first: Unit
    second: Unit
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """A column that a write changes: by how much in which direction (``+`` or ``-``), where that is written."""

    field: Field
    sign: str = ""


def couplings(project: Project, body: Body, found: list[Unit]) -> Iterator[Coupling]:
    """The pairs of writes on one path of a function that are coupled, in order."""
    for number, first in enumerate(found):
        for second in found[number + 1 :]:
            if first.node is second.node or _is_same_row(first, second):
                continue
            if {first.operation, second.operation} <= _IDEMPOTENT:
                continue
            reason = _reason(project, body, first, second)
            if reason is not None and (
                _is_looked_for(first) or is_made_if_missing(body.statements, first.node)
            ):
                continue  # the next request finds it and goes on from there
            if reason is not None and on_one_path(body.statements, first.node, second.node):
                yield Coupling(first, second, reason)


def _is_looked_for(unit: Unit) -> bool:
    """Whether a row is only made where there is none, by Django or by a helper that is called like Django's."""
    called = unit.helper.name if unit.helper is not None else unit.operation
    return called.startswith(("get_or_create", "aget_or_create", "_get_or_create"))


def separate(body: Body, found: list[Unit]) -> Iterator[Coupling]:
    """All pairs of writes on one path of a function that are not about the same row, in order."""
    for number, first in enumerate(found):
        for second in found[number + 1 :]:
            if first.node is second.node or _is_same_row(first, second) or is_trailing(second):
                continue
            if {first.operation, second.operation} <= _IDEMPOTENT or is_trailing(first):
                continue
            if second.operation == "get_or_create" and not _refers(second, first.made):
                continue  # whoever needs that row next makes it
            if on_one_path(body.statements, first.node, second.node):
                names = name_of(first.model), name_of(second.model)
                yield Coupling(first, second, f"the write to `{names[0]}` stays without that to `{names[1]}`")


def _is_same_row(first: Unit, second: Unit) -> bool:
    """Whether the second write saves or drops again what the first one wrote."""
    if first.made is None or second.made is None or second.operation not in ("save", "delete"):
        return False
    return first.made.key == second.made.key and first.operation in ("save", "create")


def _reason(project: Project, body: Body, first: Unit, second: Unit) -> str | None:
    if is_trailing(first) or is_trailing(second) or _REMADE.search(name_of(second.model)):
        return None
    if first.helper is not None and second.helper is not None:  # each is an operation of its own
        return _parent_and_child(project, first, second) if second.inside is None else None
    if _REMADE.search(name_of(first.model)):
        return _parent_and_child(project, first, second)
    return (
        _parent_and_child(project, first, second)
        or _replaced(body, first, second)
        or _transfer(project, body, first, second)
        or _state_and_record(project, body, first, second)
        or _children_and_parent(first, second)
        or _one_to_one(project, first, second)
    )


def is_trailing(unit: Unit) -> bool:
    """Whether a write only notes that something happened."""
    return bool(_TRAILING.search(name_of(unit.model)))


def name_of(label: str) -> str:
    return label.rpartition(".")[2]


def _refers(unit: Unit, row: Row | None) -> bool:
    """Whether the rows that are written refer to `row`, or hang on it."""
    if row is None:
        return False
    return any(given.key == row.key for _, given in unit.given) or (
        unit.parent is not None and unit.parent.key == row.key
    )


def _parent_and_child(project: Project, first: Unit, second: Unit) -> str | None:
    if not first.creates or first.operation in ("add", "set") or not _refers(second, first.made):
        return None
    if second.operation in ("delete", "remove", "clear") or not (
        second.creates or second.operation in ("save", "update")
    ):
        return None
    if not _related(project, first.model, second.model):
        return None
    return f"a `{name_of(first.model)}` without its `{_missing(first, second)}` is left"


def _missing(first: Unit, second: Unit) -> str:
    """What the row of the first write lacks without the second one."""
    linked = second.event.receiver.related if isinstance(second.event.receiver, QuerySetValue) else None
    if linked is None or second.operation not in ("add", "set"):
        return name_of(second.model)
    own = first.made is not None and linked.row.key == first.made.key
    return linked.accessor if own else name_of(linked.row.model)


def _related(project: Project, one: str, other: str) -> bool:
    """Whether two models know of each other."""
    pair = [model for model in (project.models.get(one), project.models.get(other)) if model is not None]
    return any(
        field.target in (one, other) for model in pair for field in model.fields.values() if field.target
    )


def _replaced(body: Body, first: Unit, second: Unit) -> str | None:
    if (
        not first.removes
        or not second.creates
        or first.model != second.model
        or second.operation in _IDEMPOTENT
    ):
        return None
    name = name_of(first.model)
    shared = {given.key for _, given in first.given} & {given.key for _, given in second.given}
    own = first.helper is None and second.helper is None
    if isinstance(first.event.receiver, Row):
        return f"the `{name}` is gone and nothing has taken its place" if shared or own else None
    if not shared and own:
        shared = _same_conditions(first.node, second.node)
    whole = isinstance(first.event.receiver, QuerySetValue) and _is_whole(first.event.receiver)
    return f"the old `{name}` rows are gone and the new ones are missing" if shared or whole else None


def _is_whole(value: QuerySetValue) -> bool:
    """Whether a queryset has all rows of its table."""
    return value.related is None and not value.query.opaque and all(
        link.name == "all" for link in value.query.chain
    )  # fmt: skip


def _same_conditions(removing: ir.Call, creating: ir.Call) -> set[str]:
    """Columns that the removed rows are picked by and the new ones get the same value for."""
    created = {keyword.name: keyword.value for keyword in creating.keywords if keyword.name is not None}
    return {
        part.name
        for part in walk(removing.func)
        if isinstance(part, ir.Keyword) and part.name in created and alike(part.value, created[part.name])
    }  # fmt: skip


def _transfer(project: Project, body: Body, first: Unit, second: Unit) -> str | None:
    one, other = changes(project, body, first), changes(project, body, second)
    moved = {c.sign for c in one if c.sign}, {c.sign for c in other if c.sign}
    if ("-" in moved[0] and "+" in moved[1]) or ("+" in moved[0] and "-" in moved[1]):
        return "what is taken away in one row does not arrive in the other"
    for signs, changed, record in ((moved[0], first, second), (moved[1], second, first)):
        if signs and _is_record(record) and _refers_to_changed(project, body, record, changed):
            return f"the amount and the `{name_of(record.model)}` that records it do not agree"
    return None


def _state_and_record(project: Project, body: Body, first: Unit, second: Unit) -> str | None:
    for changed, record in ((first, second), (second, first)):
        if not _is_record(record) or record.operation in _IDEMPOTENT or changed.creates:
            continue
        states = [c.field.name for c in changes(project, body, changed) if _is_state(c.field)]
        if states and _refers_to_changed(project, body, record, changed):
            return f"`{states[0]}` and the `{name_of(record.model)}` that goes with it do not agree"
    return None


def _is_record(unit: Unit) -> bool:
    """Whether a write makes a row; the entries of a many-to-many relation record nothing."""
    return unit.creates and unit.operation not in ("add", "set")


def _is_state(field: Field) -> bool:
    if field.django_base in ("BooleanField", "NullBooleanField"):
        return True
    return bool(_STATES.search(field.name))


def _refers_to_changed(project: Project, body: Body, record: Unit, changed: Unit) -> bool:
    if changed.made is not None and _refers(record, changed.made):
        return True
    picked = [row for name, row in changed.given if name in ("pk", "id", "")]
    if any(_refers(record, row) and row.model == changed.model for row in picked):
        return True
    return changed.helper is None and _has_same_key(project, record, changed, _key_of(body, changed))


def _key_of(body: Body, unit: Unit) -> ir.Expr | None:
    """The expression that the row of a write is picked by its primary key with: ``get(pk=...)``."""
    found = unit.node.func
    if isinstance(found, ir.Attr) and isinstance(found.value, ir.Name) and unit.operation == "save":
        value = body.names.value(found.value.id)
        if value is None or value[1] != body.code:
            return None
        found = value[0]
    keys = [part.value for part in walk(found) if isinstance(part, ir.Keyword) and part.name in ("pk", "id")]
    return keys[0] if len(keys) == 1 else None


def _has_same_key(project: Project, record: Unit, changed: Unit, key: ir.Expr | None) -> bool:
    """Whether a new row is given that key for its relation to the changed row's model."""
    model = project.models.get(record.model)
    if model is None or key is None or record.helper is not None:
        return False
    for keyword in record.node.keywords:
        name = keyword.name or ""
        field = model.fields.get(name) or model.field_of_attname(name)
        if field is not None and field.target == changed.model and alike(keyword.value, key):
            return True
    return False


def _children_and_parent(first: Unit, second: Unit) -> str | None:
    for children, parent in ((first, second), (second, first)):
        receiver = children.receiver
        if not children.repeated or parent.repeated or parent.made is None or receiver is None:
            continue
        related = receiver.root.related
        if related is not None and not receiver.path and related.row.key == parent.made.key:
            return (
                f"some `{name_of(children.model)}` rows are changed, their `{name_of(parent.model)}` is not"
            )
    return None


def _one_to_one(project: Project, first: Unit, second: Unit) -> str | None:
    one, other = first.receiver, second.receiver
    if first.helper is not None or second.helper is not None:  # a helper's write is an operation of its own
        return None
    if one is None or other is None or one.root.identity != other.root.identity or one.path == other.path:
        return None
    shorter, longer = sorted((one, other), key=lambda row: len(row.path))
    model = project.models.get(shorter.model)
    if model is None or longer.path[:-1] != shorter.path or not _is_one_to_one(model, longer.path[-1]):
        return None
    return f"the `{name_of(first.model)}` and its `{name_of(second.model)}` do not agree"


def _is_one_to_one(model: Model, name: str) -> bool:
    field, reverse = model.fields.get(name), model.reverse.get(name)
    return (field is not None and field.kind == "o2o") or (reverse is not None and reverse.kind == "o2o")


# --- columns ---------------------------------------------------------------------------------------------


def changes(project: Project, body: Body, unit: Unit) -> list[Change]:
    """The columns that a write of the function itself changes, as far as it spells them out."""
    model = project.models.get(unit.model)
    if model is None or (unit.helper is not None and unit.made is None):
        return []
    if unit.operation == "update" and unit.helper is None:
        pairs = [(keyword.name or "", keyword.value) for keyword in unit.node.keywords]
        return list(_changes(model, pairs, ""))
    func = unit.node.func
    if unit.operation != "save" or not isinstance(func, ir.Attr) or func.name not in ("save", "asave"):
        return []
    listed = unit.node.keyword("update_fields")
    wanted = None
    if isinstance(listed, ir.Display):
        wanted = {item.value for item in listed.items if isinstance(item, ir.Const)}
    pairs: list[tuple[str, ir.Expr]] = []
    signs: list[Change] = []
    for node in body.nodes.values():
        match node:
            case ir.Assign(targets=[ir.Attr(value=owner, name=name)], value=value) if value is not None:
                if alike(owner, func.value) and on_one_path(body.statements, node, unit.node):
                    pairs.append((name, value))
            case ir.AugAssign(target=ir.Attr(value=owner, name=name), op=op) if alike(owner, func.value):
                field = model.fields.get(name)
                numeric = field is not None and field.django_base in _NUMBERS
                if field is not None and numeric and on_one_path(body.statements, node, unit.node):
                    signs.append(Change(field, op if op in "+-" else ""))
            case _:
                pass
    found = [*signs, *_changes(model, pairs, "")]
    return [change for change in found if wanted is None or change.field.name in wanted]


def _changes(model: Model, pairs: list[tuple[str, ir.Expr]], sign: str) -> Iterator[Change]:
    for name, value in pairs:
        field = model.fields.get(name)
        if field is None:
            continue
        sign = ""
        if isinstance(value, ir.Binary) and value.op in ("+", "-") and field.django_base in _NUMBERS:
            sign = value.op if _is_column(value.left, name) else ""
        yield Change(field, sign)


def _is_column(node: ir.Expr, name: str) -> bool:
    """Whether an expression is the old value of the column: ``row.amount`` or ``F("amount")``."""
    match node:
        case ir.Attr(name=read):
            return read == name
        case ir.Call(args=[ir.Const(value=value)]):
            return value == name
        case _:
            return False
