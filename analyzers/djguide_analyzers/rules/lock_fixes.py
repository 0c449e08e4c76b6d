"""Keeping a row from others: ``select_for_update()`` where it is loaded, in a transaction around the function."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules import bodies
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import bound_name, import_name, insert
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.flow import enclosing
from djguide_analyzers.rules.held_locks import is_atomic, is_atomic_block
from djguide_analyzers.rules.queryset_calls import append_call
from djguide_analyzers.rules.reaching_out import reaching_out
from djguide_analyzers.rules.row_bodies import TracedBody
from djguide_analyzers.rules.row_loads import Load, load_of
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position
from djguide_analyzers.trace.values import ClassValue, ManagerValue, Query, QuerySetValue, Row

_TITLE = "Lock the row with select_for_update(), in a transaction"
_CLAIM = "Write it with an update() that only finds the row as it was read, and go on if that changed one"
"""What to do instead where a transaction would hold the lock, or keep a task, for too long."""
_SHORTCUTS = frozenset({"get_object_or_404", "aget_object_or_404"})
_LEAVES = frozenset(
    {
        "delay", "apply_async", "send_task", "enqueue", "send_mail", "send_mass_mail", "mail_admins",
        "mail_managers", "urlopen", "sleep",
    }
)  # fmt: skip
_CLIENTS = frozenset({"requests", "httpx", "urllib", "boto3", "stripe", "smtplib", "subprocess"})


def lock_fix(file: FileContext, scope: Scope, body: TracedBody, row: Row, uses: list[ir.Node]) -> Fix:
    """Load `row` under a lock that holds until `uses`; advice where that is not a matter of two small edits.

    A function that talks to the outside is left alone: the lock would be held as long as the other side takes.
    """
    load = load_of(body, row)
    edits = _edits(file, scope, body, row, load, uses) if load is not None else None
    if edits is not None:
        return Fix(_TITLE, Safety.REVIEW, edits)
    return Fix(_CLAIM if _reaches_out(file, scope, body) else _TITLE, Safety.MANUAL)


def _edits(
    file: FileContext, scope: Scope, body: TracedBody, row: Row, load: Load, uses: list[ir.Node]
) -> tuple[Edit, ...] | None:
    info = scope.function
    if info is None or row.path or info.node.is_async or info.node.is_generator:
        return None
    if load.query is not None and (load.query.distinct or load.query.combined or load.query.annotations):
        return None
    locking = () if _is_locking(load.query) else _lock(file, scope, body, load)
    around = _transaction(file, scope, body, info, [load.node, *uses])
    return (*locking, *around) if locking is not None and around is not None else None


def _is_locking(query: Query | None) -> bool:
    return query is not None and query.locked


def _lock(file: FileContext, scope: Scope, body: TracedBody, load: Load) -> tuple[Edit, ...] | None:
    """The edit that adds ``select_for_update()`` to the query behind a load."""
    code, node = body.code, load.node
    call = _call_for(load.query)
    if isinstance(node, ir.Call) and isinstance(node.func, ir.Name) and node.args:
        if node.func.id not in _SHORTCUTS:
            return None
        return _lock_argument(file, scope, code, node.args[0], call)
    if isinstance(node, ir.Call) and isinstance(node.func, ir.Attr):
        value = scope.value(code, node.func.value)
        if isinstance(value, (QuerySetValue, ManagerValue)):
            return (insert(file, code.name_range(node.func).start, f"{call}."),)
    if load.query is not None and all(link.site.code == code for link in load.query.chain[-1:]):
        # What another function builds is for its other callers as well, who may have no transaction.
        edit = append_call(file, load.query, call, (code, node))
        return (edit,) if edit is not None else None
    return None


def _lock_argument(
    file: FileContext, scope: Scope, code: Code, argument: ir.Expr, call: str
) -> tuple[Edit, ...] | None:
    """The same for what a shortcut is given: a class, a manager or a queryset."""
    end = code.range(argument).end
    match scope.value(code, argument):
        case ClassValue(cls=cls) if isinstance(argument, (ir.Name, ir.Attr)):
            model = file.project.graph.of_class(cls)
            return (insert(file, end, f".{model.default_manager}.{call}"),) if model is not None else None
        case ManagerValue() | QuerySetValue() if isinstance(argument, (ir.Name, ir.Attr, ir.Call)):
            return (insert(file, end, f".{call}"),)
    return None


def _call_for(query: Query | None) -> str:
    """How to ask for the lock: rows joined by ``select_related`` stay free."""
    joined = query is not None and (query.select or query.select_all)
    return 'select_for_update(of=("self",))' if joined else "select_for_update()"


# --- the transaction -------------------------------------------------------------------------------------


def _transaction(
    file: FileContext, scope: Scope, body: TracedBody, info: FunctionInfo, nodes: list[ir.Node]
) -> tuple[Edit, ...] | None:
    """The edits that put `nodes` into one transaction: none if they are, else a decorator."""
    if is_atomic(file, info):
        return ()
    blocks = [
        part for part in enclosing(body.statements, nodes[0]) if is_atomic_block(scope, body.code, part)
    ]
    if blocks and all(blocks[0] in enclosing(body.statements, node) for node in nodes):
        return ()
    if info.parent is not None or _reaches_out(file, scope, body):
        return None
    return decorate_atomic(file, info)


def _reaches_out(file: FileContext, scope: Scope, body: TracedBody) -> bool:
    """Whether the function, or one that it calls, does what does not belong into a transaction."""
    info = scope.function
    if info is None or leaves_database(body.statements):
        return True
    return any(True for _ in reaching_out(scope, bodies.Body(file.project, info)))


def decorate_atomic(file: FileContext, info: FunctionInfo) -> tuple[Edit, ...] | None:
    """The edits that make ``atomic`` the innermost decorator of a function."""
    start = _definition(file, info)
    if start is None:
        return None
    indent = file.lines.line(start.line)[: start.column]
    short = bound_name(file, "django.db.transaction", "atomic")
    if short is not None:
        return (insert(file, start, f"@{short}\n{indent}"),)
    imported = import_name(file, "django.db", "transaction")
    if imported is None:
        return None
    return (insert(file, start, f"@{imported[0]}.atomic\n{indent}"), *imported[1])


def _definition(file: FileContext, info: FunctionInfo) -> Position | None:
    """Where ``def`` stands, behind the decorators."""
    whole = info.code.range(info.node)
    if not info.node.decorators:
        start = whole.start
    else:
        line = info.code.range(info.node.decorators[-1]).end.line + 1
        while line < file.lines.line_count and not file.lines.line(line).lstrip().startswith("def "):
            line += 1
        text = file.lines.line(line)
        start = Position(line, len(text) - len(text.lstrip()))
    before = file.lines.line(start.line)[: start.column]
    return start if not before.strip() and info.code.module.path == file.path else None


def leaves_database(statements: list[ir.Stmt]) -> bool:
    """Whether a function sends mail, tasks or requests, or waits, as far as names say."""
    for node in walk(statements):
        if not isinstance(node, ir.Call):
            continue
        func = node.func
        name = func.id if isinstance(func, ir.Name) else func.name if isinstance(func, ir.Attr) else ""
        while isinstance(func, (ir.Attr, ir.Call)):
            func = func.value if isinstance(func, ir.Attr) else func.func
        if name in _LEAVES or (isinstance(func, ir.Name) and func.id in _CLIENTS):
            return True
    return False
