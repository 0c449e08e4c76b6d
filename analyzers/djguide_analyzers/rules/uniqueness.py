"""Whether the database keeps two rows with the same values apart: do unique columns cover a look-up?"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.constraints import ENFORCE, unique_fix
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.lookups import field_called
from djguide_analyzers.rules.meta import items, meta_option
from djguide_analyzers.rules.table_indexes import is_certain
from djguide_analyzers.trace.values import ManagerValue, QuerySetValue

UNIQUE_CONSTRAINT = "django.db.models.constraints.UniqueConstraint"
_NO_KEYS = frozenset({"TextField", "JSONField", "BinaryField", "FileField", "ImageField", "FloatField"})
"""Columns that make no unique key: databases refuse them, or equal values differ."""
Coverage = Literal["covered", "open", "unknown"]


@dataclass(slots=True)
class LookUp:
    """What rows are looked up by.

    Attributes:
        exact: The columns that must be equal, by field name, with the value they are compared with; None for the
            row of a related manager.
        loose: The columns that are compared in another way, or over a relation.
    """

    exact: dict[str, ir.Expr | None] = field(default_factory=dict)
    loose: set[str] = field(default_factory=set)

    @property
    def names(self) -> set[str]:
        return set(self.exact) | self.loose


def look_up(
    project: Project, model: Model, keywords: Iterable[ir.Keyword], receiver: QuerySetValue | ManagerValue
) -> LookUp | None:
    """The columns named by `keywords`, and what a related manager adds; None where they are not all known."""
    found = LookUp()
    related = receiver.related
    if related is not None:
        if related.back is None:  # many-to-many: the rows are looked up in a table between
            return None
        found.exact[related.back] = None
    for keyword in keywords:
        if keyword.name is None or not _add(project, model, found, keyword.name, keyword.value):
            return None
    return found


def _add(project: Project, model: Model, found: LookUp, name: str, value: ir.Expr) -> bool:
    first, *rest = name.split("__")
    column = field_called(model, first)
    if column is None or column.column is None:
        return False
    over_key = column.is_forward_one and _is_key_of(project.graph.get(column.target), rest)
    if over_key or rest in ([], ["exact"]):
        found.exact[column.name] = value
    else:
        found.loose.add(column.name)
    return True


def _is_key_of(target: Model | None, rest: list[str]) -> bool:
    """Whether the column of a related model tells its rows apart."""
    if target is None or not rest or rest[1:] not in ([], ["exact"]):
        return False
    column = field_called(target, rest[0])
    return column is not None and (column.unique or column.primary_key)


# --- unique sets -----------------------------------------------------------------------------------------


def coverage(project: Project, model: Model, found: LookUp) -> Coverage:
    """Whether two rows that match `found` cannot both be in the table.

    It is unknown where something may keep them apart that cannot be read: a constraint over an expression or with a
    condition, a column that compares without case, a model that is not fully known.
    """
    if not model.complete or not is_certain(project, model):
        return "unknown"
    answers = {_by_columns(model, found), _by_groups(project, model, found)}
    for parent in (*model.parents, *((model.proxy_for,) if model.proxy_for else ())):
        above = project.graph.get(parent)
        answers.add(coverage(project, above, found) if above is not None else "unknown")
    if "covered" in answers:
        return "covered"
    return "unknown" if "unknown" in answers else "open"


def _by_columns(model: Model, found: LookUp) -> Coverage:
    unique = [each for each in model.fields.values() if each.unique or each.primary_key]
    if any(_protects(each, found) for each in unique):
        return "covered"
    # A unique column that is compared in another way may be of a collation that does the same.
    return "unknown" if any(each.name in found.loose for each in unique) else "open"


def _protects(column: Field, found: LookUp) -> bool:
    """Whether a unique column is compared with a value; NULL is not equal to NULL."""
    return column.name in found.exact and not _is_null(column, found.exact[column.name])


def _is_null(column: Field, value: ir.Expr | None) -> bool:
    return column.null and isinstance(value, ir.Const) and value.value is None


def _by_groups(project: Project, model: Model, found: LookUp) -> Coverage:
    answers: set[Coverage] = set()
    for group in model.unique_together:
        answers.add("covered" if _all_protect(model, group, found) else _if_loose(group, found))
    option = meta_option(project, model.cls, "constraints")
    nodes = (items(option.expr) if option is not None else None) or []
    for number, entry in enumerate(model.constraints):
        node = nodes[number] if len(nodes) == len(model.constraints) else None
        answers.add(_by_constraint(model, entry, node if isinstance(node, ir.Call) else None, found))
    if "covered" in answers:
        return "covered"
    return "unknown" if "unknown" in answers else "open"


def _by_constraint(model: Model, entry: dict[str, object], node: ir.Call | None, found: LookUp) -> Coverage:
    cls, fields = str(entry["class"]), entry["fields"]
    if cls.endswith("CheckConstraint"):
        return "open"
    if cls != UNIQUE_CONSTRAINT or entry["expressions"] or not isinstance(fields, list) or node is None:
        return "unknown"
    distinct = node.keyword("nulls_distinct")
    nulls_are_equal = isinstance(distinct, ir.Const) and distinct.value is False
    names = [str(name) for name in fields]
    if not _all_protect(model, names, found, nulls_are_equal=nulls_are_equal):
        return _if_loose(names, found)
    return _under_condition(model, node.keyword("condition"), found) if entry["partial"] else "covered"


def _if_loose(names: Iterable[str], found: LookUp) -> Coverage:
    """What a group of unique columns means for a look-up that compares some of them in another way, such as without
    case: it keeps most of the pairs apart."""
    return "unknown" if set(names) <= found.names and not found.loose.isdisjoint(names) else "open"


def _all_protect(model: Model, names: Iterable[str], found: LookUp, *, nulls_are_equal: bool = False) -> bool:
    for name in names:
        column = field_called(model, name)
        if column is None or column.name not in found.exact:
            return False
        if not nulls_are_equal and _is_null(column, found.exact[column.name]):
            return False
    return True


def _under_condition(model: Model, condition: ir.Expr | None, found: LookUp) -> Coverage:
    """Whether the literal values of a look-up satisfy, or contradict, the condition of a constraint."""
    if not isinstance(condition, ir.Call) or condition.args or not condition.keywords:
        return "unknown"
    answers: set[Coverage] = set()
    for keyword in condition.keywords:
        answers.add(_meets(model, keyword, found))
    if "open" in answers:
        return "open"
    return "unknown" if "unknown" in answers else "covered"


def _meets(model: Model, keyword: ir.Keyword, found: LookUp) -> Coverage:
    name, _, lookup = (keyword.name or "").partition("__")
    column = field_called(model, name)
    given = found.exact.get(column.name) if column is not None else None
    wanted = keyword.value
    if given is None or not isinstance(wanted, ir.Const):
        return "unknown"
    if lookup == "isnull":
        is_null = isinstance(given, ir.Const) and given.value is None
        known = is_null or isinstance(given, ir.Const)
        return ("covered" if is_null == wanted.value else "open") if known else "unknown"
    if lookup not in ("", "exact") or not isinstance(given, ir.Const):
        return "unknown"
    return "covered" if given.value == wanted.value else "open"


# --- rows that are created -------------------------------------------------------------------------------


def keeps_apart(project: Project, model: Model, found: LookUp, given: set[str] | None) -> Coverage:
    """Whether two rows that are created because `found` found none cannot both be in the table.

    What is not `given` (None: nobody knows what is) gets its default, which is the same in both rows.
    """
    created = LookUp({**found.exact}, found.loose)
    for column in model.fields.values():
        if column.name not in found.names and (given is None or column.name not in given):
            value = _default(column)
            if value is not None:
                created.exact[column.name] = value
    answer = coverage(project, model, found)
    if answer != "open":
        return answer
    with_defaults = coverage(project, model, created)
    return "unknown" if given is None and with_defaults == "covered" else with_defaults


def _default(column: Field) -> ir.Const | None:
    """The literal that a column gets when nothing is given for it."""
    if column.column is None or column.call is None:
        return None
    default = column.call.keyword("default")
    if default is None:
        return ir.Const(0, None) if column.null else None
    return default if isinstance(default, ir.Const) else None


# --- the fix ---------------------------------------------------------------------------------------------


def enforcing_fix(file: FileContext, model: Model, found: LookUp) -> Fix:
    """Let the database keep rows apart that match `found`; advice where it is not certain what should be unique.

    Columns that are compared with literals say which rows it is about.
    """
    fields = [model.fields[name] for name in found.exact]
    only = {each: found.exact[each.name] for each in fields if _is_constant(found.exact[each.name])}
    rest = [each for each in fields if each not in only]
    unfit = any(each.django_base in _NO_KEYS or not each.local or each.null for each in fields)
    if found.loose or unfit or not rest or _differs_from_group(model, found):
        return Fix(ENFORCE, Safety.MANUAL)
    literals: dict[str, str] = {}
    for each, value in only.items():
        if not isinstance(value, ir.Const):
            return Fix(ENFORCE, Safety.MANUAL)
        literals[each.name] = json.dumps(value.value) if isinstance(value.value, str) else repr(value.value)
    return unique_fix(file, model, rest, literals)


def _is_constant(value: ir.Expr | None) -> bool:
    """Whether a value is a literal, or written like the name of a constant: ``Order.STATE_PAID``."""
    if isinstance(value, ir.Attr):
        return value.name.isupper()
    return isinstance(value, ir.Const) or (isinstance(value, ir.Name) and value.id.isupper())


def _differs_from_group(model: Model, found: LookUp) -> bool:
    """Whether the model is unique by some of these columns and others: then these are not meant to be."""
    groups = [set(group) for group in model.unique_together]
    groups += [set(entry["fields"]) for entry in model.constraints if isinstance(entry["fields"], list)]
    return any(group & set(found.exact) and not group <= set(found.exact) for group in groups)
