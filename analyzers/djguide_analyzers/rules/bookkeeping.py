"""Writes that keep account of reading: counters, time stamps, logs. Reading pages may make them."""

from __future__ import annotations

import re

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.api_views import words
from djguide_analyzers.rules.nodes import attributes_set
from djguide_analyzers.trace.events import Write
from djguide_analyzers.trace.values import Site

_WORDS = frozenset(
    {"view", "views", "viewed", "hit", "hits", "visit", "visits", "visited", "seen", "accessed", "access", "opened",
     "clicks", "click", "clicked", "downloads", "download", "downloaded", "read", "last", "impressions", "counter",
     "requested", "activity"}
)  # fmt: skip
_LOGS = re.compile(
    r"log|audit|event|history|visit|view|click|download|access|activity|stat|metric|hit", re.IGNORECASE
)
_LAZY = frozenset({"get_or_create", "aget_or_create"})


def keeps_account(info: FunctionInfo, event: Write) -> bool:
    """Whether a write that `info` makes, itself or through helpers, only notes that something was looked at."""
    if event.operation in _LAZY or _LOGS.search(event.model.partition(".")[2]):
        return True
    call = call_at(info, event.site)
    if call is not None:
        return writes_counters(call, info)
    return any(not _WORDS.isdisjoint(words(step.callee.name)) for step in event.context.stack)


def call_at(info: FunctionInfo, site: Site) -> ir.Call | None:
    """The call at `site`, if it stands in the body of `info` itself."""
    if site.code != info.body_code:
        return None
    return next(
        (node for node in walk(info.statements) if isinstance(node, ir.Call) and node.at == site.at), None
    )


def writes_counters(call: ir.Call, info: FunctionInfo) -> bool:
    """Whether a call writes counters and time stamps of reading only."""
    names: list[str] = [keyword.name for keyword in call.keywords if keyword.name is not None]
    if not names and isinstance(call.func, ir.Attr) and isinstance(call.func.value, ir.Name):
        names = list(attributes_set(info.statements, call.func.value.id))
    fields = call.keyword("update_fields")
    if isinstance(fields, ir.Display):
        names = [str(item.value) for item in fields.items if isinstance(item, ir.Const)]
    if not names or (isinstance(call.func, ir.Attr) and call.func.name == "create"):
        return False
    return all(not _WORDS.isdisjoint(words(name)) for name in names)
