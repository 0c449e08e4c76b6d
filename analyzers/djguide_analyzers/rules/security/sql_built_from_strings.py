"""A value is pasted into the text of an SQL statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.project.resolve import ValueRef
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_function, of_scope
from djguide_analyzers.rules.request_data import RequestData
from djguide_analyzers.rules.ruff import ruff_reports
from djguide_analyzers.rules.sql import parametrised_edits
from djguide_analyzers.rules.texts import holes, is_dynamic

RULE = Rule(
    summary="A value is pasted into the text of an SQL statement instead of passed as a parameter",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_EXECUTES = frozenset({"execute", "executemany"})
_RAW_SQL = frozenset({"django.db.models.expressions.RawSQL", "django.db.models.RawSQL"})
_RUFF = {"execute": "S608", "executemany": "S608", "raw": "S608", "RawSQL": "S611", "extra": "S610"}
_VALUE_PLACE = re.compile(
    r"(?:(?:=|<|>|\bLIKE|\bILIKE|\bIN\s*\(|\bLIMIT|\bOFFSET|\bBETWEEN|\bVALUES\s*\([^)]*|\bINTERVAL)\s*['%_\w\s?,-]*"
    r"|'[^'\s]*)$",
    re.IGNORECASE,
)
"""Written text behind which a value is expected, not the name of a table or column."""
_STATEMENT = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|REPLACE|MERGE|CALL|EXPLAIN)\b", re.IGNORECASE
)
_NUMBERS = frozenset(
    {"builtins.int", "builtins.float", "builtins.len", "builtins.abs", "builtins.round", "builtins.max",
     "builtins.min"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Statement:
    """The text of an SQL statement, where it is written, and the call it is given to."""

    text: ir.Expr
    code: Code
    call: ir.Call
    call_code: Code
    kind: str


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or "/migrations/" in file.path:
        return  # nobody sends a migration anything
    if scope.function is None:
        return
    names = of_scope(file, scope)
    data = RequestData(names)
    for call, code in scope.nodes(ir.Call):
        kind = _kind(names, code, call)
        if kind is None or ruff_reports(file, _RUFF[kind]):
            continue
        for statement in _statements(names, code, call, kind):
            unsafe = _unsafe(names, data, scope, statement)
            if unsafe is not None:
                yield _hit(file, names, statement, unsafe)
                break


def _kind(names: Names, code: Code, call: ir.Call) -> str | None:
    """What takes SQL here: a cursor, a manager's ``raw()``, ``RawSQL`` or ``extra()``."""
    if names.called(code, call) in _RAW_SQL:
        return "RawSQL"
    if not isinstance(call.func, ir.Attr):
        return None
    name = call.func.name
    if name in _EXECUTES:
        return name if call.args or call.keyword("sql") else None
    if name == "raw" and call.args:
        return name
    return name if name == "extra" and call.keywords else None


def _statements(names: Names, code: Code, call: ir.Call, kind: str) -> Iterator[_Statement]:
    if kind == "extra":
        for keyword in call.keywords:
            if keyword.name not in ("where", "select", "tables", "order_by"):
                continue
            value = keyword.value
            parts = (
                value.items
                if isinstance(value, ir.Display)
                else value.values
                if isinstance(value, ir.Dict)
                else []
            )
            for part in parts:
                yield from _texts(names, code, part, call, kind)
        return
    first = call.args[0] if call.args else call.keyword("sql")
    if first is not None:
        yield from _texts(names, code, first, call, kind)


def _texts(names: Names, code: Code, node: ir.Expr, call: ir.Call, kind: str) -> Iterator[_Statement]:
    """The text that is given, and those a variable may hold."""
    if is_dynamic(node):
        yield _Statement(node, code, call, code, kind)
    elif isinstance(node, ir.Name):
        for bound in names.bindings(node.id):
            if bound.how in ("assigned", "changed") and bound.value is not None and is_dynamic(bound.value):
                yield _Statement(bound.value, bound.code, call, code, kind)


def _unsafe(names: Names, data: RequestData, scope: Scope, statement: _Statement) -> ir.Expr | None:
    """A part of the statement that may be anything, at a place where a value belongs."""
    code = statement.code
    whole = "".join(before for before, _ in list(holes(statement.text))[:1])
    for before, hole in holes(statement.text):
        if _is_known(names, scope, code, hole, 0):
            continue
        sent = data.sent(code, hole)
        checked = any(isinstance(part, ir.Name) and data.is_checked(part.id) for part in walk(hole))
        if sent is not None and sent.kind == "value" and not checked:
            return hole
        fragment = (
            statement.kind in ("extra", "RawSQL") or bool(_STATEMENT.match(whole)) or _is_fragment(before)
        )
        if fragment and _VALUE_PLACE.search(before) and not _is_identifier(before) and not checked:
            return hole
    return None


def _is_fragment(before: str) -> bool:
    return bool(re.match(r"\s*(?:AND|OR|WHERE|SET|HAVING)\b", before, re.IGNORECASE))


def _is_identifier(before: str) -> bool:
    """Whether the text before a hole calls for a name, quoted or not."""
    return bool(
        re.search(r"(?:[\"`\[.]|\b(?:FROM|JOIN|INTO|UPDATE|TABLE|BY|AS|COLUMN|INDEX|ON)\s+)$", before, re.I)
    )


def _is_known(names: Names, scope: Scope, code: Code, node: ir.Expr, depth: int) -> bool:
    """Whether a part cannot be chosen by anybody: names from the model, numbers, placeholders, constants."""
    if depth > 5:
        return True
    match node:
        case ir.Const():
            return True
        case ir.Attr(name=name):
            if any(isinstance(part, ir.Attr) and part.name == "_meta" for part in walk(node)):
                return True
            return (
                name.isupper() or _is_constant(names, code, node, depth) or _is_own(names, scope, node, depth)
            )
        case ir.Name(id=name):
            bound = names.bindings(name)
            if not bound:
                return _is_constant(names, code, node, depth)
            return all(
                _is_bound_known(names, scope, each.how, each.value, each.code, depth) for each in bound
            )
        case ir.Call(func=func, args=args):
            return _is_call_known(names, scope, code, node, func, args, depth)
        case ir.Subscript(value=value):
            return _is_constant(names, code, value, depth)
        case ir.Binary(op="*" | "-" | "/" | "//", left=left, right=right) if any(
            isinstance(side, ir.Const) and isinstance(side.value, int) for side in (left, right)
        ):
            return True
        case ir.Binary(left=left, right=right):
            return all(_is_known(names, scope, code, part, depth + 1) for part in (left, right))
        case ir.IfExp(body=body, orelse=orelse):
            return all(_is_known(names, scope, code, part, depth + 1) for part in (body, orelse))
        case ir.FString(parts=parts) | ir.Display(items=parts):
            return all(_is_known(names, scope, code, part, depth + 1) for part in parts)
        case ir.Comp(element=ir.Call(func=ir.Name(id="str"), args=[ir.Subscript()]), clauses=clauses) if any(
            isinstance(clause.iter, ir.Call)
            and isinstance(clause.iter.func, ir.Attr)
            and clause.iter.func.name == "fetchall"
            for clause in clauses
        ):
            return True  # what another query has returned
        case ir.Comp(element=element):
            return _is_known(names, scope, code, element, depth + 1)
    return False


def _is_bound_known(
    names: Names, scope: Scope, how: str, value: ir.Expr | None, code: Code, depth: int
) -> bool:
    if how == "parameter":
        return isinstance(value, ir.Name) and value.id in ("int", "float", "bool", "Decimal")
    return value is not None and _is_known(names, scope, code, value, depth + 1)


def _is_call_known(
    names: Names, scope: Scope, code: Code, node: ir.Call, func: ir.Expr, args: list[ir.Expr], depth: int
) -> bool:
    if names.called(code, node) in _NUMBERS:
        return True
    if not isinstance(func, ir.Attr):
        # What a function of one's own makes is not known to be unsafe.
        if not isinstance(func, ir.Name) or func.id not in ("str", "repr", "format"):
            return True
        return bool(args) and isinstance(args[0], ir.Attr) and args[0].name in ("pk", "id")
    if func.name == "join" and isinstance(func.value, ir.Const):
        return all(_is_known(names, scope, code, arg, depth + 1) for arg in args)
    if func.name in ("strip", "lower", "upper", "replace", "format"):
        return _is_known(names, scope, code, func.value, depth + 1)
    return func.name not in ("get", "getlist", "pop") or _is_constant(names, code, func.value, depth)


def _is_constant(names: Names, code: Code, node: ir.Expr, depth: int) -> bool:
    """Whether a name stands for something written at the top of a module."""
    symbol = names.symbol(code, node)
    return isinstance(symbol, ValueRef) and isinstance(symbol.value, Value)


def _is_own(names: Names, scope: Scope, node: ir.Attr, depth: int) -> bool:
    """Whether an attribute is what its class says, a property included, and what its methods assign is known."""
    cls = names.owner
    if cls is None or not isinstance(node.value, ir.Name) or node.value.id not in ("self", "cls"):
        return False
    assigned = list(_assigned(names, cls, node))
    found = names.resolver.class_attribute(cls, node.name)
    if not all(
        value is not None and _is_known(inner, scope, inner_code, value, depth + 1)
        for inner, inner_code, value in assigned
    ):
        return False
    if found is None:
        return bool(assigned)
    match found[1]:
        case Value(expr=value, code=code) if value is not None:
            return _is_known(Names(names.resolver, None, []), scope, code, value, depth + 1)
        case FunctionInfo() as info if any(map(_is_property, info.node.decorators)):
            inner = of_function(names.resolver, info)
            returned = [part.value for part in walk(info.statements) if isinstance(part, ir.Return)]
            return bool(returned) and all(
                value is not None and _is_known(inner, scope, info.body_code, value, depth + 1)
                for value in returned
            )
    return False


def _assigned(names: Names, cls: ClassInfo, node: ir.Attr) -> Iterator[tuple[Names, Code, ir.Expr | None]]:
    """What methods of the class give the attribute; None for what is not a plain assignment."""
    for base in names.resolver.mro(cls):
        for method in base.methods() if isinstance(base, ClassInfo) else ():
            if not any(each.rpartition(".")[2] == node.name for each in method.node.sets):
                continue
            values = [
                part.value
                for part in walk(method.statements)
                if isinstance(part, ir.Assign)
                and any(isinstance(target, ir.Attr) and target.name == node.name for target in part.targets)
            ]
            inner = of_function(names.resolver, method)
            yield from ((inner, method.body_code, value) for value in values or [None])


def _is_property(node: ir.Expr) -> bool:
    return isinstance(node, ir.Name) and node.id in ("property", "cached_property")


def _hit(file: FileContext, names: Names, statement: _Statement, unsafe: ir.Expr) -> Hit:
    what = file.text(statement.code, unsafe)
    edits = parametrised_edits(
        file, names, statement.text, statement.code, statement.call, statement.call_code
    )
    title = "Pass the value as a parameter"
    fix = Fix(title, Safety.SAFE, tuple(edits)) if edits is not None else Fix(title, Safety.MANUAL)
    related: tuple[Related, ...] = ()
    if statement.text is not statement.call.args[0] if statement.call.args else True:
        related = (Related("put together here", file.place(statement.code, statement.text)),)
    return Hit(
        file.place(statement.call_code, statement.call),
        f"`{what}` becomes part of the SQL statement itself and can rewrite it; as a parameter the driver "
        "quotes it",
        related=related,
        fixes=(fix,),
    )
