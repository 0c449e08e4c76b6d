"""All rows are loaded for their number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.querysets import FEW, answers_from_cache, is_shared
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.events import QueryRun, QuerySetUse
from djguide_analyzers.trace.refine import is_served
from djguide_analyzers.trace.values import QuerySetValue, Site

RULE = Rule(
    summary="`len()` loads all rows of a queryset that is used for nothing else",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_COMMA = re.compile(r"(?:\s|#[^\r\n]*)*(?P<comma>,)")

_SIMPLE = (ir.Name, ir.Attr, ir.Call, ir.Subscript)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    for node, code in scope.nodes(ir.Call):
        if _is_len(node):
            argument = node.args[0]
            value = scope.value(code, argument)
            if not isinstance(value, QuerySetValue) or not value.certain or is_shared(scope, argument):
                continue
            if _only_counted(scope, code, node, argument, value):
                yield _hit(file, scope, code, node, argument)


def _is_len(node: ir.Call) -> bool:
    return (
        isinstance(node.func, ir.Name) and node.func.id == "len" and len(node.args) == 1 and not node.keywords
    )


def _only_counted(scope: Scope, code: Code, node: ir.Call, argument: ir.Expr, value: QuerySetValue) -> bool:
    """Whether nothing but ``len()`` looks at the rows of this queryset object."""
    if any(link.name == "raw" for link in value.query.chain):
        return False  # has no `count()`
    if value.query.limit is not None and value.query.limit <= FEW:
        return False  # a probe such as `len(queryset[:2]) > 1`
    if answers_from_cache(scope, code, argument, value) or _could_be_prefetched(value):
        return False
    events = scope.trace.events
    ran = [
        e
        for e in events
        if isinstance(e, QueryRun) and e.site == Site(code, node.at) and e.operation == "len"
    ]
    if not ran:
        return False
    counted = {e.identity for e in ran}
    argument_site = Site(code, argument.at)
    for event in events:
        if isinstance(event, QuerySetUse) and event.queryset.identity in counted:
            if not event.harmless and event.site != argument_site:
                return False
        elif isinstance(event, QueryRun) and event.identity in counted and event not in ran:
            return False
    return True


def _could_be_prefetched(value: QuerySetValue) -> bool:
    """Whether the relation belongs to rows that a prefetch has brought, which may bring this one as well."""
    parent = value.related.row.root.related if value.related is not None else None
    return parent is not None and parent.prefetched and is_served(value.query)


def _hit(file: FileContext, scope: Scope, code: Code, node: ir.Call, argument: ir.Expr) -> Hit:
    if scope.function is not None and scope.function.node.is_async:
        fix = Fix("Use `await ….acount()`", Safety.MANUAL)
    else:
        fix = Fix("Use `count()`", Safety.SAFE, _unwrapped(file, code, node, argument))
    return Hit(
        file.place(code, node),
        "`len()` loads every row of this queryset just to count them: `count()` lets the database do it",
        fixes=(fix,),
    )


def _unwrapped(file: FileContext, code: Code, node: ir.Call, argument: ir.Expr) -> tuple[Edit, ...]:
    """``len(rows)`` as ``rows.count()``; over several lines the parentheses stay, and with them the layout."""
    whole, inside = code.range(node), arguments_range(file, code, node)
    between = file.slice(inside)
    if "\n" not in between and "\r" not in between:
        text = file.text(code, argument)
        counted = text if isinstance(argument, _SIMPLE) else f"({text})"
        return (replace(file, whole, f"{counted}.count()"),)
    opening = inside.start._replace(column=inside.start.column - 1)
    edits = [replace(file, Range(whole.start, opening), ""), insert(file, whole.end, ".count()")]
    comma = _COMMA.match(file.slice(Range(code.range(argument).end, inside.end)))
    if comma is not None:  # behind the only argument; it would make a tuple of what stays
        start = file.lines.offset(code.range(argument).end) + comma.start("comma")
        edits.append(replace(file, Range(file.lines.position(start), file.lines.position(start + 1)), ""))
    return tuple(edits)
