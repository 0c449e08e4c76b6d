"""A router cannot name the routes of a viewset that has no ``queryset``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoints import Endpoint, describe_endpoint, view_model
from djguide_analyzers.project.literals import Written, follow
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.project.rest_framework import derives_from, is_certain, lineage_of, meaning, readable
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="A viewset without `queryset` is registered without a `basename`",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def check(file: FileContext) -> Iterator[Hit]:
    taken: set[str] = set()
    for scope in file.scopes:
        for call, code in scope.nodes(ir.Call):
            if (
                not isinstance(call.func, ir.Attr)
                or call.func.name != "register"
                or not _is_router(file, code, call)
            ):
                continue
            endpoint = _unnamed(file, code, call)
            if endpoint is not None:
                yield _hit(file, code, call, endpoint, taken)


def _is_router(file: FileContext, code: Code, call: ir.Call) -> bool:
    """Whether the method is called on a router of the framework that derives names as that does."""
    assert isinstance(call.func, ir.Attr)
    receiver = call.func.value
    found = receiver if isinstance(receiver, ir.Call) else None
    home = code
    if isinstance(receiver, (ir.Name, ir.Attr)):
        written = follow(file.project.resolver, Written(receiver, code)) or _local(file, code, receiver)
        if written is not None and isinstance(written.node, ir.Call):
            found, home = written.node, written.code
    if found is None:
        return False
    line = lineage_of(file.project.resolver, home, found.func)
    if not derives_from(line, "BaseRouter") or not is_certain(line):
        return False
    names = ("register", "get_default_basename", "get_default_base_name")
    return not any(cls.member(name) is not None for cls in readable(line) for name in names)


def _local(file: FileContext, code: Code, receiver: ir.Expr) -> Written | None:
    """What a name is bound to in the function around, when that is written once."""
    if not isinstance(receiver, ir.Name):
        return None
    found: list[Written] = []
    for scope in file.scopes:
        if scope.function is not None and scope.function.body_code == code:
            for node in walk(scope.function.statements):
                match node:
                    case ir.Assign(targets=[ir.Name(id=name)], value=value) if name == receiver.id and value:
                        found.append(Written(value, code))
    return found[0] if len(found) == 1 else None


def _unnamed(file: FileContext, code: Code, call: ir.Call) -> Endpoint | None:
    """The viewset that is registered without anything to name its routes by."""
    if len(call.args) > 2 or any(isinstance(arg, ir.Star) for arg in call.args):
        return None
    if any(keyword.name in (None, "basename", "base_name") for keyword in call.keywords):
        return None
    node = call.args[1] if len(call.args) > 1 else call.keyword("viewset")
    symbol = meaning(file.project.resolver, code, node) if node is not None else None
    endpoint = describe_endpoint(file.project, symbol) if isinstance(symbol, ClassInfo) else None
    if endpoint is None or not endpoint.is_viewset or not endpoint.certain:
        return None
    if endpoint.is_default("queryset"):
        return endpoint
    written = endpoint.written("queryset")
    is_none = written is not None and isinstance(written.node, ir.Const) and written.node.value is None
    return endpoint if is_none else None


def _hit(file: FileContext, code: Code, call: ir.Call, endpoint: Endpoint, taken: set[str]) -> Hit:
    name = _basename(file, endpoint)
    if name in taken:
        name = _from_class(endpoint)
    taken.add(name)
    last = [*call.args, *call.keywords][-1]
    edit = insert(file, code.range(last).end, f', basename="{name}"')
    return Hit(
        file.place(code, call),
        f"`{endpoint.cls.name}` has no `queryset` to name its routes by: without a `basename` the URL "
        "configuration fails with an AssertionError",
        fixes=(Fix(f'Name the routes "{name}"', Safety.SAFE, (edit,)),),
    )


def _basename(file: FileContext, endpoint: Endpoint) -> str:
    """What the router would take if it knew the model; else the name of the class."""
    model = view_model(file.project, endpoint)
    return model.name.lower() if model is not None else _from_class(endpoint)


def _from_class(endpoint: Endpoint) -> str:
    name = re.sub(r"(?:View)?(?:Set)?$", "", endpoint.cls.name) or endpoint.cls.name
    return _HUMP.sub("-", name).lower()
