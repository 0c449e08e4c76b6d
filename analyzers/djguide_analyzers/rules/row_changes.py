"""Columns of rows that get a new value because of the old one: read, compute or test, and write."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.rules.flow import enclosing
from djguide_analyzers.rules.guards import conditions, falls_through
from djguide_analyzers.rules.nodes import alike, block_of
from djguide_analyzers.rules.row_bodies import Body, Reads, attributes_read, method_of

NUMBERS = frozenset(
    {
        "IntegerField", "BigIntegerField", "SmallIntegerField", "PositiveIntegerField", "PositiveBigIntegerField",
        "PositiveSmallIntegerField", "DecimalField", "FloatField", "DurationField",
    }
)  # fmt: skip
_STATES = NUMBERS | {"BooleanField", "NullBooleanField", "CharField", "DateTimeField", "DateField"}
_DISPATCHES = frozenset({"delay", "apply_async", "delay_on_commit", "enqueue", "send_mail", "mail_admins"})
_REFUSALS = frozenset(
    {"HttpResponseBadRequest", "HttpResponseForbidden", "HttpResponseGone", "HttpResponseNotAllowed"}
)
_CLIENT_ERROR = 400
_CREATES = frozenset({"create", "acreate", "bulk_create"})
_NOTES = re.compile(r"[Aa]udit|[Hh]istory|Log(Entry|s)?$|(^|_)log(s|entry)?(_|$)")


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that gives the column `field` of a row a value that rests on its old one.

    Attributes:
        target: The attribute that is assigned.
        how: Whether the new value is computed from the old one, or set after a test of it.
        source: The expression that computes, or the test.
    """

    statement: ir.Assign | ir.AugAssign
    target: ir.Attr
    key: Hashable
    model: Model
    field: Field
    how: Literal["computed", "tested"]
    source: ir.Expr


def changes(body: Body) -> Iterator[Change]:
    """The changes that a function makes to rows it has, whether or not it stores them."""
    reads: Reads | None = None
    for node in walk(body.statements):
        match node:
            case ir.Assign(targets=[ir.Attr() as target], value=value) if value is not None:
                pass
            case ir.AugAssign(target=ir.Attr() as target, value=value):
                pass
            case _:
                continue
        key, model = body.key(target.value), body.model(target.value)
        field = column_called(model, target.name) if model is not None else None
        if key is None or model is None or field is None:
            continue
        reads = reads or Reads(body)
        found = _computed(body, reads, node, target, key, field) or _tested(
            body, reads, node, key, model, field
        )
        if found is not None:
            yield Change(node, target, key, model, field, *found)


def column_called(model: Model, name: str) -> Field | None:
    """The column that the attribute `name` of a row holds; related rows stand for their keys."""
    field = model.fields.get(name) or model.field_of_attname(name)
    return field if field is not None and field.column is not None and field.sure() else None


def _computed(
    body: Body, reads: Reads, node: ir.Assign | ir.AugAssign, target: ir.Attr, key: Hashable, field: Field
) -> tuple[Literal["computed"], ir.Expr] | None:
    if field.django_base not in NUMBERS:
        return None
    value = node.value
    assert value is not None
    if isinstance(node, ir.AugAssign):
        return ("computed", value)
    if _is_clamped(body, reads, value, key):
        return None
    mine = [read for read in reads.of(value) if read.key == key and read.name in (field.name, field.attname)]
    if not any(read.computed for read in mine):
        return None
    if isinstance(value, ir.Name):
        return ("computed", reads.sources.get(value.id, value))
    return ("computed", value)


def _is_clamped(body: Body, reads: Reads, value: ir.Expr, key: Hashable) -> bool:
    """Whether a value is the least or greatest of columns of the row and constants: taken twice, it is the same."""
    if isinstance(value, ir.Name):
        value = reads.sources.get(value.id, value)
    return (
        isinstance(value, ir.Call)
        and isinstance(value.func, ir.Name)
        and value.func.id in ("min", "max")
        and all(
            isinstance(arg, ir.Const) or (isinstance(arg, ir.Attr) and body.key(arg.value) == key)
            for arg in value.args
        )
    )


def _tested(
    body: Body,
    reads: Reads,
    node: ir.Assign | ir.AugAssign,
    key: Hashable,
    model: Model,
    field: Field,
) -> tuple[Literal["tested"], ir.Expr] | None:
    """Whether the column is set to something else only if it holds a certain value, and that decides more."""
    if isinstance(node, ir.AugAssign) or (field.django_base not in _STATES and not field.is_forward_one):
        return None
    for test in conditions(body.statements, node):
        read = {read.name for read in reads.of(test) if read.key == key}
        mine = {field.name, field.attname}
        methods = [name for name in read if mine & attributes_read(body.project, model, name)]
        if node.value is not None and _stays(body, model, mine, [test, *methods], node.value):
            continue
        by_method = bool(methods)
        rests = by_method or (mine & read and not _is_filled(field, test, node.value))
        if rests and _decides(body, node, test):
            return ("tested", test)
    return None


def _stays(body: Body, model: Model, names: set[str], tests: list[ir.Expr | str], value: ir.Expr) -> bool:
    """Whether a column, one of `names`, is set to what it was found to be: by a test, or a method called so."""
    for test in tests:
        info = method_of(body.project, model, test) if isinstance(test, str) else None
        for part in walk(info.statements if info is not None else test if isinstance(test, ir.Node) else []):
            if isinstance(part, ir.Compare) and part.ops == ["=="]:
                for one, other in ((part.left, part.rights[0]), (part.rights[0], part.left)):
                    if isinstance(one, ir.Attr) and one.name in names and _is_same_value(other, value):
                        return True
    return False


def _is_same_value(one: ir.Expr, other: ir.Expr) -> bool:
    """Whether two expressions are the same constant, which `self` and the class may both give."""
    if isinstance(one, ir.Attr) and isinstance(other, ir.Attr):
        return one.name == other.name and one.name.isupper()
    return isinstance(one, ir.Const) and alike(one, other)


def _is_filled(field: Field, test: ir.Expr, value: ir.Expr | None) -> bool:
    """Whether a column is only looked at for being empty, and filled once.

    That is so for a text, which is the same each time, and for a related row that is made or looked up then; a row
    that the function was handed would take the place of another one.
    """
    if field.django_base != "CharField" and not (field.is_forward_one and isinstance(value, ir.Call)):
        return False
    return not any(isinstance(part, ir.Compare) and not _is_empty(part) for part in walk(test))


def _is_empty(node: ir.Compare) -> bool:
    return all(isinstance(right, ir.Const) and right.value in (None, "") for right in node.rights)


def _decides(body: Body, node: ir.Stmt, test: ir.Expr) -> bool:
    """Whether more than the column itself depends on a test: what the function answers, or gives away besides.

    Setting a flag that is not set, and nothing else, is done twice without harm.
    """
    for statement in walk(body.statements):
        if not isinstance(statement, ir.If) or statement.test is not test:
            continue
        for block in (statement.body, statement.orelse):
            if contains(block, node):
                return _gives(block) or any(_answers(each) for each in block)
        if _is_conditional_behind(body, statement, node):
            return False
        refusal = statement.body if not falls_through(statement.body) else statement.orelse
        found = block_of(body.statements, statement)
        rest = found[0][found[1] + 1 :] if found is not None else []
        return (bool(refusal) and (isinstance(refusal[-1], ir.Raise) or _answers(refusal[-1]))) or _gives(
            rest
        )
    return False


def _is_conditional_behind(body: Body, test: ir.If, node: ir.Stmt) -> bool:
    """Whether something else than `test` decides whether `node` runs: it stands in a branch or loop of its own."""
    return any(
        not contains(each, test) and not isinstance(each, (ir.With, ir.Try))
        for each in enclosing(body.statements, node)
    )


def _answers(statement: ir.Stmt) -> bool:
    """Whether the caller is told which way it went: by a constant, or a response that says it failed."""
    if not isinstance(statement, ir.Return):
        return False
    if isinstance(statement.value, ir.Call):
        return _is_refusal(statement.value)
    return isinstance(statement.value, ir.Const) and statement.value.value is not None


def _is_refusal(response: ir.Call) -> bool:
    if _called(response) in _REFUSALS:
        return True
    status = response.keyword("status")
    if isinstance(status, ir.Const):
        return isinstance(status.value, int) and status.value >= _CLIENT_ERROR
    return isinstance(status, ir.Attr) and status.name.startswith("HTTP_4")


def _gives(block: list[ir.Stmt]) -> bool:
    """Whether statements do what must not be done twice: create rows, count, send something off."""
    for node in walk(block):
        match node:
            case ir.AugAssign(target=ir.Attr()):
                return True
            case ir.Call() if _called(node) in _DISPATCHES:
                return True
            case ir.Call() if _called(node) in _CREATES and not _only_notes(node):
                return True
            case _:
                pass
    return False


def _only_notes(node: ir.Call) -> bool:
    """Whether what is created is an entry of a log, which may be there twice."""
    names = (getattr(part, "id", "") or getattr(part, "name", "") for part in walk(node.func))
    return any(_NOTES.search(name) for name in names)


def _called(node: ir.Call) -> str:
    match node.func:
        case ir.Attr(name=name) | ir.Name(id=name):
            return name
    return ""
