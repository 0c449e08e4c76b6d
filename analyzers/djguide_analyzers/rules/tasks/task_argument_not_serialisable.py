"""A task is given an object that JSON cannot hold."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.resolve import External
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_tasks import Dispatch, dispatches
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Related, Severity
from djguide_analyzers.rules.names import of_scope
from djguide_analyzers.trace.values import AbstractValue, ClassValue, ModuleValue, ObjectValue

RULE = Rule(
    summary="A task is given an object that JSON cannot hold",
    severity=Severity.INFO,
)

_FORM = "django.forms.forms.BaseForm"
_PICKLES = ("CELERY_TASK_SERIALIZER", "task_serializer")


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or _is_other_serializer(file):
        return
    if not any(isinstance(call.func, ir.Attr) for call, _ in scope.nodes(ir.Call)):
        return
    for sent in dispatches(of_scope(file, scope)):
        options = sent.task.options
        if options is not None and options.keyword("serializer") is not None:
            continue
        yield from _check(file, scope, sent)


def _is_other_serializer(file: FileContext) -> bool:
    """Whether the settings choose how arguments are serialised, or that is not known."""
    settings = file.project.settings
    return settings.open or any(settings.is_set(name) and settings.text(name) != "json" for name in _PICKLES)


def _check(file: FileContext, scope: Scope, sent: Dispatch) -> Iterator[Hit]:
    for node in (*sent.args, *(value for _, value in sent.kwargs)):
        what = _what(file, scope.value(sent.code, node), node)
        if what is not None:
            yield Hit(
                file.place(sent.code, sent.call),
                f"`{sent.task.function.name}` is given {what}: sending it off fails, since JSON cannot hold it",
                related=(Related("this argument", file.place(sent.code, node)),),
            )
            return


def _what(file: FileContext, value: AbstractValue, node: ir.Expr) -> str | None:
    match value:
        case ClassValue():
            return "a class"
        case ModuleValue():
            return "a module"
        case ObjectValue(cls=cls) if _is_plain(file, cls):
            return f"a `{cls.name}` object"
    if isinstance(node, ir.Comp) and node.kind == "generator":
        return "a generator"
    return None


def _is_plain(file: FileContext, cls: ClassInfo) -> bool:
    """Whether objects of a class are nothing that JSON, or Celery's additions to it, could hold."""
    line = file.project.resolver.mro(cls)
    if cls.module.origin != "project" or any(
        isinstance(base, External) and base.dotted != "builtins.object" for base in line
    ):
        return False
    if any(base.dotted == _FORM for base in line) or cls.node.keywords:
        return False
    methods = {name for base in line if isinstance(base, ClassInfo) for name in base.members.names}
    return (
        methods.isdisjoint({"__json__", "to_json", "__reduce__", "__getstate__"}) and not cls.node.decorators
    )
