"""A lookup on a part of a date cannot use the column's index."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import import_name, import_names, replace
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.lookups import FILTERS, Path, follow, lookups
from djguide_analyzers.rules.queryset_calls import QuerySetCall, queryset_calls
from djguide_analyzers.rules.table_indexes import table_indexes

RULE = Rule(
    summary="`__date`, `__month` and the like hide an indexed column from its index",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_PARTS = frozenset(
    {
        "date",
        "time",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "week",
        "week_day",
        "iso_week_day",
        "quarter",
    }
)
_RANGES = frozenset({"year", "gt", "gte", "lt", "lte", "range", "exact"})
"""Lookups on the column itself, or that Django turns into one."""
_BOUNDS = {"exact": ("gte", "lt"), "gte": ("gte",), "gt": ("gte+",), "lt": ("lt",), "lte": ("lt+",)}
"""The half-open range that each lookup on a day means; ``+`` for the day after."""


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    graph = file.project.graph
    for call in queryset_calls(scope, *FILTERS):
        model = graph.get(call.model)
        if model is None or call.name == "exclude":
            continue
        given = [(keyword, follow(graph, model, keyword.name or "")) for keyword in lookups(call.node)]
        for keyword, path in given:
            if _is_hidden(file, path) and not _has_range(path, given):
                yield _hit(file, call, keyword, path)


def _is_hidden(file: FileContext, path: Path) -> bool:
    """Whether a lookup on a part stands before a column that has an index of its own."""
    field, model = path.field, path.model
    if field is None or model is None or not path.rest or path.rest[0] not in _PARTS:
        return False
    if field.django_base not in ("DateTimeField", "DateField") or path.rest[-1] == "isnull":
        return False
    return any(
        index.names and index.names[0] == field.name and index.cls == "btree"
        for index in table_indexes(file.project, model)
    )


def _has_range(path: Path, given: list[tuple[ir.Keyword, Path]]) -> bool:
    """Whether another condition on the column lets the index narrow the rows."""
    return any(
        other.field is path.field and (not other.rest or other.rest[0] in _RANGES)
        for _, other in given
        if other is not path
    )


def _hit(file: FileContext, call: QuerySetCall, keyword: ir.Keyword, path: Path) -> Hit:
    field, model = path.field, path.model
    assert field is not None and model is not None
    related = ()
    if field.code is not None and field.node is not None and field.code.module.origin == "project":
        related = (Related(f"`{field.name}` is declared here", file.place(field.code, field.node)),)
    return Hit(
        file.place(call.code, keyword),
        f"`{field.name}__{path.rest[0]}` compares a computed value, which the index on `{field.name}` does not "
        f"hold: the database reads all rows of {model.name}",
        related=related,
        fixes=(_fix(file, call, keyword, path, field),),
        data={"model": model.label, "relation": field.name},
    )


def _fix(file: FileContext, call: QuerySetCall, keyword: ir.Keyword, path: Path, field: Field) -> Fix:
    if path.rest[0] != "date":
        return Fix("Ask for a range of the column instead", Safety.MANUAL)
    title = "Compare with the start of the day and of the next one"
    lookup = path.rest[1] if len(path.rest) > 1 else "exact"
    if (
        field.django_base != "DateTimeField"
        or lookup not in _BOUNDS
        or not _is_day(file, call.code, keyword.value)
    ):
        return Fix(title, Safety.MANUAL)
    prefix = (keyword.name or "").rpartition("__date")[0]
    bounds = _BOUNDS[lookup]
    written = _Day(file, next_day=len(bounds) > 1 or bounds[0].endswith("+"))
    if written.failed or (len(bounds) > 1 and _in_q(call, keyword) and _is_joined(call)):
        return Fix(title, Safety.MANUAL)
    day = file.text(call.code, keyword.value)
    parts = [
        f"{prefix}__{bound.rstrip('+')}={written.start(day, after=bound.endswith('+') or number == 1)}"
        for number, bound in enumerate(bounds)
    ]
    start = call.code.range(keyword).start
    before = file.lines.line(start.line)[: start.column]
    separator = ", " if before.strip() else f",\n{before}"
    edit = replace(file, call.code.range(keyword), separator.join(parts))
    return Fix(title, Safety.REVIEW, (edit, *written.edits))


def _in_q(call: QuerySetCall, keyword: ir.Keyword) -> bool:
    return all(keyword is not own for own in call.node.keywords)


def _is_joined(call: QuerySetCall) -> bool:
    """Whether conditions side by side in one ``Q`` may be joined by something else than AND."""
    return any(
        own.name == "_connector" for arg in call.node.args if isinstance(arg, ir.Call) for own in arg.keywords
    )


def _is_day(file: FileContext, code: Code, node: ir.Expr) -> bool:
    """Whether an expression can be written down twice, and is no literal text."""
    match node:
        case ir.Name() | ir.Attr():
            return True
        case ir.Call(func=ir.Attr(name="today" | "localdate" | "date") | ir.Name(id="localdate")):
            return not node.keywords
        case _:
            return False


class _Day:
    """Writes the start of a day, and collects the imports that takes."""

    def __init__(self, file: FileContext, *, next_day: bool) -> None:
        use_tz = file.project.settings.use_tz()
        wanted = ["datetime", "time", "timedelta"] if next_day else ["datetime", "time"]
        imported = import_names(file, "datetime", wanted)
        aware = import_name(file, "django.utils.timezone", "make_aware") if use_tz else None
        self.failed = imported is None or use_tz is None or (use_tz and aware is None)
        self._names = imported[0] if imported is not None else {}
        self._aware = aware[0] if aware is not None else ""
        self.edits = [
            *(imported[1] if imported is not None else ()),
            *(aware[1] if aware is not None else ()),
        ]

    def start(self, day: str, *, after: bool) -> str:
        """Midnight at which `day`, or the day after it, starts."""
        names = self._names
        if after:
            day = f"{day} + {names['timedelta']}(days=1)"
        moment = f"{names['datetime']}.combine({day}, {names['time']}.min)"
        return f"{self._aware}({moment})" if self._aware else moment
