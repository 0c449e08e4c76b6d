"""Columns that options of classes look rows up by, and indexes that migrations make in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoints import option_texts, view_model
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.literals import Text, Written, mapping, texts
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.rules.api_views import own_endpoints
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.rules.lookups import follow
from djguide_analyzers.trace.frameworks.admin import registered

_ADMIN_OPTIONS = ("list_filter", "date_hierarchy", "ordering")
_API_OPTIONS = ("filterset_fields", "filter_fields", "ordering_fields", "lookup_field")
_FILTER_SET = "FilterSet"
_IN_ADMIN = 0.5
_CREATE_INDEX = re.compile(
    r"create\s+(?:unique\s+)?index\s[^;]*?\bon\s+(?:only\s+)?(?P<table>[\w.\"`]+)\s*"
    r"(?:using\s+\w+\s*)?\((?P<columns>[^;]*)\)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class OptionUsage:
    """A column that an option names: ``list_filter`` of the admin, ``filterset_fields`` of an endpoint."""

    model: str
    field: str
    place: Place
    weight: float


class RawIndex(Struct, frozen=True, tag=True):
    """An index that a migration makes in SQL: its first column, empty where that is not a plain name."""

    table: str
    column: str


def raw_indexes(file: FileContext) -> Iterator[RawIndex]:
    """The indexes that the migration in `file` makes in SQL."""
    if "/migrations/" not in file.path:
        return
    for chunk in file.module.facts.chunks:
        for node in walk(chunk.outline):
            if isinstance(node, ir.Const) and isinstance(node.value, str) and "index" in node.value.lower():
                for match in _CREATE_INDEX.finditer(node.value):
                    first = match["columns"].split(",")[0].strip().strip('"`')
                    table = match["table"].rpartition(".")[2].strip('"`')
                    yield RawIndex(table, first if re.fullmatch(r"\w+", first) else "")


def option_usages(file: FileContext) -> Iterator[OptionUsage]:
    yield from _of_admin(file)
    yield from _of_endpoints(file)
    yield from _of_filter_sets(file)


def _of_admin(file: FileContext) -> Iterator[OptionUsage]:
    for cls in file.classes():
        for model in registered(file.project).get(cls, ()):
            for option in _ADMIN_OPTIONS:
                value = cls.member(option)
                if isinstance(value, Value) and value.expr is not None:
                    for text in _texts(file, Written(value.expr, value.code, cls)):
                        yield from _usage(file, model, text, _IN_ADMIN)


def _of_endpoints(file: FileContext) -> Iterator[OptionUsage]:
    for endpoint in own_endpoints(file):
        written = [endpoint.written(option) for option in _API_OPTIONS]
        if not any(each is not None and each.owner is endpoint.cls for each in written):
            continue
        if endpoint.method("get_queryset") is not None:
            continue  # which may pick the rows by something else first
        model = view_model(file.project, endpoint)
        for option, each in zip(_API_OPTIONS, written, strict=True):
            if model is not None and each is not None and each.owner is endpoint.cls:
                listed = option_texts(file.project, endpoint, option)
                for text in listed if listed is not None else _texts(file, each):
                    yield from _usage(file, model, text, 1.0)


def _of_filter_sets(file: FileContext) -> Iterator[OptionUsage]:
    for cls in file.classes():
        options = cls.member("Meta")
        if not isinstance(options, ClassInfo) or not _is_filter_set(file, cls):
            continue
        model, fields = options.member("model"), options.member("fields")
        if not isinstance(model, Value) or not isinstance(fields, Value) or fields.expr is None:
            continue
        symbol = file.project.resolver.expr(model.code, model.expr) if model.expr is not None else None
        found = file.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None
        for text in _texts(file, Written(fields.expr, fields.code, options)) if found is not None else ():
            assert found is not None
            yield from _usage(file, found, text, 1.0)


def _is_filter_set(file: FileContext, cls: ClassInfo) -> bool:
    return any(
        base.dotted.startswith("django_filters.") and base.dotted.endswith(_FILTER_SET)
        for base in file.project.resolver.mro(cls)
    )


def _texts(file: FileContext, written: Written) -> list[Text]:
    """The names in an option: one text, a list, or the keys of a dictionary."""
    if isinstance(written.node, ir.Const) and isinstance(written.node.value, str):
        return [Text(written.node.value, written)]
    if isinstance(written.node, ir.Dict):
        known = mapping(file.project.resolver, written)
        return [Text(name, written) for name in known or {}]
    return _first_texts(file, written) or texts(file.project.resolver, written) or []


def _first_texts(file: FileContext, written: Written) -> list[Text]:
    """The members of a list that are texts, or pairs that start with one (``("state", SomeFilter)``)."""
    found: list[Text] = []
    for item in written.node.items if isinstance(written.node, ir.Display) else ():
        node = item.items[0] if isinstance(item, ir.Display) and item.items else item
        if isinstance(node, ir.Const) and isinstance(node.value, str):
            found.append(Text(node.value, Written(node, written.code, written.owner)))
    return found


def _usage(file: FileContext, model: Model, text: Text, weight: float) -> Iterator[OptionUsage]:
    path = follow(file.project.graph, model, text.value.lstrip("-+"))
    if path.field is None or path.bad is not None or path.rest or path.model is None or path.steps:
        return
    if path.field.kind == "column" and path.field.local and path.model.label == model.label:
        yield OptionUsage(model.label, path.field.name, _place(text.written.code, text.written.node), weight)


def _place(code: Code, node: ir.Expr) -> Place:
    return Place(code.module.path, code.range(node))
