"""The fix of defaults that must not be evaluated once: a function that Django calls for each row."""

from __future__ import annotations

import re

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.fields import Declared
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def as_function(file: FileContext, field: Declared, default: ir.Expr) -> tuple[Edit, ...] | None:
    """Edits that move `default` into a function of its own in front of the class.

    None where the function would not see what the expression names, or has no place at the module's top level.
    """
    cls, code = field.cls, field.code
    names = {node.id for node in walk(default) if isinstance(node, ir.Name)}
    start = code.range(cls.node).start
    if cls.owner is not None or start.column or not names.isdisjoint(cls.members.names):
        return None
    name = f"{_HUMP.sub('_', cls.name).lower()}_{field.name}_default"
    if name in file.module.symbols.names:
        return None
    line = code.chunk.line
    while line and file.lines.line(line - 1).startswith("#"):
        line -= 1  # what is written about the class stays with it
    function = f"def {name}():\n    return {_laid_out(file, code, default)}\n\n\n"
    return (insert(file, Position(line, 0), function), replace(file, code.range(default), name))


def _laid_out(file: FileContext, code: Code, default: ir.Expr) -> str:
    """The text of the expression, moved along with its indentation; in parentheses where it needs them."""
    first, *rest = file.text(code, default).replace("\r\n", "\n").split("\n")
    if not rest:
        return first
    line = file.lines.line(code.range(default).start.line)
    own = len(line) - len(line.lstrip())
    bracketed = isinstance(default, (ir.Call, ir.Dict, ir.Display, ir.Comp))
    indent = 4 if bracketed else 8
    moved = [" " * max(len(each) - len(each.lstrip()) - own + indent, 0) + each.lstrip() for each in rest]
    text = "\n".join([first, *moved])
    return text if bracketed else f"(\n        {text}\n    )"
