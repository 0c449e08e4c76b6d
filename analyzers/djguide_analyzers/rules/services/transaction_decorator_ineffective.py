"""``atomic`` on a coroutine or generator function, which runs when the transaction is over."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.access import decorations
from djguide_analyzers.rules.atomicity import ATOMIC
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import of_scope
from djguide_analyzers.rules.view_hooks import is_view

RULE = Rule(
    summary="`atomic` around a coroutine or a generator, whose body it does not cover",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)

_TO_SYNC = "asgiref.sync.async_to_sync"
_METHOD_DECORATOR = "django.utils.decorators.method_decorator"
_HANDLERS = ("get", "post", "put", "patch", "delete", "head", "options")


def check(file: FileContext) -> Iterator[Hit]:
    for scope in file.scopes:
        info = scope.function
        if info is None:
            continue
        kind = _kind(info)
        if kind is not None:
            for node in _atomic_decorators(file, info):
                yield _hit(file, info.code, node, kind)
        if info.node.is_async:
            names = of_scope(file, scope)
            for node, code in scope.nodes(ir.With):
                for item in node.items:
                    if isinstance(item.context, ir.Call) and names.called(code, item.context) == ATOMIC:
                        yield _block(file, code, item.context)
    for cls in file.classes():
        yield from _classes(file, cls)


def _kind(info: FunctionInfo) -> str | None:
    if info.node.is_async:
        return "coroutine"
    return "generator" if info.node.is_generator else None


def _atomic_decorators(file: FileContext, info: FunctionInfo) -> Iterator[ir.Expr]:
    """The decorators that are ``atomic``, unless one below makes a plain function of a coroutine."""
    seen: list[ir.Expr] = []
    for node in info.node.decorators:
        for dotted, written in decorations(file, info.code, [node], info.owner):
            if dotted == ATOMIC:
                seen.append(written)
            elif dotted == _TO_SYNC:
                seen.clear()
    yield from seen


def _hit(file: FileContext, code: Code, node: ir.Expr, kind: str) -> Hit:
    return Hit(
        file.place(code, node),
        f"The transaction covers only the call that makes the {kind}: its body runs later, without one",
        fixes=(_advice(kind),),
    )


def _block(file: FileContext, code: Code, node: ir.Expr) -> Hit:
    return Hit(
        file.place(code, node),
        "`atomic()` cannot be entered in a coroutine: it raises a SynchronousOnlyOperation",
        fixes=(_advice("coroutine"),),
    )


def _advice(kind: str) -> Fix:
    if kind == "generator":
        return Fix("Open the transaction with a `with` block inside the generator", Safety.MANUAL)
    return Fix("Move the writes to a function with `atomic`, called through `sync_to_async`", Safety.MANUAL)


def _classes(file: FileContext, cls: ClassInfo) -> Iterator[Hit]:
    """``@method_decorator(atomic, name=...)`` over coroutines, and ``dispatch()`` that only starts them."""
    for node in cls.node.decorators:
        if not isinstance(node, ir.Call) or file.resolve(cls.code, node.func, cls.owner) != _METHOD_DECORATOR:
            continue
        given = node.keyword("name") or (node.args[1] if len(node.args) > 1 else None)
        name = given.value if isinstance(given, ir.Const) else None
        atomic = any(dotted == ATOMIC for dotted, _ in decorations(file, cls.code, [node], cls.owner))
        if atomic and isinstance(name, str) and _starts_coroutines(file, cls, name):
            yield _hit(file, cls.code, node, "coroutine")
    dispatch = cls.member("dispatch")
    if isinstance(dispatch, FunctionInfo) and not dispatch.node.is_async:
        for node in _atomic_decorators(file, dispatch):
            if _starts_coroutines(file, cls, "dispatch"):
                yield _hit(file, dispatch.code, node, "coroutine")


def _starts_coroutines(file: FileContext, cls: ClassInfo, name: str) -> bool:
    """Whether method `name` of a class makes a coroutine, or hands a request to handlers that do."""
    names = _HANDLERS if name == "dispatch" and is_view(file.project, cls) else (name,)
    methods = (file.project.resolver.class_attribute(cls, each) for each in names)
    infos = (found[1] for found in methods if found is not None and isinstance(found[1], FunctionInfo))
    return any(info.node.is_async for info in infos if info.module.origin == "project")
