"""Today's date is asked of the process, in a project that shows each user's own time zone."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import of_function, of_scope
from djguide_analyzers.rules.ruff import ruff_reports

RULE = Rule(
    summary="`date.today()` is not the date in the time zone that is active for the request",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
    default=False,
)

_TODAY = "datetime.date.today"
_ACTIVATE = "django.utils.timezone.activate"
_RUFF = "DTZ011"
_OF_REQUESTS = (
    "django.views.generic.base.View",
    "django.db.models.base.Model",
    "django.forms.forms.BaseForm",
    "django.contrib.admin.options.BaseModelAdmin",
    "rest_framework.serializers.BaseSerializer",
    "rest_framework.views.APIView",
)
"""Classes whose methods run for requests, if not only for them."""


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if scope.function is None or file.is_test or "/management/" in file.path or "/migrations/" in file.path:
        return
    calls = [(node, code) for node, code in scope.nodes(ir.Call) if _may_be_today(node)]
    if not calls or file.project.settings.get("USE_TZ").constant is not True:
        return
    if not _is_of_request(file, scope.function):
        return
    names = of_scope(file, scope)
    for node, code in calls:
        if (
            names.called(code, node) == _TODAY
            and file.everywhere(_activations)
            and not ruff_reports(file, _RUFF)
        ):
            yield _hit(file, code, node)


def _may_be_today(node: ir.Call) -> bool:
    return isinstance(node.func, ir.Attr) and node.func.name == "today" and not (node.args or node.keywords)


def _is_of_request(file: FileContext, info: FunctionInfo) -> bool:
    """Whether a function runs for requests: elsewhere no time zone is active, and both dates are the same."""
    while info.parent is not None:
        info = info.parent
    if info.owner is not None and file.project.resolver.is_subclass(info.owner, *_OF_REQUESTS):
        return True
    return any(param.name == "request" for param in info.node.params.items)


def _activations(file: FileContext) -> list[str]:
    """The functions of a file that make another time zone the active one."""
    return [
        info.name
        for outer in file.module.functions()
        for info in _with_nested(outer)
        if _activates(file, info)
    ]


def _with_nested(info: FunctionInfo) -> Iterator[FunctionInfo]:
    yield info
    for nested in info.nested:
        yield from _with_nested(nested)


def _activates(file: FileContext, info: FunctionInfo) -> bool:
    calls = (node for node in walk(info.statements) if isinstance(node, ir.Call))
    named = [node for node in calls if getattr(node.func, "name", getattr(node.func, "id", "")) == "activate"]
    names = of_function(file.project.resolver, info) if named else None
    return names is not None and any(names.called(info.body_code, node) == _ACTIVATE for node in named)


def _hit(file: FileContext, code: Code, node: ir.Call) -> Hit:
    title = "Use `timezone.localdate()`"
    imported = import_name(file, "django.utils", "timezone")
    fix = Fix(title, Safety.MANUAL)
    if imported is not None:
        edit = replace(file, code.range(node), f"{imported[0]}.localdate()")
        fix = Fix(title, Safety.REVIEW, (edit, *imported[1]))
    return Hit(
        file.place(code, node),
        "`date.today()` is the date in the server's time zone: users for whom another one is active see "
        "yesterday's or tomorrow's date for some hours of each day",
        fixes=(fix,),
    )
