"""A row is looked for, and created when it is not there, in two steps."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.creation import Creation, creations, get_or_create_edits
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.flow import enclosing
from djguide_analyzers.rules.held_locks import is_protected
from djguide_analyzers.rules.lookups import conditions
from djguide_analyzers.rules.loop_writes import runs_once
from djguide_analyzers.rules.missing_rows import Missing, missing_rows
from djguide_analyzers.rules.nodes import alike
from djguide_analyzers.rules.queryset_calls import has_star
from djguide_analyzers.rules.uniqueness import LookUp, coverage, enforcing_fix, keeps_apart, look_up
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="A row is looked for and created when missing: two requests at the same time create two",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_NARROWING = frozenset({"filter", "all", "using", "order_by", "only", "select_related", "prefetch_related"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or runs_once(file):
        return
    if scope.function is None:
        return
    made = list(creations(file.project, scope))
    for missing in missing_rows(scope) if made else ():
        yield from _check(file, scope, missing, made)


def _check(file: FileContext, scope: Scope, missing: Missing, made: list[Creation]) -> Iterator[Hit]:
    call = missing.call
    model = file.project.graph.get(call.model)
    if model is None or model.cls.module.origin != "project":
        return  # nobody here can add a constraint to a library's table
    found = _look_up(file, missing, model)
    if found is None or not found.names or coverage(file.project, model, found) != "open":
        return
    statements = next(block for block, code in scope.blocks if code == call.code)
    for creation in made:
        inside = any(part is creation.node for block in missing.blocks for part in walk(block))
        if not inside or creation.model != model.label or not _is_same(missing, creation, found):
            continue
        if _asks_for_any(missing, creation, model, found):
            continue
        if keeps_apart(file.project, model, found, set(creation.values)) != "open":
            continue
        if _is_handled(statements, creation.node):
            continue
        if is_protected(file, scope, call.code, statements, creation.node):
            continue
        yield _hit(file, statements, missing, creation, model, found)
        return


# --- the look-up -----------------------------------------------------------------------------------------


def _keywords(missing: Missing) -> list[ir.Keyword] | None:
    """The conditions of a look-up; None when some cannot be told."""
    call = missing.call
    nodes = [call.node] if call.name in ("get", "filter") else []
    if isinstance(call.receiver, QuerySetValue):
        chain = call.receiver.query.chain
        if any(link.name not in _NARROWING for link in chain):
            return None
        nodes += [link.node for link in chain if link.name == "filter"]
    if any(has_star(node) or node.args for node in nodes):
        return None
    return [keyword for node in nodes for keyword in conditions(node)]


def _look_up(file: FileContext, missing: Missing, model: Model) -> LookUp | None:
    keywords = _keywords(missing)
    return look_up(file.project, model, keywords, missing.call.receiver) if keywords else None


def _is_same(missing: Missing, creation: Creation, found: LookUp) -> bool:
    """Whether what is created would have been found."""
    for name, value in found.exact.items():
        given = creation.values.get(name, _owner(creation, name))
        own = value if value is not None else _receiver_row(missing.call.func.value)
        if given is None or own is None or not alike(_row(given), _row(own)):
            return False
    for keyword in _keywords(missing) or ():
        column, _, lookup = (keyword.name or "").partition("__")
        if column in found.loose:
            given = creation.values.get(column)
            if lookup != "iexact" or given is None or not alike(given, keyword.value):
                return False
    return True


def _asks_for_any(missing: Missing, creation: Creation, model: Model, found: LookUp) -> bool:
    """Whether it is asked if a row has any children, and one of its own kind is created: it may have several.

    ``get()`` says that there is one at most, and a child of which nothing else is given has only its parent.
    """
    columns = [model.fields[name] for name in found.exact]
    return (
        missing.call.name in ("exists", "first", "last", "count", "filter")
        and not found.loose
        and [column.kind for column in columns] == ["fk"]
        and not creation.values.keys() <= found.exact.keys()
    )


def _owner(creation: Creation, name: str) -> ir.Expr | None:
    """The row whose related manager creates, if that fills the column `name`."""
    related = creation.receiver.related if creation.receiver is not None else None
    if related is None or related.back != name or not isinstance(creation.node.func, ir.Attr):
        return None
    return _receiver_row(creation.node.func.value)


def _receiver_row(node: ir.Expr) -> ir.Expr | None:
    """``row`` in ``row.children.filter(...)``."""
    while isinstance(node, ir.Call):
        if not isinstance(node.func, ir.Attr):
            return None
        node = node.func.value
    return node.value if isinstance(node, ir.Attr) else None


def _row(node: ir.Expr) -> ir.Expr:
    """A row instead of its key: ``user`` for ``user.pk``."""
    return node.value if isinstance(node, ir.Attr) and node.name in ("pk", "id") else node


def _is_handled(statements: list[ir.Stmt], node: ir.Call) -> bool:
    """Whether an error of the database at `node` is handled."""
    return any(
        isinstance(statement, ir.Try)
        and contains(statement.body, node)
        and any(
            getattr(part, "id", getattr(part, "name", "")) in ("IntegrityError", "DatabaseError")
            for handler in statement.handlers
            if handler.type is not None
            for part in walk(handler.type)
        )
        for statement in enclosing(statements, node)
    )


# --- the finding -----------------------------------------------------------------------------------------


def _hit(
    file: FileContext,
    statements: list[ir.Stmt],
    missing: Missing,
    creation: Creation,
    model: Model,
    found: LookUp,
) -> Hit:
    call = missing.call
    names = " and ".join(f"`{name}`" for name in [*found.exact, *sorted(found.loose)])
    return Hit(
        file.place(call.code, call.node),
        f"A {model.name} with this {names} is created when none is found: two requests at the same time both "
        "find none and both create one, since nothing in the database keeps them apart",
        related=(Related("created here", file.place(creation.code, creation.node)),),
        fixes=(_fix(file, statements, missing, creation, model, found),),
        data={"model": model.label, "columns": sorted(found.names)},
    )


def _fix(
    file: FileContext,
    statements: list[ir.Stmt],
    missing: Missing,
    creation: Creation,
    model: Model,
    found: LookUp,
) -> Fix:
    constraint = enforcing_fix(file, model, found)
    rewritten = get_or_create_edits(file, statements, missing, creation, found)
    if rewritten is None or not constraint.edits:
        return constraint
    title = "Use get_or_create(), and let the database enforce it (creates a migration)"
    return Fix(title, Safety.REVIEW, (*rewritten, *constraint.edits))
