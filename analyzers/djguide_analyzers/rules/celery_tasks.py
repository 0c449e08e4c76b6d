"""Celery's tasks and where they are dispatched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.literals import Written, follow
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import External, Resolver, ValueRef
from djguide_analyzers.rules.names import Names, of_function

_DECORATORS = frozenset(
    {"celery.shared_task", "celery.app.shared_task", "celery.task", "celery.task.task", "celery.task.base.task",
     "celery.decorators.task", "celery.task.periodic_task", "celery.decorators.periodic_task"}
)  # fmt: skip
_APPS = frozenset({"celery.Celery", "celery.app.base.Celery", "celery.app.Celery"})
DISPATCHES = frozenset({"delay", "apply_async", "delay_on_commit", "apply_async_on_commit"})
SIGNATURES = frozenset({"s", "si", "signature", "subtask"})


@dataclass(frozen=True, slots=True)
class Task:
    """A function that is a task: its decorator, and the call that it is when it has options."""

    function: FunctionInfo
    decorator: ir.Expr
    options: ir.Call | None

    @property
    def is_bound(self) -> bool | None:
        """Whether it gets itself as its first argument; None when that is not known."""
        if self.options is None:
            return False
        if any(keyword.name is None for keyword in self.options.keywords):
            return None
        value = self.options.keyword("bind")
        if value is None:
            return False
        return bool(value.value) if isinstance(value, ir.Const) else None

    @property
    def parameters(self) -> list[ir.Param]:
        """The parameters that callers fill in."""
        items = [param for param in self.function.node.params.items if param.kind in ("pos", "any", "kw")]
        return items[1:] if self.is_bound else items


def task_of(resolver: Resolver, info: FunctionInfo) -> Task | None:
    """The task that a function's decorator makes of it; None when it is no task."""
    if info.owner is not None or info.parent is not None:
        return None
    for decorator in info.node.decorators:
        options = decorator if isinstance(decorator, ir.Call) else None
        func = options.func if options is not None else decorator
        if _is_task_decorator(resolver, info.code, func):
            return Task(info, decorator, options)
    return None


def _is_task_decorator(resolver: Resolver, code: Code, node: ir.Expr) -> bool:
    symbol = resolver.expr(code, node)
    if symbol is not None and symbol.dotted in _DECORATORS:
        return True
    if isinstance(node, ir.Attr) and node.name in ("task", "periodic_task"):
        return is_app(resolver, code, node.value)
    return False


def is_app(resolver: Resolver, code: Code, node: ir.Expr) -> bool:
    """Whether a name or call is a Celery application."""
    return app_call(resolver, code, node) is not None


def app_call(resolver: Resolver, code: Code, node: ir.Expr) -> Written | None:
    """The call that makes the Celery application that `node` is."""
    found = follow(resolver, Written(node, code)) if not isinstance(node, ir.Call) else Written(node, code)
    if found is None:
        symbol = resolver.expr(code, node)
        if isinstance(symbol, ValueRef) and symbol.value.expr is not None:
            found = Written(symbol.value.expr, symbol.value.code)
    if found is None or not isinstance(found.node, ir.Call):
        return None
    made = resolver.expr(found.code, found.node.func)
    if made is None:
        return None
    if made.dotted in _APPS or (isinstance(made, ClassInfo) and resolver.is_subclass(made, *_APPS)):
        return found
    return None


def tasks_of(resolver: Resolver, module: Module) -> Iterator[Task]:
    """The tasks that a module declares."""
    for info in module.functions():
        found = task_of(resolver, info)
        if found is not None:
            yield found


def apps_of(project: Project) -> list[tuple[Module, str, Written]]:
    """The Celery applications of the project: the module, the name, and the call that makes each."""
    return list(_apps_of(project))


def _apps_of(project: Project) -> Iterator[tuple[Module, str, Written]]:
    for module in project.modules.values():
        for name, bindings in module.symbols.names.items():
            for binding in bindings:
                expr = getattr(binding, "expr", None)
                if isinstance(expr, ir.Call):
                    found = app_call(project.resolver, binding.code, expr)
                    if found is not None:
                        yield module, name, found


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A call that sends a task off, or makes its signature.

    `args` and `kwargs` are what the task will be given; `complete` is False when there may be more.
    """

    call: ir.Call
    code: Code
    task: Task
    method: str
    args: tuple[ir.Expr, ...]
    kwargs: tuple[tuple[str, ir.Expr], ...]
    complete: bool


def dispatches(names: Names) -> Iterator[Dispatch]:
    """The calls in one function (or at the top level of a module) that dispatch a task of the project."""
    for node, code in names.nodes():
        if not isinstance(node, ir.Call) or not isinstance(node.func, ir.Attr):
            continue
        if node.func.name not in DISPATCHES | SIGNATURES:
            continue
        task = task_named(names, code, node.func.value)
        if task is not None:
            yield _dispatch(node, code, task, node.func.name)


def task_named(names: Names, code: Code, node: ir.Expr) -> Task | None:
    """The task that a name or attribute means."""
    symbol = names.symbol(code, node)
    return task_of(names.resolver, symbol) if isinstance(symbol, FunctionInfo) else None


def _dispatch(call: ir.Call, code: Code, task: Task, method: str) -> Dispatch:
    if method in ("delay", "delay_on_commit", "s", "si"):
        args = [arg for arg in call.args if not isinstance(arg, ir.Star)]
        kwargs = [(keyword.name, keyword.value) for keyword in call.keywords if keyword.name is not None]
        complete = len(args) == len(call.args) and len(kwargs) == len(call.keywords)
        return Dispatch(call, code, task, method, tuple(args), tuple(kwargs), complete)
    positional = call.keyword("args") or (call.args[0] if call.args else None)
    named = call.keyword("kwargs") or (call.args[1] if len(call.args) > 1 else None)
    args = positional.items if isinstance(positional, ir.Display) else []
    pairs: list[tuple[str, ir.Expr]] = []
    if isinstance(named, ir.Dict):
        for key, value in zip(named.keys, named.values, strict=True):
            if isinstance(key, ir.Const) and isinstance(key.value, str):
                pairs.append((key.value, value))
    complete = not any(isinstance(arg, ir.Star) for arg in args)
    args = [arg for arg in args if not isinstance(arg, ir.Star)]
    return Dispatch(call, code, task, method, tuple(args), tuple(pairs), complete)


def task_scopes(project: Project, module: Module) -> Iterator[tuple[Task, Names]]:
    """The tasks of a module with what their names mean."""
    for task in tasks_of(project.resolver, module):
        yield task, of_function(project.resolver, task.function)


def is_unknown_class(symbol: object) -> bool:
    """Whether a class comes from a package that cannot be read."""
    return isinstance(symbol, External)


def node_of(info: FunctionInfo, at: int) -> ir.Node | None:
    """The node of a function's body with this number."""
    return next((node for node in walk(info.statements) if node.at == at), None)
