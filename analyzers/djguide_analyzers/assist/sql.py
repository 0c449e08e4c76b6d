"""The SQL of a queryset: its calls are made again, on classes rebuilt from the graph, and compiled unconnected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from djguide_analyzers.assist.model_states import model_class, prepare_django
from djguide_analyzers.assist.sql_arguments import Arguments, NotTold
from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.project import Project
from djguide_analyzers.trace import refine
from djguide_analyzers.trace.values import Link, Query, Related

_REPEATED = frozenset({"filter", "exclude", "order_by", "select_related", "only", "defer", "distinct", "values",
                       "values_list", "annotate", "alias", "reverse", "none"})  # fmt: skip
"""Methods that are called again; those that change nothing of the SQL are passed over."""
_SILENT = frozenset({"all", "using", "db_manager", "iterator", "prefetch_related", "fetch_mode"})
_CLAUSE = re.compile(r" (?=(?:FROM|INNER JOIN|LEFT OUTER JOIN|WHERE|GROUP BY|HAVING|ORDER BY|LIMIT) )")
_MAX_COLUMNS = 8


@dataclass
class Statement:
    """SQL with ``<name>`` for what is only known at runtime; `without` names the parts that are left out."""

    dialect: str
    text: str
    without: list[str] = field(default_factory=list)


def sql_of(project: Project, query: Query, related: Related | None) -> Statement | None:
    """The statement that `query` runs; None when its model is not known or Django refuses what was understood."""
    root = project.graph.get(query.model)
    if root is None or query.opaque or query.combined:
        return None
    prepare_django()
    words = {part for link in query.chain for word in _words(link) for part in word.lstrip("-").split("__")}
    if related is not None and related.back:
        words.add(related.back)
    dialect, connection = _connection(project)
    builder = _Builder(project, root, query)
    try:
        made = model_class(project.graph, root, frozenset(words))
        queryset = builder.build(made.model, related)
        sql, params = queryset.query.get_compiler(connection=connection).as_sql()
    except Exception:
        # What the project makes of its models can be anything; no statement is better than a wrong one.
        return None
    without = [
        *builder.without,
        *sorted(f"the type of {name}" for name in made.replaced if _named(name, words)),
    ]
    return Statement(dialect, _laid_out(_filled(sql, params, builder.arguments.labels)), without)


class _Builder:
    """Makes the calls of a chain again."""

    def __init__(self, project: Project, root: Model, query: Query) -> None:
        self._query = query
        self.arguments = Arguments(project, root)
        self.without: list[str] = []

    def build(self, model: Any, related: Related | None) -> Any:
        from django.db.models.query import QuerySet

        queryset = QuerySet(model)
        if related is not None:
            queryset = self._of_owner(queryset, related)
        for link in self._query.chain:
            queryset = self._called(queryset, link)
        if self._query.sliced:
            if self._query.limit is None:
                self.without.append("the slice")
            else:
                queryset = queryset[: self._query.limit]
        return queryset

    def _of_owner(self, queryset: Any, related: Related) -> Any:
        if related.back is None:
            self.without.append(f"the rows' relation to {related.accessor}")
            return queryset
        name = related.row.model.rpartition(".")[2].lower()
        return queryset.filter(**{related.back: self.arguments.dummy(related.back, name)})

    def _called(self, queryset: Any, link: Link) -> Any:
        if link.name in _SILENT or link.name not in refine.METHODS:
            return queryset  # the project's own methods stand in the chain besides the calls they make
        try:
            if link.name not in _REPEATED:
                raise NotTold
            positional, keywords = self.arguments.of_call(link)
            return getattr(queryset, link.name)(*positional, **keywords)
        except Exception:
            # A part that cannot be made again is named; the rest still tells something.
            self.without.append(f".{link.name}(…)")
            return queryset


def _words(link: Link) -> Iterator[str]:
    for node in walk(link.node):
        if isinstance(node, ir.Keyword) and node.name:
            yield node.name
        elif isinstance(node, ir.Const) and isinstance(node.value, str):
            yield node.value


def _named(field_name: str, words: set[str]) -> bool:
    return field_name.rpartition(".")[2] in words


def _connection(project: Project) -> tuple[str, Any]:
    """A connection that is never opened: PostgreSQL's for projects that use it, SQLite's without its driver."""
    from django.core.exceptions import ImproperlyConfigured

    options = dict.fromkeys(("USER", "PASSWORD", "HOST", "PORT"), "")
    settings = {
        "NAME": ":memory:",
        "OPTIONS": {},
        "TEST": {},
        "TIME_ZONE": None,
        "AUTOCOMMIT": True,
        **options,
    }
    if "postg" in repr(project.settings.get("DATABASES")):
        try:
            from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL

            return "PostgreSQL", PostgreSQL(
                {**settings, "ENGINE": "django.db.backends.postgresql"}, "default"
            )
        except (ImportError, ImproperlyConfigured):
            pass  # without a driver, the standard form is shown
    from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite

    return "SQLite", SQLite({**settings, "ENGINE": "django.db.backends.sqlite3"}, "default")


def _filled(sql: str, params: tuple[Any, ...], labels: dict[str, str]) -> str:
    """`sql` with its parameters: literals as such, stand-ins by their labels."""
    values = iter(params)

    def one(match: re.Match[str]) -> str:
        return _shown(next(values), labels) if match[0] == "%s" else "%"

    return re.sub(r"%s|%%", one, sql)


def _shown(value: Any, labels: dict[str, str]) -> str:
    text = str(value)
    for dummy, label in labels.items():
        if text == dummy:
            return f"<{label}>"
        if dummy in text:
            text = text.replace(dummy, f"<{label}>")
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "TRUE", False: "FALSE"}[value]
    return text if isinstance(value, (int, float)) else "'" + text.replace("'", "''") + "'"


def _laid_out(sql: str) -> str:
    """One clause on each line, and no more columns than one wants to read."""
    first, *rest = _CLAUSE.split(sql)
    head, _, columns = first.partition(" ")
    listed = columns.split(", ")
    if len(listed) > _MAX_COLUMNS and "(" not in columns:
        more = len(listed) - _MAX_COLUMNS + 1
        columns = ", ".join([*listed[: _MAX_COLUMNS - 1], f"… {more} more"])
    return "\n".join([f"{head} {columns}", *rest])
