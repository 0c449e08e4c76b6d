"""A test looks for the effect of an ``on_commit()`` callback that its test case never runs."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.nodes import statement_of
from djguide_analyzers.rules.places import indented, line_start
from djguide_analyzers.trace.events import CallMade
from djguide_analyzers.trace.values import AbstractValue, BoundMethod, FunctionValue, LambdaValue, Partial

RULE = Rule(
    summary="A `TestCase` asserts what an `on_commit()` callback does, which never runs there",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_TEST_CASE = "django.test.testcases.TestCase"
_ON_COMMIT = "django.db.transaction.on_commit"
_OUTBOX = "django.core.mail.outbox"
_MAILS = ("mail", "send", "notify", "notification", "message", "delay", "apply_async", "enqueue")
_CALLED = frozenset({"assert_called", "assert_called_once", "assert_called_with", "assert_called_once_with",
                     "assert_any_call", "assert_has_calls"})  # fmt: skip
_MAX_DEPTH = 3


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if not file.is_test:
        return
    info = scope.function
    if info is None or info.owner is None or info.parent is not None or not info.name.startswith("test"):
        return
    if not file.project.resolver.is_subclass(info.owner, _TEST_CASE) or _runs_callbacks(info):
        return
    names = of_scope(file, scope)
    for call, code, words, registered in _registering(file, scope, info):
        asserted = _asserted(file, scope, names, code, call, words)
        if asserted is not None:
            yield _hit(file, info, code, call, registered, asserted)
            break


def _runs_callbacks(info: FunctionInfo) -> bool:
    """Whether the test or its class sees to it that callbacks run, or replaces `on_commit` itself."""
    assert info.owner is not None
    blocks: list[ir.Node | list[ir.Stmt]] = [info.statements, info.node, info.owner.node]
    for base in (info.owner.member(name) for name in ("setUp", "setUpClass", "run")):
        if isinstance(base, FunctionInfo):
            blocks.append(base.statements)
    for block in blocks:
        for node in walk(block):
            if isinstance(node, ir.Attr) and node.name in (
                "captureOnCommitCallbacks",
                "run_and_clear_commit_hooks",
            ):
                return True
            if isinstance(node, ir.Const) and isinstance(node.value, str) and "on_commit" in node.value:
                return True
    return False


def _registering(
    file: FileContext, scope: Scope, info: FunctionInfo
) -> Iterator[tuple[ir.Call, Code, frozenset[str], Place]]:
    """Calls in the test that register a callback: the call, the words of what it will do, and where."""
    by_place = {(code, node.at): node for node, code in scope.nodes(ir.Call)}
    seen: set[int] = set()
    for event in scope.trace.everything():
        if not isinstance(event, CallMade) or event.target != _ON_COMMIT or not event.context.stack:
            continue
        site = event.context.stack[0].site
        call = by_place.get((site.code, site.at))
        if call is None or id(call) in seen or not event.args:
            continue
        words = frozenset(_words(event.args[0], 0))
        if words:
            seen.add(id(call))
            yield call, site.code, words, file.place_of(event.site)


def _words(callback: AbstractValue, depth: int) -> Iterator[str]:
    """Names of what a callback calls."""
    if depth > _MAX_DEPTH:
        return
    match callback:
        case LambdaValue(node=node):
            yield from _called_in(node.body)
        case FunctionValue(info=info) | BoundMethod(info=info):
            yield info.name
            if info.module.origin == "project":
                for statement in info.statements:
                    yield from _called_in(statement)
        case Partial(func=func):
            yield from _words(func, depth + 1)


def _called_in(node: ir.Node) -> Iterator[str]:
    for part in walk(node):
        if isinstance(part, ir.Call):
            func = part.func
            if isinstance(func, ir.Attr):
                yield func.name
                if isinstance(func.value, ir.Name):
                    yield func.value.id
            elif isinstance(func, ir.Name):
                yield func.id


# --- assertions ------------------------------------------------------------------------------------------


def _asserted(
    file: FileContext, scope: Scope, names: Names, code: Code, call: ir.Call, words: frozenset[str]
) -> ir.Node | None:
    """An assertion behind `call` that holds only if the callback has run."""
    start = code.range(call).start
    mails = any(word in name.lower() for name in words for word in _MAILS)
    for node, where in [*scope.nodes(ir.ExprStmt), *scope.nodes(ir.Assert)]:
        if where.range(node).start <= start:
            continue
        if mails and _expects_mail(names, where, node):
            return node
        if _expects_call(names, where, node, words):
            return node
    return None


def _expects_mail(names: Names, code: Code, node: ir.Node) -> bool:
    """Whether an assertion wants a mail in the outbox."""
    if not any(isinstance(part, ir.Attr) and names.dotted(code, part) == _OUTBOX for part in walk(node)):
        return False
    for part in walk(node):
        match part:
            case ir.Call(
                func=ir.Attr(name="assertEqual" | "assertGreater" | "assertGreaterEqual"), args=args
            ):
                if _is_count(names, code, args) or any(
                    isinstance(each, ir.Subscript) for each in walk(args[:2])
                ):
                    return True
            case ir.Compare(left=left, ops=["==" | ">" | ">="], rights=[right]):
                return _is_count(names, code, [left, right]) or isinstance(left, (ir.Attr, ir.Subscript))
            case ir.Call(func=ir.Attr(name="assertTrue" | "assertIn"), args=[argument, *_]):
                return isinstance(node, ir.ExprStmt) and not isinstance(argument, ir.Unary)
    return False


def _is_count(names: Names, code: Code, args: list[ir.Expr]) -> bool:
    """Whether the length of the outbox is compared with a number above zero."""
    measured = any(
        isinstance(arg, ir.Call) and isinstance(arg.func, ir.Name) and arg.func.id == "len"
        for arg in args[:2]
    )
    numbers = [arg.value for arg in args[:2] if isinstance(arg, ir.Const) and isinstance(arg.value, int)]
    return measured and any(number > 0 for number in numbers)


def _expects_call(names: Names, code: Code, node: ir.Node, words: frozenset[str]) -> bool:
    """Whether an assertion wants a mock to be called that stands for what the callback calls."""
    for part in walk(node):
        if isinstance(part, ir.Call) and isinstance(part.func, ir.Attr) and part.func.name in _CALLED:
            mock = part.func.value
            name = mock.id if isinstance(mock, ir.Name) else ""
            target = _patched(names, name)
            if target is not None and target in words:
                return True
    return False


def _patched(names: Names, name: str) -> str | None:
    """Last part of what the mock `name` replaces."""
    for bound in names.bindings(name):
        if bound.how == "with" and isinstance(bound.value, ir.Call):
            return _patch_target(bound.value)
    info = names.info
    if info is None:
        return None
    mocks = [target for node in reversed(info.node.decorators) if (target := _patch_target(node)) is not None]
    params = [param.name for param in info.node.params.items if param.name != "self"]
    return mocks[params.index(name)] if name in params and params.index(name) < len(mocks) else None


def _patch_target(node: ir.Expr) -> str | None:
    if isinstance(node, ir.Call) and node.args and isinstance(node.args[0], ir.Const):
        func = node.func
        called = func.name if isinstance(func, ir.Attr) else func.id if isinstance(func, ir.Name) else ""
        if called == "patch":
            return str(node.args[0].value).rpartition(".")[2]
    return None


def _hit(
    file: FileContext, info: FunctionInfo, code: Code, call: ir.Call, registered: Place, asserted: ir.Node
) -> Hit:
    return Hit(
        file.place(code, call),
        "`TestCase` rolls its transaction back, so `on_commit()` callbacks never run, and the test looks for what "
        "one of them does",
        related=(
            Related("the callback is registered here", registered),
            Related("its effect is expected here", file.place(code, asserted)),
        ),
        fixes=(_fix(file, info, code, call),),
    )


def _fix(file: FileContext, info: FunctionInfo, code: Code, call: ir.Call) -> Fix:
    title = "Run the callbacks with `captureOnCommitCallbacks()`"
    statement = statement_of(info.statements, call)
    place = line_start(file, code, statement) if statement is not None else None
    if statement is None or place is None or not isinstance(statement, (ir.ExprStmt, ir.Assign)):
        return Fix(title, Safety.MANUAL)
    text = file.text(code, statement)
    if '"""' in text or "'''" in text or not contains(statement, call):
        return Fix(title, Safety.MANUAL)
    manager = "with self.captureOnCommitCallbacks(execute=True):"
    body = indented(text.replace("\r\n", "\n"))
    edit = replace(file, code.range(statement), f"{manager}\n{place[0]}    {body}")
    return Fix(title, Safety.SAFE, (edit,))
