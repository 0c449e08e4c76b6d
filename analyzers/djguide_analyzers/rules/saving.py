"""Overrides of ``Model.save``: what they call, and what they are given."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.model_classes import declared_models, is_name, nodes_within, self_name
from djguide_analyzers.source.positions import Range

ARGUMENTS = ("force_insert", "force_update", "using", "update_fields")
"""What Django passes to ``save()``, by name."""


def save_methods(file: FileContext) -> Iterator[tuple[ClassInfo, FunctionInfo]]:
    """The ``save`` methods of the model classes in `file`."""
    for cls in declared_models(file):
        info = cls.member("save")
        if isinstance(info, FunctionInfo) and self_name(info) is not None and not info.node.is_async:
            yield cls, info


def parent_calls(file: FileContext, cls: ClassInfo, info: FunctionInfo) -> Iterator[tuple[ir.Call, Code]]:
    """Calls of the ``save`` behind `info`: by ``super()``, by class, or past it with ``save_base``."""
    for node, code in nodes_within(info):
        if (
            isinstance(node, ir.Call)
            and isinstance(node.func, ir.Attr)
            and _is_parent(file, cls, info, code, node)
        ):
            yield node, code


def _is_parent(file: FileContext, cls: ClassInfo, info: FunctionInfo, code: Code, node: ir.Call) -> bool:
    assert isinstance(node.func, ir.Attr)
    receiver = node.func.value
    if node.func.name == "save_base":
        return True
    if node.func.name not in ("save", "asave"):
        return False
    if isinstance(receiver, ir.Call) and is_name(receiver.func, "super"):
        return True
    if not node.args or not is_name(node.args[0], self_name(info)):
        return False
    symbol = file.project.resolver.expr(code, receiver, cls)
    return not isinstance(symbol, FunctionInfo)


def names_read(info: FunctionInfo) -> set[str]:
    """Names of variables that the body mentions, nested functions included."""
    return {node.id for node, _ in nodes_within(info) if isinstance(node, ir.Name)}


def parameters_range(file: FileContext, info: FunctionInfo) -> Range | None:
    """What stands between the parentheses of a method's signature; None when a comment or text stands there."""
    whole = info.code.range(info.node)
    text = file.lines.text
    start = file.lines.offset(whole.start)
    if info.node.decorators:
        start = file.lines.offset(info.code.range(info.node.decorators[-1]).end)
    opening = text.find(f"def {info.name}(", start)
    if opening < 0:
        return None
    begin = position = opening + len(f"def {info.name}(")
    depth = 1
    while position < len(text):
        character = text[position]
        if character in "#'\"":
            return None
        depth += (character in "([{") - (character in ")]}")
        if not depth:
            return Range(file.lines.position(begin), file.lines.position(position))
        position += 1
    return None
