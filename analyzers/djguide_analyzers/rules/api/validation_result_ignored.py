"""A serializer's verdict is thrown away, or never asked for."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.project.rest_framework import derives_from, lineage, lineage_of
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="The result of `is_valid()` is thrown away, or nobody asks for it",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_NEEDS_VERDICT = ("save", "validated_data")


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    made = _serializers(file, scope)
    if not made:
        return
    for node, code in scope.nodes(ir.ExprStmt):
        match node.value:
            case ir.Call(func=ir.Attr(value=ir.Name(id=name), name="is_valid")) as call if name in made:
                if _is_ignored(call) and not _reads_errors(scope, name) and not _is_own_data(made[name]):
                    yield _ignored(file, code, call, name)
    for name, call in made.items():
        if call is not None:
            yield from _unasked(file, scope, name, call)


def _serializers(file: FileContext, scope: Scope) -> dict[str, ir.Call | None]:
    """Names that hold a serializer in this function, with the call that makes it when it is made just once."""
    found: dict[str, ir.Call | None] = {}
    others: set[str] = set()
    for node, code in scope.nodes(ir.Assign):
        for target in node.targets:
            if not isinstance(target, ir.Name):
                continue
            if isinstance(node.value, ir.Call) and _makes_serializer(file, scope, code, node.value):
                found[target.id] = None if target.id in found else node.value
            else:
                others.add(target.id)
    return {name: call for name, call in found.items() if name not in others}


def _makes_serializer(file: FileContext, scope: Scope, code: Code, call: ir.Call) -> bool:
    owner = scope.function.owner if scope.function is not None else None
    if isinstance(call.func, ir.Attr) and call.func.name == "get_serializer":
        resolver = file.project.resolver
        return owner is not None and derives_from(lineage(resolver, owner), "GenericAPIView")
    line = lineage_of(file.project.resolver, code, call.func)
    return derives_from(line, "BaseSerializer")


def _is_own_data(made: ir.Call | None) -> bool:
    """Whether a serializer is given a dictionary that is written there, of values that no client sends."""
    data = made.keyword("data") if made is not None else None
    sent = ("data", "POST", "GET", "query_params", "validated_data", "initial_data")
    return isinstance(data, ir.Dict) and not any(
        (isinstance(part, ir.Attr) and part.name in sent) or (isinstance(part, ir.Name) and part.id in sent)
        for part in walk(data)
    )


def _is_ignored(call: ir.Call) -> bool:
    raising = call.keyword("raise_exception") or (call.args[0] if call.args else None)
    return raising is None or (isinstance(raising, ir.Const) and not raising.value)


def _reads_errors(scope: Scope, name: str) -> bool:
    return any(
        isinstance(node.value, ir.Name) and node.value.id == name and node.name in ("errors", "_errors")
        for node, _ in scope.nodes(ir.Attr)
    )


def _ignored(file: FileContext, code: Code, call: ir.Call, name: str) -> Hit:
    inside = arguments_range(file, code, call)
    title = "Raise the errors"
    old = call.keyword("raise_exception") or (call.args[0] if call.args else None)
    if old is None:
        edit = insert(file, inside.start, "raise_exception=True")
    else:
        edit = replace(file, code.range(old), "True")
    return Hit(
        file.place(code, call),
        f"Nobody looks at what `{name}.is_valid()` says: bad input goes on to where an AssertionError or KeyError "
        "ends it, instead of being answered with its errors",
        fixes=(Fix(title, Safety.SAFE, (edit,)),),
    )


def _unasked(file: FileContext, scope: Scope, name: str, made: ir.Call) -> Iterator[Hit]:
    """Uses that need a verdict, of a serializer that is never asked for one and never leaves this function."""
    if made.keyword("data") is None:
        return
    uses: list[tuple[ir.Attr, Code]] = []
    attributes = {node.value.at for node, _ in scope.nodes(ir.Attr) if isinstance(node.value, ir.Name)}
    for node, _ in scope.nodes(ir.Name):
        if node.id == name and node.at not in attributes and not _is_target(scope, node):
            return  # handed on: somebody else may ask
    for node, code in scope.nodes(ir.Attr):
        if isinstance(node.value, ir.Name) and node.value.id == name:
            if node.name not in ("save", "data", "validated_data", "context", "instance", "initial_data"):
                return
            uses.append((node, code))
    for node, code in uses:
        if node.name in _NEEDS_VERDICT:
            yield Hit(
                file.place(code, node),
                f"`{name}.{node.name}` without `is_valid()` before it always fails with an AssertionError",
                fixes=(Fix(f"Call `{name}.is_valid(raise_exception=True)` first", Safety.MANUAL),),
            )
            return


def _is_target(scope: Scope, name: ir.Name) -> bool:
    return any(name is target for node, _ in scope.nodes(ir.Assign) for target in node.targets)
