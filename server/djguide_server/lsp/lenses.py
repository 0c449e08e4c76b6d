"""Code lenses: above a queryset, or the function that reads its rows, what they cost each row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lsprotocol import types

from djguide_server.lsp.actions import SHOW_RULE
from djguide_server.lsp.convert import Shown
from djguide_server.lsp.documents import Document
from djguide_server.lsp.events import Result

_DEFINITION = re.compile(r"(?:async\s+def|def|class)\b")


@dataclass
class _Cost:
    """What each row of one queryset, or in one function, has to fetch; `code` is the rule of the first finding."""

    code: str
    relations: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    queries: int = 0

    def add(self, data: dict[str, object]) -> None:
        kind, relation = data["kind"], str(data.get("relation"))
        if kind in ("select_related", "prefetch_related"):
            self.relations.add(relation)
        elif kind in ("only", "defer"):
            self.fields.add(relation)
        else:
            self.queries += 1

    @property
    def title(self) -> str:
        parts = (
            _counted(
                len(self.relations), "relation per row is not loaded", "relations per row are not loaded"
            ),
            _counted(len(self.fields), "field per row is fetched later", "fields per row are fetched later"),
            _counted(self.queries, "query per row", "queries per row"),
        )
        return ", ".join(filter(None, parts))


def wanted(options: object) -> bool:
    """Whether the ``initializationOptions`` ask for lenses: clients that show them do so without being asked."""
    return isinstance(options, dict) and options.get("codeLens") is True


def lenses(result: Result) -> list[types.CodeLens]:
    """The lenses of a document, in order; choosing one opens the page of the rule."""
    costs: dict[int, _Cost] = {}
    for shown in result.shown:
        data = shown.finding.data
        if "kind" in data and (line := _line(shown, result.document)) is not None:
            cost = costs.setdefault(line, _Cost(shown.finding.code))
            for told_together in (data, *data.get("also", ())):
                cost.add(told_together)
    return [
        types.CodeLens(
            range=types.Range(types.Position(line, 0), types.Position(line, 0)),
            command=types.Command(cost.title, SHOW_RULE, arguments=[cost.code]),
        )
        for line, cost in sorted(costs.items())
    ]


def _line(shown: Shown, document: Document) -> int | None:
    """Where the queryset is built; if that is in another file, where the function begins that reads its rows."""
    owner = shown.finding.data.get("owner")
    if isinstance(owner, dict) and owner.get("path") == document.path:
        return int(owner["line"]) - 1
    lines = (document.index.line(number) for number in range(shown.range.start.line, -1, -1))
    return _enclosing(shown.range.start.line, lines)


def _enclosing(start: int, upwards: Iterable[str]) -> int | None:
    """The line of the innermost definition around line `start`; None outside of one."""
    inside: int | None = None
    for distance, text in enumerate(upwards):
        code = text.lstrip()
        if not code.strip() or code.startswith("#"):
            continue
        indentation = len(text) - len(code)
        if inside is not None and indentation < inside and _DEFINITION.match(code):
            return start - distance
        inside = indentation if inside is None else min(inside, indentation)
    return None


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""
