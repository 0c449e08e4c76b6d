"""The schedule names a task that nobody registers."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.literals import Text, Written
from djguide_analyzers.project.modules import Code, FunctionInfo, Module, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.api_serializers import close_match, renamed
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_tasks import Task, apps_of, task_of, tasks_of
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="The beat schedule names a task that does not exist",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    entries = [
        found
        for scope in file.scopes
        for node, code in scope.nodes(ir.Dict)
        if (found := _entry(node, code)) is not None
    ]
    if not entries:
        return
    known = file.project.once(_registered)
    if known is None or not known:
        return
    for name, value, code in entries:
        if name in known or not _is_own(file.project, name):
            continue
        match = close_match(name, known)
        text = Text(name, Written(value, code))
        edit = renamed(file, text, match) if match is not None else None
        yield Hit(
            file.place(code, value),
            f'No task is called "{name}": beat sends it off, and the workers throw it away',
            fixes=(Fix(f'Write "{match}"', Safety.SAFE, (edit,)),) if edit is not None else (),
        )


def _entry(node: ir.Dict, code: Code) -> tuple[str, ir.Const, Code] | None:
    """The task that an entry of a schedule names: ``{"task": "shop.tasks.clean", "schedule": ...}``."""
    found: dict[str, ir.Expr] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ir.Const) and isinstance(key.value, str):
            found[key.value] = value
    task = found.get("task")
    if "schedule" not in found or not isinstance(task, ir.Const) or not isinstance(task.value, str):
        return None
    return task.value, task, code


def _registered(project: Project) -> set[str] | None:
    """Names of all tasks of the project; None when some name is not known."""
    names: set[str] = set()
    for module in project.modules.values():
        for task in tasks_of(project.resolver, module):
            found = _names(module, task)
            if found is None:
                return None
            names |= found
        names |= set(_class_tasks(project, module))
    if any(
        call.node.keyword("main") is not None
        for _, _, call in project.once(apps_of)
        if isinstance(call.node, ir.Call)
    ):
        return None
    return names


def _names(module: Module, task: Task) -> set[str] | None:
    """What a task is called: by its option, else by its module and function."""
    automatic = f"{module.name}.{task.function.name}"
    if task.options is None:
        return {automatic}
    if any(keyword.name is None for keyword in task.options.keywords):
        return None
    name = task.options.keyword("name")
    if name is None:
        return {automatic}
    if isinstance(name, ir.Const) and isinstance(name.value, str):
        return {name.value}
    return None


def _class_tasks(project: Project, module: Module) -> Iterator[str]:
    """Names of tasks that are classes."""
    for cls in module.classes():
        if any(base.dotted.startswith("celery.") for base in project.resolver.mro(cls)):
            binding = cls.member("name")
            if isinstance(binding, Value) and isinstance(binding.expr, ir.Const):
                yield str(binding.expr.value)
            yield cls.dotted


def _is_own(project: Project, name: str) -> bool:
    """Whether a task of that name could only be the project's, going by its module or package."""
    path, _, function = name.rpartition(".")
    if not path:
        return False
    module = project.resolver.module(path)
    if module is not None:
        if module.origin != "project":
            return False
        symbol = project.resolver.name(module, function)
        if symbol is None or (isinstance(symbol, FunctionInfo) and not symbol.node.decorators):
            return True
        # What other decorators make of a function is not known; a task has another name here.
        return isinstance(symbol, FunctionInfo) and task_of(project.resolver, symbol) is not None
    top = project.resolver.module(path.partition(".")[0])
    return top is not None and top.origin == "project"
