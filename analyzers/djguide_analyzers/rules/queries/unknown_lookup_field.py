"""A lookup, an order or a list of columns names something the model does not have."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher, get_close_matches
from functools import cache

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import Code, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.certain import probing
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.lookups import (
    FILTERS,
    RELATED_LOOKUPS,
    Path,
    Written,
    added_names,
    closest,
    conditions,
    follow,
    names_of,
)
from djguide_analyzers.rules.queryset_calls import QuerySetCall, query_before, queryset_calls
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import Query

RULE = Rule(
    summary="A lookup, an order or a column that the model does not have raises FieldError",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_COLUMNS = ("order_by", "values", "values_list", "only", "defer", "distinct", "latest", "earliest")
_MODEL = "django.db.models.base.Model"

_TYPO = 0.8
"""Likeness from which a name is held to be a slip; below, it may have been meant for something else."""


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    attempts = probing(scope)
    for call in queryset_calls(scope, *FILTERS, *_COLUMNS, "update"):
        if (call.code, call.node.at) in attempts:
            continue
        query = query_before(file.project, scope, call)
        model = file.project.graph.get(call.model)
        known = _known_names(query) if query is not None else None
        if query is None or model is None or known is None or not model.complete:
            continue
        if call.name in ("values", "values_list"):
            known |= {keyword.name for keyword in call.node.keywords if keyword.name is not None}
        for written in _names(call):
            yield from _check(file, call, model, known, written)


def _known_names(query: Query) -> set[str] | None:
    """Names that the chain adds to those of the model; None where that is not known."""
    if query.opaque or query.assumed or query.combined:
        return None
    added = added_names([(link.name, link.node) for link in query.chain])
    return None if added is None else added | set(query.annotations)


def _names(call: QuerySetCall) -> Iterator[Written]:
    code = call.code
    if call.name in FILTERS:
        for keyword in conditions(call.node):
            yield Written(keyword.name or "", keyword, code)
    elif call.name == "update":
        for keyword in call.node.keywords:
            if keyword.name is not None:
                yield Written(keyword.name, keyword, code)
    else:
        for arg in call.node.args:
            if isinstance(arg, ir.Const) and isinstance(arg.value, str):
                yield Written(arg.value, arg, code)


def _check(
    file: FileContext, call: QuerySetCall, model: Model, known: set[str], written: Written
) -> Iterator[Hit]:
    name = written.name.lstrip("-+") if call.name in ("order_by", "latest", "earliest") else written.name
    if not name or name == "?" or _is_known(name, known) or "." in name:
        return
    path = follow(file.project.graph, model, name)
    if call.name == "update" and ("__" in name or path.bad is None):
        return
    if path.bad is not None and path.model is not None:
        parts = name.split("__")
        bad = parts[path.bad]
        if bad in file.project.once(_of_others):
            return
        choices = names_of(path.model) if path.bad else [*names_of(model), *known]
        if path.bad and path.bad == len(parts) - 1:
            choices = [*choices, *RELATED_LOOKUPS]
        message = f"{path.model.name} has no field `{bad}`: Django raises FieldError"
        yield _hit(file, call, written, path.bad, bad, choices, message)
        return
    if call.name in FILTERS and path.field is not None and path.rest:
        yield from _check_lookup(file, call, written, path, path.field)


def _of_others(project: Project) -> set[str]:
    """Names that the project's models of applications which are not installed may add to other models.

    Code that asks for the application first may use them.
    """
    found: set[str] = set()
    for cls in (cls for module in project.modules.values() for cls in module.classes()):
        known = project.graph.of_class(cls) is not None or cls in project.graph.abstract
        if known or not project.resolver.is_subclass(cls, _MODEL):
            continue
        found.add(cls.name.lower())
        for name in cls.members.names:
            value = cls.member(name)
            if isinstance(value, Value) and isinstance(value.expr, ir.Call):
                given = [value.expr.keyword(option) for option in ("related_name", "related_query_name")]
                texts = (each.value for each in given if isinstance(each, ir.Const))
                found |= {text for text in texts if isinstance(text, str)}
    return found


def _is_known(name: str, known: set[str]) -> bool:
    """Whether a name starts with one that the chain has added, whose own parts are anybody's guess."""
    parts = name.split("__")
    return any("__".join(parts[: number + 1]) in known for number in range(len(parts)))


# --- lookups behind a column -----------------------------------------------------------------------------


def _check_lookup(
    file: FileContext, call: QuerySetCall, written: Written, path: Path, field: Field
) -> Iterator[Hit]:
    """A transform or lookup that Django's own field does not have, if its name is close to one that it has."""
    base = field.django_base
    if (
        field.kind != "column"
        or base is None
        or len(path.rest) != 1
        or not field.class_name.startswith("django.db.models.fields.")
    ):
        return
    names = _lookup_names(base)
    bad = path.rest[0]
    if not names or bad in names or bad in file.project.once(_registered):
        return
    close = get_close_matches(bad, names, 1, 0.75)
    if close:
        message = f"`{field.name}` has no lookup `{bad}`: Django raises FieldError"
        number = len(written.name.split("__")) - 1
        yield _hit(file, call, written, number, bad, sorted(names), message)


@cache
def _lookup_names(base: str) -> frozenset[str]:
    """Lookups and transforms of one of Django's plain fields."""
    from django.contrib.postgres import lookups as postgres
    from django.db import models

    cls = getattr(models, base, None)
    if cls is None or base in ("JSONField", "GeneratedField"):
        return frozenset()
    more = {getattr(item, "lookup_name", None) for item in vars(postgres).values()}
    return frozenset(cls.get_lookups()) | {name for name in more if isinstance(name, str)} | {"unaccent"}


def _registered(project: Project) -> set[str]:
    """Names of the lookups that the project defines itself."""
    found: set[str] = set()
    for module in project.modules.values():
        for cls in module.classes():
            binding = cls.member("lookup_name")
            if isinstance(binding, Value) and isinstance(binding.expr, ir.Const):
                found.add(str(binding.expr.value))
    return found


# --- findings --------------------------------------------------------------------------------------------


def _hit(
    file: FileContext,
    call: QuerySetCall,
    written: Written,
    number: int,
    bad: str,
    choices: list[str],
    message: str,
) -> Hit:
    code, node = written.code, written.node
    close = closest(bad, choices)
    fix = Fix("Name a field of the model", Safety.MANUAL)
    start = _offset(file, code, node, written.name)
    if close is not None and start is not None:
        first = start + len("__".join([*written.name.split("__")[:number], ""]))
        position = file.lines.position
        edit = replace(file, Range(position(first), position(first + len(bad))), close)
        if written.name.startswith(("-", "+")) and number == 0:
            edit = replace(file, Range(position(first + 1), position(first + 1 + len(bad))), close)
        typo = SequenceMatcher(None, bad, close).ratio() >= _TYPO
        fix = Fix(f"Use `{close}`", Safety.SAFE if typo else Safety.REVIEW, (edit,))
    return Hit(
        file.place(code, node), message, fixes=(fix,), data={"model": call.model, "relation": written.name}
    )


def _offset(file: FileContext, code: Code, node: ir.Keyword | ir.Const, name: str) -> int | None:
    """Where the name itself starts in the text; None for a literal that does not hold it as it is."""
    start = file.lines.offset(code.range(node).start)
    if isinstance(node, ir.Keyword):
        return start
    text = file.text(code, node)
    return start + 1 if len(text) > 2 and text[1:-1] == name else None
