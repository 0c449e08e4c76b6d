"""What changes from one round of a loop to the next, as far as a query depends on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.loops import chain, node_at, statements_of
from djguide_analyzers.trace.events import CallSite
from djguide_analyzers.trace.repeated import Repeated
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import Row

_LOOKUPS = frozenset({"filter", "exclude", "get", "aget", "get_object_or_404", "get_list_or_404"})
_MANY_VALUES = ("__in", "__range", "__contains", "__overlap")
_OF_VALUES = frozenset(
    {"strip", "lstrip", "rstrip", "lower", "upper", "get", "split", "int", "str", "replace"}
)
"""Calls that make a key of another value without asking anybody."""


def varying_lookups(file: FileContext, trace: Trace, item: Repeated) -> list[str]:
    """Names of the lookups of a query whose values depend on the round of its loop.

    Those that take many values at once are left out: such a query is made for a batch.
    """
    names = _varying_names(file, trace, item)
    if not names:
        return []
    return [
        name
        for name, value in _lookups(file, trace, item)
        if not name.endswith(_MANY_VALUES) and mentions_any(value, names)
    ]


def is_of_round(file: FileContext, trace: Trace, item: Repeated) -> bool:
    """Whether a query goes through a related manager of an object that the round brings along."""
    if item.manager is None:
        return False
    code = item.site.code
    links = (link.node for link in item.query.chain if link.site.code == code)
    node: ir.Node | None = next(links, None)
    if node is None:
        node = node_at(statements_of(file, trace, item.context, code), item.site.at)
    while isinstance(node, (ir.Call, ir.Attr)):
        if isinstance(node, ir.Attr) and node.name in item.manager.names:
            return _is_path_from(node.value, _varying_names(file, trace, item, fetched=False))
        node = node.func if isinstance(node, ir.Call) else node.value
    return False


def asks_for_row_at_hand(file: FileContext, trace: Trace, item: Repeated) -> bool:
    """Whether a query fetches a row by the key of an object that is that row: it is wanted as it is by now."""
    code = item.site.code
    scope = file.scope_of(code) if code.module.path == file.path else None
    for name, value in _lookups(file, trace, item):
        if name in ("pk", "id") and isinstance(value, ir.Attr) and value.name in ("pk", "id"):
            known = [
                trace.value(code, value.value)
            ]  # a caller's trace has what its call came to, if anything
            known += [scope.value(code, value.value)] if scope is not None else []
            if any(isinstance(row, Row) and row.model == item.query.model for row in known):
                return True
            if isinstance(value.value, ir.Attr) and value.value.name == "instance":
                return True  # of a form: as it was before the form changed it
    return False


def _lookups(file: FileContext, trace: Trace, item: Repeated) -> Iterator[tuple[str, ir.Expr]]:
    """The look-ups of a query, as far as they are written in the function that runs it."""
    code = item.site.code
    node = node_at(statements_of(file, trace, item.context, code), item.site.at)
    calls = [link.node for link in item.query.chain if link.name in _LOOKUPS and link.site.code == code]
    if isinstance(node, ir.Call) and called(node) in _LOOKUPS:
        calls.append(node)
    for call in calls:
        yield from ((keyword.name, keyword.value) for keyword in call.keywords if keyword.name is not None)


def varies_elsewhere(file: FileContext, trace: Trace, item: Repeated) -> bool:
    """Whether anything of a query but the values of its look-ups depends on the round: conditions, annotations."""
    names = _varying_names(file, trace, item)
    code = item.site.code
    if item.direct:
        names |= loop_names(node_at(statements_of(file, trace, item.context, code), item.loop.site.at))
    for link in item.query.chain:
        if link.site.code != code:
            continue
        given: list[ir.Node] = [*link.node.args]
        if link.name not in _LOOKUPS:
            given += [keyword.value for keyword in link.node.keywords]
        if any(mentions_any(each, names) for each in given):
            return True
    return False


def differs_by_round(file: FileContext, trace: Trace, item: Repeated, *, columns: bool) -> bool:
    """Whether the conditions of a query are made of something that each round brings along.

    `columns` says whether the columns of the row itself count.
    """
    code, statements = item.site.code, round_of(file, trace, item)
    names, row = _varying_names(file, trace, item), set[str]()
    if not columns:
        row = _row_names(file, trace, item)
        calls = chain(item.context, item.loop)
        given = {param.name for param in calls[-1].callee.node.params.items} if calls else set[str]()
        names -= (_assigned(statements) - given) | row
    names = _mentioning(statements, names)
    return any(
        mentions_any(given, names) or _is_looked_up(given, row)
        for link in item.query.chain
        if link.site.code == code
        for given in (*link.node.args, *(keyword.value for keyword in link.node.keywords))
    )


def _is_looked_up(node: ir.Node, row: set[str]) -> bool:
    """Whether a value is found with a row, in a mapping or by a call."""
    for part in walk(node):
        match part:
            case ir.Subscript(index=index) if mentions_any(index, row):
                return True
            case ir.Call(args=args) if called(part) != "Q" and any(mentions_any(arg, row) for arg in args):
                return True
    return False


def round_of(file: FileContext, trace: Trace, item: Repeated) -> list[ir.Stmt]:
    """The statements that a round of the loop runs, of the function that runs the query."""
    calls = chain(item.context, item.loop)
    if calls:
        return calls[-1].callee.statements
    node = node_at(statements_of(file, trace, item.context, item.site.code), item.loop.site.at)
    return node.body if isinstance(node, ir.For) else []


def _mentioning(statements: list[ir.Stmt], names: set[str]) -> set[str]:
    """`names`, and the variables that are set to something made with them."""
    found = set(names)
    while True:
        more: set[str] = set()
        for node in walk(statements):
            if isinstance(node, (ir.Assign, ir.AugAssign)) and node.value is not None:
                targets = node.targets if isinstance(node, ir.Assign) else [node.target]
                if mentions_any(node.value, found):
                    more |= {target.id for target in targets if isinstance(target, ir.Name)}
        if more <= found:
            return found
        found |= more


def depends_on_answer(file: FileContext, trace: Trace, item: Repeated) -> bool:
    """Whether a round asks with what an earlier one has found, as a walk along a path does."""
    loop = node_at(statements_of(file, trace, item.context, item.loop.site.code), item.loop.site.at)
    if not item.direct or not isinstance(loop, ir.For):
        return False
    anew = _target_names(loop.target)
    for node in walk(loop.body):
        if isinstance(node, ir.Assign) and node.value is not None and _is_around(node, item):
            bound = {name for target in node.targets for name in _target_names(target)} - anew
            tests = [
                each.test for each in walk(loop.body) if isinstance(each, ir.If) and _is_around(each, item)
            ]
            if any(mentions_any(each, bound) for each in (node.value, *tests)):
                return True
    return False


def _is_around(node: ir.Node, item: Repeated) -> bool:
    return any(part.at == item.site.at for part in walk(node))


def called(node: ir.Call) -> str:
    """Last part of the name that a call is written with."""
    match node.func:
        case ir.Attr(name=name) | ir.Name(id=name):
            return name
    return ""


def _varying_names(file: FileContext, trace: Trace, item: Repeated, *, fetched: bool = True) -> set[str]:
    """Variables, of the function that runs the query, that hold something else in each round.

    Without `fetched`, those are left out that the loop sets to what a round fetches for itself.
    """
    loop = item.loop
    statements = statements_of(file, trace, item.context, loop.site.code)
    node = node_at(statements, loop.site.at)
    names = _bound_by(node)
    if isinstance(node, ir.For):
        names = _derived(node.body, names if fetched else names - _set_anew(node.body, names))
    for step in chain(item.context, loop):
        node = node_at(statements, step.site.at)
        statements, names = step.callee.statements, _handed_on(step, node, names, mentions_any)
        names = _derived(statements, names)
    return names


def _row_names(file: FileContext, trace: Trace, item: Repeated) -> set[str]:
    """Those of them that are the row of the round, or lie on a path from it."""
    loop = item.loop
    statements = statements_of(file, trace, item.context, loop.site.code)
    names = _bound_by(node_at(statements, loop.site.at))
    for step in chain(item.context, loop):
        node = node_at(statements, step.site.at)
        statements, names = step.callee.statements, _handed_on(step, node, names, _is_path_from)
    return names


def _is_path_from(node: ir.Node, names: set[str]) -> bool:
    while isinstance(node, ir.Attr):
        node = node.value
    return isinstance(node, ir.Name) and node.id in names


def _bound_by(loop: ir.Node | None) -> set[str]:
    """Variables that a loop binds itself; for ``map()`` and its like, the parameters of the lambdas it calls."""
    match loop:
        case ir.For(target=target) | ir.Clause(target=target):
            return _target_names(target)
        case ir.Call(args=args, keywords=keywords):
            given = [*args, *(keyword.value for keyword in keywords)]
            return {
                param.name for node in given if isinstance(node, ir.Lambda) for param in node.params.items
            }
    return set()


def loop_names(loop: ir.Node | None) -> set[str]:
    """Variables that a loop binds: its own, and those its body assigns."""
    if isinstance(loop, ir.Clause):
        return _target_names(loop.target)
    if isinstance(loop, ir.For):
        return _target_names(loop.target) | _assigned(loop.body)
    return set()


def _assigned(statements: list[ir.Stmt]) -> set[str]:
    names: set[str] = set()
    for node in walk(statements):
        match node:
            case ir.Assign(targets=targets):
                for target in targets:
                    names |= _target_names(target)
            case ir.AugAssign(target=target) | ir.For(target=target) | ir.Clause(target=target):
                names |= _target_names(target)
            case ir.Walrus(target=name):
                names.add(name)
            case ir.With(items=items):
                for item in items:
                    names |= _target_names(item.target) if item.target is not None else set()
    return names


def _target_names(target: ir.Expr) -> set[str]:
    """Variables that a target binds; those whose attribute or item it sets count as well."""
    match target:
        case ir.Name(id=name):
            return {name}
        case ir.Display(items=items):
            return {name for item in items for name in _target_names(item)}
        case ir.Star(value=value) | ir.Attr(value=value) | ir.Subscript(value=value):
            return _target_names(value)
    return set()


def _handed_on(
    step: CallSite, node: ir.Node | None, names: set[str], depends: Callable[[ir.Node, set[str]], bool]
) -> set[str]:
    """Parameters of what is called that get something which `depends` on `names`."""
    params = [param.name for param in step.callee.node.params.items if param.kind in ("pos", "any", "kw")]
    is_method = step.callee.owner is not None and bool(params)
    match node:
        case ir.Attr(value=value):
            return {params[0]} if is_method and depends(value, names) else set()
        case ir.Call(func=func, args=args, keywords=keywords):
            found: set[str] = set()
            if is_method:
                receiver, *params = params
                if isinstance(func, ir.Attr) and depends(func.value, names):
                    found.add(receiver)
            pairs = [
                *zip(params, args, strict=False),
                *((keyword.name, keyword.value) for keyword in keywords),
            ]
            return found | {name for name, value in pairs if name and depends(value, names)}
    return set()


def _derived(statements: list[ir.Stmt], names: set[str]) -> set[str]:
    """`names`, and the variables made from them by looking at them; what other calls return is something new."""
    found = set(names)
    for node in walk(statements):
        match node:
            case ir.Assign(targets=targets, value=value) if value is not None and _is_made_of(value, found):
                for target in targets:
                    found |= _target_names(target) if isinstance(target, (ir.Name, ir.Display)) else set()
            case ir.For(target=target, iter=value) | ir.Clause(target=target, iter=value):
                if _is_made_of(value, found):
                    found |= _target_names(target)
    return found


def _set_anew(statements: list[ir.Stmt], names: set[str]) -> set[str]:
    """Those of `names` that are set to something that is not made by looking at them, such as a row read anew."""
    return {
        target.id
        for node in walk(statements)
        if isinstance(node, ir.Assign) and node.value is not None and not _is_made_of(node.value, names)
        for target in node.targets
        if isinstance(target, ir.Name) and target.id in names
    }


def _is_made_of(value: ir.Expr, names: set[str]) -> bool:
    calls = (part for part in walk(value) if isinstance(part, ir.Call))
    return mentions_any(value, names) and all(called(call) in _OF_VALUES for call in calls)


def mentions_any(node: ir.Node, names: set[str]) -> bool:
    return any(isinstance(part, ir.Name) and part.id in names for part in walk(node))
