"""A request sorts a table by random numbers."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code, Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Severity
from djguide_analyzers.rules.meta import text_of, texts
from djguide_analyzers.rules.queryset_calls import query_before, queryset_calls

RULE = Rule(
    summary='`order_by("?")` gives every row a random number and sorts them all',
    severity=Severity.INFO,
)

_LIST = "django.views.generic.list.MultipleObjectMixin"
_RANDOM = "django.db.models.functions.math.Random"
_OFFLINE = frozenset(
    {"management", "commands", "migrations", "fixtures", "factories", "seed", "seeds", "demo"}
)
_MESSAGE = (
    "Random order numbers and sorts every row of the table, on each request: pick random keys instead, or keep a "
    "shuffled list in the cache"
)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or _is_offline(file):
        return
    for scope in file.scopes:
        for call in queryset_calls(scope, "order_by"):
            query = query_before(file.project, scope, call)
            if query is not None and query.single:
                continue
            first = call.node.args[0] if call.node.args else None  # behind another column it only breaks ties
            if first is not None and (text_of(first) == "?" or _is_random(file, call.code, first)):
                yield Hit(file.place(call.code, call.node), _MESSAGE, data={"model": call.model})
    for cls in file.classes():
        if not file.project.resolver.is_subclass(cls, _LIST):
            continue
        own = cls.member("ordering")
        if isinstance(own, Value) and (text_of(own.expr) == "?" or (texts(own.expr) or [""])[0] == "?"):
            yield Hit(file.place(own.code, own.at), _MESSAGE)


def _is_random(file: FileContext, code: Code, arg: ir.Expr) -> bool:
    return isinstance(arg, ir.Call) and file.resolve(code, arg.func) == _RANDOM


def _is_offline(file: FileContext) -> bool:
    """Whether the file is no part of serving requests."""
    *folders, name = file.path[len(file.project.root) :].split("/")
    return not _OFFLINE.isdisjoint(folders) or name.removesuffix(".py") in _OFFLINE
