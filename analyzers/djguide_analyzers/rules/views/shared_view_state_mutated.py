"""A view changes a list or dictionary that its class holds for all requests."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.rules.access import is_view_class
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity

RULE = Rule(
    summary="A view changes a list or dictionary of its class, which all requests share",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_CHANGING = frozenset(
    {"append", "extend", "insert", "remove", "clear", "sort", "reverse", "update", "setdefault", "add", "discard",
     "pop", "popitem"}
)  # fmt: skip
_MAKING = frozenset({"dict", "list", "set"})


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for cls in file.classes():
        if not is_view_class(file, cls):
            continue
        for info in cls.methods():
            for name, node in _changed(info):
                shared = _shared(file, cls, name)
                if shared is not None:
                    yield _hit(file, info, node, name, shared)


def _changed(info: FunctionInfo) -> Iterator[tuple[str, ir.Node]]:
    """Attributes of ``self`` that a method changes in place, with the node that does."""
    first = info.node.params.items[0].name if info.node.params.items else ""
    for node in walk(info.statements):
        match node:
            case ir.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ir.Subscript) and (name := _own(target.value, first)):
                        yield name, target
            case ir.AugAssign(target=ir.Subscript(value=value)) if name := _own(value, first):
                yield name, node
            case ir.ExprStmt(value=ir.Call(func=ir.Attr(value=value, name=method))):
                if method in _CHANGING and (name := _own(value, first)):
                    yield name, node


def _own(node: ir.Expr, first: str) -> str | None:
    match node:
        case ir.Attr(value=ir.Name(id=holder), name=name) if holder == first == "self":
            return name
    return None


def _shared(file: FileContext, cls: ClassInfo, name: str) -> Place | None:
    """Where a class body makes the value of an attribute that no method gives the instance; None for others."""
    resolver = file.project.resolver
    if not resolver.fully_known(cls):
        return None
    for base in resolver.mro(cls):
        if isinstance(base, ClassInfo) and any(_sets(info, name) for info in base.methods()):
            return None
    found = resolver.class_attribute(cls, name)
    value = found[1] if found is not None else None
    if not isinstance(value, Value) or not _is_made(value.expr):
        return None
    return _place(value.code, value.at)


def _sets(info: FunctionInfo, name: str) -> bool:
    return f"self.{name}" in info.node.sets


def _is_made(expr: ir.Expr | None) -> bool:
    match expr:
        case ir.Display(kind="list" | "set") | ir.Dict():
            return True
        case ir.Call(func=ir.Name(id=name)):
            return name in _MAKING
    return False


def _place(code: Code, at: int) -> Place:
    return Place(code.module.path, code.range(at))


def _hit(file: FileContext, info: FunctionInfo, node: ir.Node, name: str, shared: Place) -> Hit:
    own = shared.path in file.project.modules
    return Hit(
        file.place(info.body_code, node),
        f"`self.{name}` is the one that the class holds: what is changed here stays for all later requests, "
        "whoever makes them",
        related=(Related("made once, with the class", shared),) if own else (),
        fixes=(
            Fix(f"Change a copy: `{{**self.{name}, ...}}`, or give each instance its own", Safety.MANUAL),
        ),
    )
