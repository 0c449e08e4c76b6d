"""A ``save()`` that stores nothing."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.model_classes import is_name, nodes_within, overrides, self_name
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.saving import parent_calls, save_methods
from djguide_analyzers.source.positions import Position

RULE = Rule(
    summary="A `save()` override never calls the parent's, so nothing is stored",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_WRITES = frozenset(
    {"create", "acreate", "bulk_create", "bulk_update", "update", "aupdate", "update_or_create", "get_or_create",
     "execute",   "_do_update", "_do_insert", "_save_table"}
)  # fmt: skip
"""Calls that may store the row in another way."""
_HARMLESS = frozenset({"send", "send_robust", "full_clean", "clean", "clean_fields", "validate_unique"})
_TITLE = "Call `super().save()` at the end"


def check(file: FileContext) -> Iterator[Hit]:
    for cls, info in () if file.is_test else save_methods(file):
        if _refuses(info) or info.node.decorators or _stores(file, cls, info, set()):
            continue
        yield Hit(
            name_place(file, info.code, info.node),
            f"This `save()` never calls the parent's: saving a {cls.name} stores nothing, and nothing says so",
            fixes=(_fix(file, info),),
        )


def _refuses(info: FunctionInfo) -> bool:
    """Whether the method only says that rows are not saved: it passes, returns or raises."""
    statements = [
        node
        for node in info.statements
        if not (isinstance(node, ir.ExprStmt) and isinstance(node.value, (ir.Const, ir.Opaque)))
    ]
    plain = all(isinstance(node, (ir.Return, ir.Raise, ir.Jump)) for node in statements)
    return plain or isinstance(statements[-1], ir.Raise)


def _stores(file: FileContext, cls: ClassInfo, info: FunctionInfo, seen: set[FunctionInfo]) -> bool:
    """Whether the method, or what it hands its instance to, may store it."""
    if info in seen:
        return False
    seen.add(info)
    if any(True for _ in parent_calls(file, cls, info)):
        return True
    own = self_name(info)
    for node, code in nodes_within(info):
        if not isinstance(node, ir.Call):
            continue
        name = node.func.name if isinstance(node.func, ir.Attr) else ""
        if name in _WRITES or is_name(node.func, "getattr"):
            return True
        if isinstance(node.func, ir.Attr) and is_name(node.func.value, own):
            methods = overrides(file.project, cls, name)
            if any(_stores(file, cls, method, seen) for method in methods):
                return True
        handed = [*node.args, *(keyword.value for keyword in node.keywords)]
        gets_row = name not in _HARMLESS and any(is_name(arg, own) for arg in handed)
        if gets_row and not _is_builtin(node) and _may_store(file, cls, code, node):
            return True
    return False


def _is_builtin(node: ir.Call) -> bool:
    return isinstance(node.func, ir.Name) and node.func.id in (
        "super", "type", "isinstance", "str", "repr", "hasattr", "setattr", "print", "id", "len", "bool", "vars",
    )  # fmt: skip


def _may_store(file: FileContext, cls: ClassInfo, code: Code, node: ir.Call) -> bool:
    """Whether a function that gets the instance may store it; yes for one that cannot be read."""
    symbol = file.project.resolver.expr(code, node.func, cls)
    if isinstance(symbol, ClassInfo):
        return False
    if not isinstance(symbol, FunctionInfo) or symbol.module.origin != "project":
        return True
    called = {
        n.func.name for n in walk(symbol.statements) if isinstance(n, ir.Call) and isinstance(n.func, ir.Attr)
    }
    return "save" in called or "save_base" in called or not called.isdisjoint(_WRITES)


def _fix(file: FileContext, info: FunctionInfo) -> Fix:
    params = info.node.params.items
    kinds = {param.kind: param.name for param in params}
    known = len(params) == 3 and "*" in kinds and "**" in kinds
    start = info.body_code.range(info.statements[0]).start
    indent = file.lines.line(start.line)[: start.column]
    if not known or indent.strip() or any(isinstance(n, ir.Return) for n in walk(info.statements)):
        return Fix(_TITLE, Safety.MANUAL)
    end = info.body_code.range(info.statements[-1]).end
    end = Position(end.line, len(file.lines.line(end.line).rstrip("\r\n")))
    call = f"\n{indent}super().save(*{kinds['*']}, **{kinds['**']})"
    return Fix(_TITLE, Safety.REVIEW, (insert(file, end, call),))
