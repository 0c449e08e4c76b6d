"""The queryset on the view class is evaluated, and its rows stay with the class."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoint_permissions import api_setting
from djguide_analyzers.project.endpoints import describe_endpoint
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Value
from djguide_analyzers.project.resolve import External
from djguide_analyzers.project.rest_framework import Ancestor, attribute, derives_from, lineage, lineage_of
from djguide_analyzers.project.settings_values import Missing
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="`self.queryset` is evaluated, and its rows are kept for all later requests",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_EVALUATING = frozenset(
    {"list", "tuple", "set", "frozenset", "sorted", "len", "bool", "sum", "min", "max", "any", "all", "enumerate",
     "iter", "map", "filter", "zip", "reversed", "dict"}
)  # fmt: skip
_DJANGO_VIEWS = (
    "django.views.generic.list.MultipleObjectMixin",
    "django.views.generic.detail.SingleObjectMixin",
)


def check(file: FileContext) -> Iterator[Hit]:
    for cls in file.classes():
        line = lineage(file.project.resolver, cls)
        is_api = derives_from(line, "APIView")
        if not is_api and not any(base.dotted in _DJANGO_VIEWS for base in line):
            continue
        if not _is_shared(line):
            continue
        for info in cls.methods():
            for node in _evaluated(file, info, is_api=is_api):
                yield _hit(file, line, info, node, is_api=is_api)
            if info.name == "get_queryset":
                yield from _returned(file, cls, line, info, is_api=is_api)


def _is_shared(line: tuple[Ancestor, ...]) -> bool:
    """Whether the attribute is the class's: assigned in a class body, and never on the instance."""
    found = attribute(line, "queryset")
    if found is None or not isinstance(found.binding, Value) or found.expr is None:
        return False
    if isinstance(found.expr[0], ir.Const):
        return False
    return not any(_assigns(info) for base in line if isinstance(base, ClassInfo) for info in base.methods())


def _assigns(info: FunctionInfo) -> bool:
    for node in walk(info.statements):
        if isinstance(node, ir.Assign) and any(_is_queryset(target) for target in node.targets):
            return not info.module.name.startswith("django.")
    return False


def _is_queryset(node: ir.Expr | None) -> bool:
    return (
        isinstance(node, ir.Attr)
        and node.name == "queryset"
        and isinstance(node.value, ir.Name)
        and node.value.id in ("self", "cls")
    )


def _evaluated(file: FileContext, info: FunctionInfo, *, is_api: bool) -> Iterator[ir.Expr]:
    """The places where a method runs the shared queryset itself."""
    for node in walk(info.statements):
        match node:
            case ir.For(iter=value) | ir.Clause(iter=value) | ir.Star(value=value) if _is_queryset(value):
                yield value
            case ir.Subscript(value=value, index=index) if _is_queryset(value) and not isinstance(
                index, ir.Slice
            ):
                continue  # fetches one row; nothing is kept
            case ir.Compare(ops=["in" | "not in"], rights=[value]) if _is_queryset(value):
                yield value
            case ir.If(test=value) | ir.While(test=value) | ir.Unary(op="not", operand=value) if _is_queryset(
                value
            ):
                yield value
            case ir.Call(args=[value, *_]) if _is_queryset(value) and _runs(file, info, node, is_api=is_api):
                yield value


def _runs(file: FileContext, info: FunctionInfo, call: ir.Call, *, is_api: bool) -> bool:
    """Whether a call iterates over its first argument."""
    if isinstance(call.func, ir.Name) and call.func.id in _EVALUATING:
        return file.project.resolver.name(info.module, call.func.id) is None
    if not is_api:
        return False
    many = call.keyword("many")
    if not isinstance(many, ir.Const) or many.value is not True:
        return False
    if isinstance(call.func, ir.Attr) and call.func.name == "get_serializer":
        return True
    line = lineage_of(file.project.resolver, info.body_code, call.func)
    return derives_from(line, "BaseSerializer")


def _returned(
    file: FileContext, cls: ClassInfo, line: tuple[Ancestor, ...], info: FunctionInfo, *, is_api: bool
) -> Iterator[Hit]:
    """``return self.queryset``, where nothing between here and the rows makes a copy of it."""
    if not (_api_iterates(file, cls) if is_api else _list_iterates(line)):
        return
    for node in walk(info.statements):
        if isinstance(node, ir.Return) and node.value is not None and _is_queryset(node.value):
            yield _hit(file, line, info, node.value, is_api=is_api)


def _api_iterates(file: FileContext, cls: ClassInfo) -> bool:
    """Whether the framework's ``list`` runs what ``get_queryset`` returns, unpaged and unfiltered."""
    endpoint = describe_endpoint(file.project, cls)
    if endpoint is None or not any(
        a.detail is False and a.function is None and "get" in (a.methods or ()) for a in endpoint.actions
    ):
        return False
    for option, setting in (
        ("pagination_class", "DEFAULT_PAGINATION_CLASS"),
        ("filter_backends", "DEFAULT_FILTER_BACKENDS"),
    ):
        written = endpoint.written(option)
        if written is not None:
            empty = isinstance(written.node, ir.Const) or (
                isinstance(written.node, ir.Display) and not written.node.items
            )
            if not empty:
                return False
        else:
            value = api_setting(file.project, setting) if endpoint.is_default(option) else None
            if value is None or not isinstance(value.only, Missing):
                return False
    return endpoint.is_default("filter_queryset") and endpoint.is_default("paginate_queryset")


def _list_iterates(line: tuple[Ancestor, ...]) -> bool:
    """Whether a list view of Django hands the very object to its template."""
    if not any(base.dotted == _DJANGO_VIEWS[0] for base in line) or any(
        isinstance(b, External) for b in line
    ):
        return False
    paginated = attribute(line, "paginate_by")
    chooser = attribute(line, "get_paginate_by")
    own_chooser = chooser is not None and not chooser.owner.dotted.startswith("django.")
    is_plain = paginated is None or paginated.owner.dotted.startswith("django.")
    return is_plain and not own_chooser


def _hit(
    file: FileContext, line: tuple[Ancestor, ...], info: FunctionInfo, node: ir.Expr, *, is_api: bool
) -> Hit:
    chooser = attribute(line, "get_queryset")
    is_own = chooser is not None and isinstance(chooser.owner, ClassInfo)
    is_own = is_own and chooser is not None and not chooser.owner.dotted.startswith("django.")
    range_ = info.body_code.range(node)
    if is_own or chooser is None:
        fix = Fix("Copy it with `.all()`", Safety.SAFE, (insert(file, range_.end, ".all()"),))
    else:
        text = f"{file.text(info.body_code, node).partition('.')[0]}.get_queryset()"
        fix = Fix("Ask `get_queryset()` for a copy", Safety.SAFE, (replace(file, range_, text),))
    result = (
        "REST framework refuses that with a RuntimeError"
        if is_api and not derives_from(line, "ViewSetMixin")
        else "later requests get the rows that the first one has loaded"
    )
    return Hit(
        file.place(info.body_code, node),
        f"`self.queryset` belongs to the class and lives as long as the process; run as it is, {result}",
        fixes=(fix,),
    )
