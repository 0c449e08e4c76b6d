"""What runs when a row is saved or deleted: overrides of a model's methods, and receivers of its signals."""

from __future__ import annotations

from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.model_classes import (
    assigned,
    is_name,
    nodes_within,
    overrides,
    reached,
    read,
    self_name,
)
from djguide_analyzers.rules.receivers import POST_SAVE, PRE_SAVE, receivers


@dataclass(frozen=True, slots=True)
class Hook:
    """One function that runs with each save or delete of a row.

    `reads` and `sets` are the attributes of the row it reads and sets; `calls` the names of what it calls.
    `only_new` tells that it does something for new rows only.
    """

    function: FunctionInfo
    what: str
    reads: frozenset[str]
    sets: frozenset[str]
    calls: frozenset[str]
    only_new: bool = False


def save_hooks(file: FileContext, model: Model) -> list[Hook]:
    """What runs with each ``save()`` of a row of `model`, in the project's own code."""
    found = [_override(file, model, info) for info in overrides(file.project, model.cls, "save")]
    for receiver in receivers(file):
        if receiver.signal in (PRE_SAVE, POST_SAVE) and isinstance(receiver.sender, ClassInfo):
            instance = receiver.instance
            if receiver.sender is model.cls and instance is not None and not _is_empty(receiver.function):
                found.append(_receiver(receiver.function, instance, receiver.signal))
    return [hook for hook in found if hook is not None]


def delete_hooks(file: FileContext, model: Model) -> list[Hook]:
    """The overrides of ``delete()``: signals are sent for the rows of a queryset as well."""
    found = [_override(file, model, info, "delete") for info in overrides(file.project, model.cls, "delete")]
    return [hook for hook in found if hook is not None]


def _override(file: FileContext, model: Model, info: FunctionInfo, name: str = "save") -> Hook | None:
    if not _does_something(info):
        return None
    inside = [info]
    for called in sorted(_own_calls(info)):
        inside += reached(file.project, model.cls, [called]) if called != name else []
    reads = frozenset[str]().union(*(read(each) for each in inside))
    sets = frozenset[str]().union(*(assigned(each) for each in inside))
    calls = frozenset[str]().union(*(_calls(each) for each in inside))
    return Hook(info, f"`{model.name}.{name}()`", reads, sets, calls - {"super"})


def _own_calls(info: FunctionInfo) -> set[str]:
    own = self_name(info)
    return {
        node.func.name
        for node, _ in nodes_within(info)
        if isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and is_name(node.func.value, own)
    }


def _receiver(info: FunctionInfo, instance: str, signal: str) -> Hook:
    return Hook(
        info,
        f"`{info.name}()`, a receiver of `{signal.rpartition('.')[2]}`",
        frozenset(read(info, instance)),
        frozenset(assigned(info, instance)),
        frozenset(_calls(info)),
        _only_new(info),
    )


def _only_new(info: FunctionInfo) -> bool:
    """Whether all that the receiver does depends on ``created``."""
    body = [node for node in info.statements if not _is_text(node)]
    if not body or not isinstance(body[0], ir.If):
        return False
    names = {part.id for part in _names(body[0].test)}
    return "created" in names and (len(body) == 1 or isinstance(body[0].body[-1], ir.Return))


def _names(node: ir.Expr) -> list[ir.Name]:
    return [part for part in walk(node) if isinstance(part, ir.Name)]


def _is_empty(info: FunctionInfo) -> bool:
    return all(_is_text(node) or isinstance(node, ir.Jump) for node in info.statements)


def _is_text(node: ir.Stmt) -> bool:
    return isinstance(node, ir.ExprStmt) and isinstance(node.value, (ir.Const, ir.Opaque))


def _does_something(info: FunctionInfo) -> bool:
    """Whether an override does more than call its parent."""
    for node in info.statements:
        if _is_text(node) or isinstance(node, ir.Jump):
            continue
        value = node.value if isinstance(node, (ir.ExprStmt, ir.Return)) else None
        if isinstance(value, ir.Call) and isinstance(value.func, ir.Attr) and _is_super(value.func.value):
            continue
        return True
    return False


def _calls(info: FunctionInfo) -> set[str]:
    """Names of what a function calls."""
    found: set[str] = set()
    for node, _ in nodes_within(info):
        if isinstance(node, ir.Call):
            if isinstance(node.func, ir.Name):
                found.add(node.func.id)
            elif isinstance(node.func, ir.Attr) and not _is_super(node.func.value):
                found.add(node.func.name)
    return found


def _is_super(node: ir.Expr) -> bool:
    return isinstance(node, ir.Call) and is_name(node.func, "super")
