"""The cache is changed inside a transaction that changes the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.after_commit import after_commit
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.caches import CacheCall, cache_call
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Place, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.trace.decorators import decorator_names
from djguide_analyzers.trace.events import Write

RULE = Rule(
    summary="The cache is changed before the transaction that changes the rows is committed",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_ATOMIC = "django.db.transaction.atomic"
_CHANGES = frozenset({"set", "delete", "set_many", "delete_many", "clear", "delete_pattern"})
_OTHER_USE = ("lock", "throttle", "ratelimit", "rate_limit", "progress", "version", "revision", "updated_at",
              "modified", "generation", "counter")  # fmt: skip
"""Words in a key that make it something else than a copy of rows, or one that no old row can come back under."""

_READS = frozenset({"get", "get_many", "aget", "aget_many"})


@dataclass(frozen=True, slots=True)
class _Region:
    """Statements under ``atomic``; `using` is the text of its ``using`` argument."""

    block: list[ir.Stmt]
    code: Code
    using: str | None


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    if scope.function is None:
        return
    names = of_scope(file, scope)
    seen: set[int] = set()
    for region in _regions(file, scope, names):
        nodes = {id(node): node for node in walk(region.block)}
        written = _written(file, scope, region, nodes)
        if written is None:
            continue
        deferred = {id(part) for node in nodes.values() if isinstance(node, ir.Lambda) for part in walk(node)}
        collected = _collected(file, region, names, nodes)
        for node in nodes.values():
            call = cache_call(names, region.code, node) if isinstance(node, ir.Call) else None
            if call is None or id(node) in seen or id(node) in deferred or not _copies_rows(names, call):
                continue
            if call.method.removeprefix("a").startswith("delete") and _key(file, call) in collected:
                continue
            seen.add(id(node))
            yield _hit(file, region, call, written)


def _regions(file: FileContext, scope: Scope, names: Names) -> Iterator[_Region]:
    """Innermost last; all the function when it is decorated."""
    info = scope.function
    assert info is not None
    if _ATOMIC in decorator_names(file.project, info):
        for node in info.node.decorators:
            if isinstance(node, ir.Call) and file.resolve(info.code, node.func) == _ATOMIC:
                yield _Region(info.statements, info.body_code, _using(file, info.code, node))
                break
        else:
            yield _Region(info.statements, info.body_code, None)
    for node, code in scope.nodes(ir.With):
        for item in node.items:
            context = item.context
            if isinstance(context, ir.Call) and names.called(code, context) == _ATOMIC:
                yield _Region(node.body, code, _using(file, code, context))


def _using(file: FileContext, code: Code, call: ir.Call) -> str | None:
    given = call.args[0] if call.args else call.keyword("using")
    return file.text(code, given) if given is not None else None


def _written(file: FileContext, scope: Scope, region: _Region, nodes: dict[int, ir.Node]) -> Place | None:
    """Where rows are written inside the region, helpers included."""
    inside = {node.at for node in nodes.values()}
    for event in scope.trace.everything():
        if not isinstance(event, Write):
            continue
        for site in (event.site, *(call.site for call in event.context.stack)):
            if site.code == region.code and site.at in inside:
                return file.place_of(event.site)
    return None


def _collected(file: FileContext, region: _Region, names: Names, nodes: dict[int, ir.Node]) -> set[str]:
    """Keys, as they are written, whose values are taken out of the cache to be stored, as counters are."""
    calls = (cache_call(names, region.code, node) for node in nodes.values() if isinstance(node, ir.Call))
    return {_key(file, call) for call in calls if call is not None and call.method in _READS}


def _key(file: FileContext, call: CacheCall) -> str:
    key = call.node.args[0] if call.node.args else call.node.keyword("key") or call.node.keyword("keys")
    return file.text(call.code, key) if key is not None else ""


def _copies_rows(names: Names, call: CacheCall) -> bool:
    """Whether the call changes what may be a copy of rows: no counter, lock or key with a revision in it."""
    if call.method not in _CHANGES or call.node.keyword("version") is not None:
        return False
    key = call.node.args[0] if call.node.args else call.node.keyword("key")
    return key is None or not any(word in text for text in _texts(names, key, 0) for word in _OTHER_USE)


def _texts(names: Names, node: ir.Expr, depth: int) -> Iterator[str]:
    for part in walk(node):
        if isinstance(part, ir.Const) and isinstance(part.value, str):
            yield part.value.lower()
        elif isinstance(part, ir.Attr):
            yield part.name.lower()
        elif isinstance(part, ir.Name):
            yield part.id.lower()
            value = names.value(part.id) if depth < 3 else None
            if value is not None:
                yield from _texts(names, value[0], depth + 1)


def _hit(file: FileContext, region: _Region, call: CacheCall, written: Place) -> Hit:
    return Hit(
        file.place(call.code, call.node),
        f"`cache.{call.method}()` takes effect at once, the rows only with the commit: until then others "
        "cache the old "
        "row again, and after a rollback the cache holds what never happened",
        related=(Related("rows are written in the same transaction", written),),
        fixes=(after_commit(file, region.block, call.code, call.node, region.using),),
    )
