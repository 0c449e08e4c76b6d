"""Which expressions of a function are decimals: columns, and what is computed from them."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.modules import Code, Value
from djguide_analyzers.project.resolve import ValueRef
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.fields import redefines
from djguide_analyzers.rules.model_classes import targets
from djguide_analyzers.trace.values import BuiltinMethod, ManagerValue, QuerySetValue, Row

OPERATORS = frozenset({"+", "-", "*", "/", "//", "%", "**"})
_KEEPING = frozenset({"abs", "max", "min", "round", "sum"})
_AGGREGATES = frozenset(f"django.db.models.aggregates.{name}" for name in ("Sum", "Max", "Min"))
_DECIMAL_FIELD = "django.db.models.fields.DecimalField"
_MAX_DEPTH = 12


class Decimals:
    """The decimals of one scope."""

    def __init__(self, file: FileContext, scope: Scope) -> None:
        self._file = file
        self._scope = scope
        self._bound: dict[str, list[tuple[ir.Expr | None, Code]]] = {}
        self._set: dict[tuple[str, str], list[tuple[ir.Expr, Code]]] = {}
        self._asked: set[tuple[str, str]] = set()
        for kind in (ir.Assign, ir.AugAssign, ir.For):
            for node, code in scope.nodes(kind):
                for target in targets(node):
                    self._remember(node, target, code)
        for node, _ in scope.nodes(ir.Clause):
            if isinstance(node.target, ir.Name):
                self._bound.setdefault(node.target.id, []).append((None, scope.blocks[0][1]))

    def _remember(self, node: ir.Node, target: ir.Expr, code: Code) -> None:
        plain = isinstance(node, ir.Assign) and any(target is direct for direct in node.targets)
        value = node.value if isinstance(node, ir.Assign) and plain else None
        if isinstance(target, ir.Name):
            self._bound.setdefault(target.id, []).append((value, code))
        elif isinstance(target, ir.Attr) and isinstance(target.value, ir.Name):
            given = node.value if isinstance(node, ir.Assign) else None
            if given is not None:
                self._set.setdefault((target.value.id, target.name), []).append((given, code))

    # --- kinds ---

    def column(self, code: Code, node: ir.Expr, base: str = "DecimalField") -> Field | None:
        """The column of kind `base` that an attribute of a row reads."""
        if not isinstance(node, ir.Attr):
            return None
        row = self._scope.value(code, node.value)
        model = self._file.project.graph.get(row.model) if isinstance(row, Row) else None
        field = model.fields.get(node.name) if model is not None else None
        if field is None or not field.sure() or field.django_base != base:
            return None
        own = ("from_db_value", "to_python", "contribute_to_class", "descriptor_class")
        return None if redefines(self._file.project, field.class_name, *own) else field

    def is_decimal(self, code: Code, node: ir.Expr, depth: int = 0) -> bool:
        """Whether an expression certainly is a `Decimal`."""
        if depth > _MAX_DEPTH:
            return False
        match node:
            case ir.Attr():
                return self.column(code, node) is not None and self._is_as_loaded(code, node, depth)
            case ir.Name(id=name):
                values = self._bound.get(name, [])
                return bool(values) and all(
                    v is not None and self.is_decimal(c, v, depth + 1) for v, c in values
                )
            case ir.Binary(left=left, op=op, right=right) if op in OPERATORS:
                if self.floats(code, left) or self.floats(code, right):
                    return False
                return self.is_decimal(code, left, depth + 1) or self.is_decimal(code, right, depth + 1)
            case ir.Unary(op="-" | "+", operand=operand):
                return self.is_decimal(code, operand, depth + 1)
            case ir.Call(func=ir.Name(id=name), args=[first, *_]) if name in _KEEPING:
                inner = first.element if isinstance(first, ir.Comp) else first
                if name == "round" and len(node.args) == 1:
                    return False
                return self.is_decimal(code, inner, depth + 1)
            case ir.Call(func=func):
                return self._file.resolve(code, func) == "decimal.Decimal"
            case ir.Subscript(value=value, index=ir.Const(value=str() as key)):
                return self._is_aggregate(code, value, key)
            case _:
                return False

    def _is_aggregate(self, code: Code, node: ir.Expr, key: str) -> bool:
        """Whether ``aggregate(key=Sum("column"))[key]`` adds up a decimal column."""
        if isinstance(node, ir.Name):
            values = self._bound.get(node.id, [])
            value, code = values[0] if len(values) == 1 else (None, code)
            return (
                value is not None and not isinstance(value, ir.Name) and self._is_aggregate(code, value, key)
            )
        if (
            not isinstance(node, ir.Call)
            or not isinstance(node.func, ir.Attr)
            or node.func.name != "aggregate"
        ):
            return False
        method = self._scope.value(code, node.func)
        receiver = method.receiver if isinstance(method, BuiltinMethod) else None
        if isinstance(receiver, ManagerValue):
            label = receiver.model
        elif isinstance(receiver, QuerySetValue) and not receiver.query.annotations:
            label = receiver.query.model
        else:
            return False
        model = self._file.project.graph.get(label)
        made = node.keyword(key)
        if model is None or not isinstance(made, ir.Call) or len(made.args) != 1:
            return False
        name = made.args[0].value if isinstance(made.args[0], ir.Const) else None
        field = model.fields.get(name) if isinstance(name, str) else None
        dotted = self._file.resolve(code, made.func)
        adds = dotted in _AGGREGATES and all(keyword.name == "filter" for keyword in made.keywords)
        return adds and field is not None and field.sure() and field.class_name == _DECIMAL_FIELD

    def _is_as_loaded(self, code: Code, node: ir.Attr, depth: int) -> bool:
        """Whether nothing in this scope gives the attribute a value that is no decimal."""
        if not isinstance(node.value, ir.Name):
            return True
        key = (node.value.id, node.name)
        if key in self._asked or depth >= _MAX_DEPTH:
            return key in self._asked  # computed from itself
        self._asked.add(key)
        try:
            given = self._set.get(key, [])
            return all(self._stays_decimal(c, value, depth + 1) for value, c in given)
        finally:
            self._asked.discard(key)

    def _stays_decimal(self, code: Code, value: ir.Expr, depth: int) -> bool:
        """Whether a value is a decimal, or was computed from one in a way that raises."""
        if isinstance(value, ir.Binary) and value.op in OPERATORS:
            return any(self.is_decimal(code, side, depth) for side in (value.left, value.right))
        return self.is_decimal(code, value, depth)

    def floats(self, code: Code, node: ir.Expr) -> list[ir.Expr]:
        """The float literals that an expression consists of; empty unless it certainly is a float made of such."""
        found = list(self._literals(code, node))
        return (
            []
            if None in found
            else [each for each in found if each is not None and self._is_float(code, each)]
        )

    def _literals(self, code: Code, node: ir.Expr) -> Iterator[ir.Expr | None]:
        match node:
            case ir.Const(value=value) if isinstance(value, (int, float)) and not isinstance(value, bool):
                yield node
            case ir.Unary(op="-" | "+", operand=operand):
                yield from self._literals(code, operand)
            case ir.Binary(left=left, op=op, right=right) if op in OPERATORS:
                yield from self._literals(code, left)
                yield from self._literals(code, right)
            case ir.Name() | ir.Attr() if self._constant(code, node) is not None:
                yield node
            case _:
                yield None

    def _is_float(self, code: Code, node: ir.Expr) -> bool:
        value = self._constant(code, node) if isinstance(node, (ir.Name, ir.Attr)) else node
        return isinstance(value, ir.Const) and isinstance(value.value, float)

    def _constant(self, code: Code, node: ir.Name | ir.Attr) -> ir.Const | None:
        """The number literal that a module's or class's name stands for, assigned once."""
        if isinstance(node, ir.Name) and node.id in self._bound:
            values = self._bound[node.id]
            literal = values[0][0] if len(values) == 1 and self._scope.function is not None else None
            return literal if isinstance(literal, ir.Const) and isinstance(literal.value, float) else None
        info = self._scope.function
        params = info.node.params.items if info is not None else []
        if isinstance(node, ir.Name) and any(param.name == node.id for param in params):
            return None
        symbol = self._file.project.resolver.expr(code, node) or self._class_attribute(code, node)
        if not isinstance(symbol, ValueRef) or not isinstance(symbol.value.expr, ir.Const):
            return None
        table = symbol.owner.members if symbol.owner is not None else symbol.module.symbols
        bindings = table.names.get(symbol.name, [])
        number = isinstance(symbol.value.expr.value, (int, float)) and not isinstance(
            symbol.value.expr.value, bool
        )
        return symbol.value.expr if len(bindings) == 1 and isinstance(bindings[0], Value) and number else None

    def _class_attribute(self, code: Code, node: ir.Expr) -> ValueRef | None:
        """What ``self.NAME`` stands for in a model: an assignment in its class, which no column hides."""
        row = self._scope.value(code, node.value) if isinstance(node, ir.Attr) else None
        model = self._file.project.graph.get(row.model) if isinstance(row, Row) else None
        if model is None or not isinstance(node, ir.Attr) or node.name in model.fields:
            return None
        found = self._file.project.resolver.class_attribute(model.cls, node.name)
        if found is None or not isinstance(found[1], Value):
            return None
        return ValueRef(node.name, found[1], found[0])
