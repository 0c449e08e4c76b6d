"""Celery's tasks for Django, which can be queued with the commit: ``delay_on_commit()``."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import External, Symbol
from djguide_analyzers.rules.celery_tasks import Task, app_call, apps_of, is_app

ON_COMMIT_METHODS = frozenset({"delay_on_commit", "apply_async_on_commit"})
_TASKS = frozenset({"celery.Task", "celery.app.task.Task", "celery.app.Task", "celery.task.Task"})
_SENDING = ("delay", "apply_async", "__getattribute__")
_DJANGO_TASK = "celery.contrib.django.task.DjangoTask"


def has_on_commit(project: Project, task: Task) -> bool:
    """Whether a task certainly has ``delay_on_commit()``."""
    if project.resolver.module(_DJANGO_TASK.rpartition(".")[0]) is None or not any(apps_of(project)):
        return False  # without an application of its own a project has no such tasks
    if task.options is not None and any(keyword.name in ("base", None) for keyword in task.options.keywords):
        return False
    return _application(project, task) is not None and missing_on_commit(project, task) is None


def sends_at_once(project: Project, task: Task) -> bool:
    """Whether nothing is known of the task's class that may hold its messages back until the commit."""
    options = task.options
    if options is not None and any(keyword.name is None for keyword in options.keywords):
        return False
    base = options.keyword("base") if options is not None else None
    if base is not None:
        return is_plain(project, project.resolver.expr(task.function.code, base))
    made = _application(project, task)
    if made is None:
        return True
    call, code = made
    named = call.keyword("task_cls")
    if named is not None:
        return is_plain(project, _class(project, code, named))
    app = project.resolver.expr(code, call.func)
    found = project.resolver.class_attribute(app, "task_cls") if isinstance(app, ClassInfo) else None
    if found is None or not isinstance(found[1], Value) or found[0].module.origin != "project":
        return True
    return found[1].expr is not None and is_plain(project, _class(project, found[1].code, found[1].expr))


def is_plain(project: Project, symbol: Symbol | None) -> bool:
    """Whether a task class certainly sends messages as Celery's own do: nobody overrides how."""
    if isinstance(symbol, External):
        return symbol.dotted in _TASKS or symbol.dotted == _DJANGO_TASK
    if not isinstance(symbol, ClassInfo):
        return False
    for base in project.resolver.mro(symbol):
        if isinstance(base, ClassInfo) and not base.module.name.startswith("celery."):
            if any(base.member(name) is not None for name in _SENDING):
                return False
            if not all(_is_base_known(project, base, node) for node in base.node.bases):
                return False
        elif isinstance(base, External) and base.dotted not in (*_TASKS, _DJANGO_TASK, "builtins.object"):
            return False
    return True


def _is_base_known(project: Project, cls: ClassInfo, node: ir.Expr) -> bool:
    """Whether a base of a class can be read, or is the ``Task`` of an application: Celery's own."""
    if project.resolver.expr(cls.code, node, cls.owner) is not None:
        return True
    return (
        isinstance(node, ir.Attr) and node.name == "Task" and is_app(project.resolver, cls.code, node.value)
    )


def missing_on_commit(project: Project, task: Task) -> str | None:
    """Why a task has no ``delay_on_commit()``; None when it has, or when that is not known."""
    resolver = project.resolver
    if (
        resolver.module("celery.app.task") is not None
        and resolver.module(_DJANGO_TASK.rpartition(".")[0]) is None
    ):
        return "that came with Celery 5.4"
    options = task.options
    if options is not None and any(keyword.name is None for keyword in options.keywords):
        return None
    base = options.keyword("base") if options is not None else None
    if base is not None:
        symbol = resolver.expr(task.function.code, base)
        return (
            f"its base class `{_name(symbol)}` is not Celery's task class for Django"
            if _lacks(project, symbol)
            else None
        )
    return _app_reason(project, task)


def _name(symbol: Symbol | None) -> str:
    return symbol.dotted.rpartition(".")[2] if symbol is not None else ""


def _lacks(project: Project, symbol: Symbol | None) -> bool:
    """Whether a class certainly is a task class without the methods for Django."""
    if isinstance(symbol, External):
        return symbol.dotted in _TASKS
    if not isinstance(symbol, ClassInfo):
        return False
    line = project.resolver.mro(symbol)
    names = {base.dotted for base in line}
    if _DJANGO_TASK in names or names.isdisjoint(_TASKS):
        return False
    unknown = [
        b
        for b in line
        if isinstance(b, External) and b.dotted not in _TASKS and b.dotted != "builtins.object"
    ]
    own = [base for base in line if isinstance(base, ClassInfo)]
    return not unknown and not any(
        base.member(method) is not None for base in own for method in ON_COMMIT_METHODS
    )


def _app_reason(project: Project, task: Task) -> str | None:
    """The same for a task without a class of its own, which gets its application's."""
    made = _application(project, task)
    if made is None:
        return None
    call, code = made
    for keyword in call.keywords:
        if keyword.name == "task_cls":
            symbol = _class(project, code, keyword.value)
            return f"the application's `task_cls` is `{_name(symbol)}`" if _lacks(project, symbol) else None
    app = project.resolver.expr(code, call.func)
    if isinstance(app, ClassInfo):
        found = project.resolver.class_attribute(app, "task_cls")
        if found is not None and isinstance(found[1], Value) and found[1].expr is not None:
            if found[0].module.origin != "project":
                return None
            symbol = _class(project, found[1].code, found[1].expr)
            return f"the application's `task_cls` is `{_name(symbol)}`" if _lacks(project, symbol) else None
    return None


def _application(project: Project, task: Task) -> tuple[ir.Call, Code] | None:
    """The call that makes the application of a task, when there is just one that it can be."""
    decorator = task.options.func if task.options is not None else task.decorator
    if isinstance(decorator, ir.Attr):
        own = app_call(project.resolver, task.function.code, decorator.value)
        if own is not None and isinstance(own.node, ir.Call):
            return own.node, own.code
    apps = project.once(apps_of)
    if len(apps) != 1 or not isinstance(apps[0][2].node, ir.Call):
        return None
    return apps[0][2].node, apps[0][2].code


def _class(project: Project, code: Code, node: ir.Expr) -> Symbol | None:
    """A class given itself, or by its name as in ``"package.module:Class"``."""
    if isinstance(node, ir.Const) and isinstance(node.value, str):
        return project.resolver.dotted(node.value.replace(":", "."))
    return project.resolver.expr(code, node)
