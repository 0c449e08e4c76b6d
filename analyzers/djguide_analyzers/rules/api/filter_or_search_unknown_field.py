"""A name in ``search_fields``, ``ordering_fields`` or ``filterset_fields`` that leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoint_permissions import api_setting
from djguide_analyzers.project.endpoints import Endpoint, view_model
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.literals import Text, Written, follow, texts
from djguide_analyzers.project.rest_framework import dotted_name
from djguide_analyzers.project.settings_values import Missing
from djguide_analyzers.rules.api_serializers import close_match, renamed
from djguide_analyzers.rules.api_views import own_endpoints
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.paths import Broken, broken_step

RULE = Rule(
    summary="A search, ordering or filter field that the model does not have",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_BACKENDS = {
    "search_fields": ("SearchFilter", "UnaccentedSearchFilter"),
    "ordering_fields": ("OrderingFilter",),
    "ordering": ("OrderingFilter",),
    "filterset_fields": ("DjangoFilterBackend",),
    "filter_fields": ("DjangoFilterBackend",),
}
_ADDING = frozenset({"annotate", "alias", "extra", "values"})
_HARM = {
    "search_fields": "every search fails with a FieldError",
    "ordering_fields": "sorting by it fails with a FieldError",
    "ordering": "the list fails with a FieldError",
    "filterset_fields": "the list fails with a TypeError",
    "filter_fields": "the list fails with a TypeError",
}


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        if not endpoint.is_generic:
            continue
        options = [name for name in _BACKENDS if _is_own(endpoint, name)]
        active = _backends(file, endpoint) if options else None
        if active is None:
            continue
        model = view_model(file.project, endpoint)
        added = _annotations(file, endpoint)
        if model is None or added is None:
            continue
        for option in options:
            if active.isdisjoint(_BACKENDS[option]):
                continue
            for text in _texts(file, endpoint, option):
                if text.written.code.module is file.module and (
                    hit := _judge(file, model, option, text, added)
                ):
                    yield hit


def _is_own(endpoint: Endpoint, option: str) -> bool:
    written = endpoint.written(option)
    return written is not None and written.owner is endpoint.cls


def _backends(file: FileContext, endpoint: Endpoint) -> set[str] | None:
    """Bare names of the active filter backends; None when they are not known."""
    written = endpoint.written("filter_backends")
    if written is None:
        value = (
            api_setting(file.project, "DEFAULT_FILTER_BACKENDS")
            if endpoint.is_default("filter_backends")
            else None
        )
        if value is None or isinstance(value.only, Missing):
            return None if value is None else set()
        return {str(item).rpartition(".")[2] for item in value.likely or ()}
    found = follow(file.project.resolver, written)
    if found is None or not isinstance(found.node, ir.Display):
        return None
    names: set[str] = set()
    for item in found.node.items:
        name = dotted_name(file.project.resolver, found.code, item, found.owner)
        names.add((name or "").rpartition(".")[2])
    return names


def _annotations(file: FileContext, endpoint: Endpoint) -> set[str] | None:
    """Names that the queryset adds to its rows; None when there may be any."""
    names: set[str] = set()
    nodes: list[ir.Node] = []
    for name in ("get_queryset", "filter_queryset"):
        info = endpoint.method(name)
        if info is not None:
            nodes += walk(info.statements)
        elif not endpoint.is_default(name):
            return None
    written = endpoint.written("queryset")
    if written is not None:
        found = follow(file.project.resolver, written)
        nodes += walk((found or written).node)
    for node in nodes:
        if not isinstance(node, ir.Call) or not isinstance(node.func, ir.Attr):
            continue
        if node.func.name in _ADDING:
            if any(keyword.name is None for keyword in node.keywords) or node.args:
                return None
            names |= {keyword.name for keyword in node.keywords if keyword.name is not None}
        elif node.func.name.startswith(("with_", "annotate", "add_", "for_")):
            return None  # a method of a queryset class, which may add names
    return names


def _texts(file: FileContext, endpoint: Endpoint, option: str) -> list[Text]:
    written = endpoint.written(option)
    found = follow(file.project.resolver, written) if written is not None else None
    if found is None:
        return []
    if isinstance(found.node, ir.Dict):
        keys = [Written(key, found.code, found.owner) for key in found.node.keys if key is not None]
        return [Text(str(k.node.value), k) for k in keys if isinstance(k.node, ir.Const)]
    if isinstance(found.node, ir.Const):
        value = found.node.value
        return [Text(value, found)] if isinstance(value, str) and option == "ordering" else []
    return texts(file.project.resolver, found) or []


def _judge(file: FileContext, model: Model, option: str, text: Text, added: set[str]) -> Hit | None:
    prefix, path = _split(option, text.value)
    if path.partition("__")[0] in added or (option == "search_fields" and not path):
        return None
    if option in ("ordering", "ordering_fields") and path in ("?", "__all__"):
        return None
    broken = broken_step(file.project, model, path)
    if broken is None or (option.startswith("filter") and _is_declared_filter(broken)):
        return None
    return Hit(
        file.place(text.written.code, text.written.node),
        f"`{broken.model.name}` has no `{broken.name}`, which `{option}` names: {_HARM[option]}",
        fixes=_fix(file, text, prefix, path, broken),
    )


def _split(option: str, value: str) -> tuple[str, str]:
    """What stands before a path (how to search, the direction to sort in), and the path."""
    marks = "^=@$" if option == "search_fields" else "-" if option == "ordering" else ""
    path = value.lstrip(marks)
    return value[: len(value) - len(path)], path


def _is_declared_filter(broken: Broken) -> bool:
    return broken.name in ("o", "ordering")


def _fix(file: FileContext, text: Text, prefix: str, path: str, broken: Broken) -> tuple[Fix, ...]:
    match = close_match(broken.name, broken.names)
    if match is None:
        return ()
    steps = path.split("__")
    steps[broken.step] = match
    name = prefix + "__".join(steps)
    edit = renamed(file, text, name)
    return (Fix(f'Write "{name}"', Safety.SAFE, (edit,)),) if edit is not None else ()
