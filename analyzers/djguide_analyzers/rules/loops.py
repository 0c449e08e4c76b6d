"""The loops that a trace went through: their code, which rounds certainly come, and what they write."""

from __future__ import annotations

from itertools import islice
from weakref import WeakKeyDictionary

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.trace.events import Called, CallSite, Context, Loop, Write
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import Site

_MAX_INSIDE = 1_000
"""Events of one call in a loop that are looked at for what it writes."""

_DELETES = frozenset({"delete", "adelete"})

_written: WeakKeyDictionary[Trace, dict[Site, list[Write]]] = WeakKeyDictionary()


def chain(context: Context, loop: Loop) -> tuple[CallSite, ...]:
    """The calls that lead from `loop` to what happens in `context`."""
    return context.stack[loop.depth :]


def statements_of(file: FileContext, trace: Trace, context: Context, code: Code) -> list[ir.Stmt]:
    """The statements of the table `code`, one that the trace went through on its way to `context`."""
    infos: list[FunctionInfo | None] = [trace.function, *(step.callee for step in context.stack)]
    for info in infos:
        if info is not None and info.body_code == code:
            return info.statements
    scope = file.scope_of(code) if code.module.path == file.path else None
    return next((block for block, own in scope.blocks if own == code), []) if scope is not None else []


def node_at(statements: list[ir.Stmt], at: int) -> ir.Node | None:
    return next((node for node in walk(statements) if node.at == at), None)


def written_in(trace: Trace, loop: Site) -> list[Write]:
    """What the rounds of `loop` write, in the functions they call as well."""
    if trace not in _written:
        found: dict[Site, list[Write]] = {}
        for event in trace.events:
            inside = [event]
            if isinstance(event, Called) and event.summary.writes:
                inside = list(islice(trace.inside(event, kinds=(Write,)), _MAX_INSIDE))
            for each in inside:
                if isinstance(each, Write):
                    for running in each.context.loops:
                        found.setdefault(running.site, []).append(each)
        _written[trace] = found
    return _written[trace].get(loop, [])


def works_by_key(file: FileContext, trace: Trace, context: Context, loop: Loop) -> bool:
    """Whether a round hands the key of its row to a function that writes: that loads the row anew."""
    statements = statements_of(file, trace, context, loop.site.code)
    node = node_at(statements, loop.site.at)
    if not isinstance(node, ir.For) or not isinstance(node.target, ir.Name):
        return False
    for event in trace.events:
        if isinstance(event, Called) and event.summary.writes and loop in event.context.loops:
            call = node_at(node.body, event.call.site.at)
            if isinstance(call, ir.Call) and any(
                isinstance(given, ir.Attr)
                and given.name in ("pk", "id")
                and isinstance(given.value, ir.Name)
                and given.value.id == node.target.id
                for given in (*call.args, *(keyword.value for keyword in call.keywords))
            ):
                return True
    return False


def becomes_new_row(file: FileContext, trace: Trace, context: Context, loop: Loop) -> bool:
    """Whether `loop` turns its rows into copies by giving them another key: what was prefetched stays with them."""
    node = node_at(statements_of(file, trace, context, loop.site.code), loop.site.at)
    if not isinstance(node, ir.For) or not isinstance(node.target, ir.Name):
        return False
    return any(
        isinstance(target, ir.Attr)
        and target.name in ("pk", "id")
        and isinstance(target.value, ir.Name)
        and target.value.id == node.target.id
        for each in walk(node.body)
        if isinstance(each, ir.Assign)
        for target in each.targets
    )


def takes_apart(file: FileContext, trace: Trace, context: Context, loop: Loop) -> bool:
    """Whether a round, or a function on its way to `context`, reads ``__dict__``, which prefetched rows are in."""
    statements = statements_of(file, trace, context, loop.site.code)
    node = node_at(statements, loop.site.at)
    looked_at = [node.body if isinstance(node, ir.For) else statements]
    looked_at += [step.callee.statements for step in chain(context, loop)]
    return any(_reads_attributes(each) for block in looked_at for each in walk(block))


def _reads_attributes(node: ir.Node) -> bool:
    match node:
        case ir.Attr(name="__dict__") | ir.Call(func=ir.Name(id="vars"), args=[_]):
            return True
    return False


def looks_first(info: FunctionInfo) -> bool:
    """Whether a function asks, by name or in Django's own stores, for what may have been loaded before."""
    for node in walk(info.statements):
        match node:
            case ir.Call(func=ir.Name(id="getattr" | "hasattr")):
                return True
            case ir.Attr(name="_result_cache" | "_prefetched_objects_cache"):
                return True
    return False


def deletes_what_it_lists(statements: list[ir.Stmt], at: int) -> bool:
    """Whether the loop over what is evaluated at node `at` deletes each row, by whatever method of that name."""
    return any(
        isinstance(node, ir.For)
        and node.iter.at == at
        and isinstance(node.target, ir.Name)
        and any(_is_deleted(each, node.target.id) for each in walk(node.body))
        for node in walk(statements)
    )


def _is_deleted(node: ir.Node, name: str) -> bool:
    match node:
        case ir.Call(func=ir.Attr(value=ir.Name(id=found), name=method)):
            return found == name and method in _DELETES
    return False


def ends_search(file: FileContext, trace: Trace, context: Context, loop: Loop, site: Site) -> bool:
    """Whether `site` is part of the test with which `loop` finds what it looks for, so that most rounds never come.

    A loop that stops where something is wrong, to raise or to answer False, normally goes all the way.
    """
    code = loop.site.code
    statements = statements_of(file, trace, context, code)
    steps = chain(context, loop)
    at = steps[0].site.at if steps else site.at
    node = node_at(statements, loop.site.at)
    if isinstance(node, ir.For):
        return any(_finds(each, at) for each in node.body)
    return isinstance(node, ir.Clause) and any(_is_search(each, node) for each in walk(statements))


def _finds(node: ir.Stmt, at: int) -> bool:
    if not isinstance(node, ir.If):
        return False
    tested = any(part.at == at for part in walk(node.test))
    inside = any(part.at == at for part in walk(node.body))
    if not tested and not inside:
        return any(_finds(each, at) for each in node.orelse)
    if inside:
        return any(_finds(each, at) for each in node.body)
    last = node.body[-1] if node.body else None
    if isinstance(last, ir.Return):
        return not (last.value is None or (isinstance(last.value, ir.Const) and not last.value.value))
    return isinstance(last, ir.Jump) and last.kind == "break"


def _is_search(node: ir.Node, clause: ir.Clause) -> bool:
    """Whether `node` asks for the first of what the generator with `clause` yields."""
    match node:
        case ir.Call(func=ir.Name(id="next"), args=[ir.Comp(clauses=[first, *_]), *_]):
            return first is clause
    return False
