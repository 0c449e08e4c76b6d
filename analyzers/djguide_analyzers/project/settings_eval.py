"""Static evaluation of expressions in settings modules.

Nothing is executed: the facts of a module are read, and each expression becomes a `Value`. What cannot be
told becomes an `Unknown` option, beside the default where the expression names one.
"""

from __future__ import annotations

import builtins
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project import settings_calls as calls
from djguide_analyzers.project import settings_operators as ops
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.settings_known import SYMBOLS, formatted, is_known, present
from djguide_analyzers.project.settings_objects import attribute
from djguide_analyzers.project.settings_parts import elements, overwritten, soften, weight
from djguide_analyzers.project.settings_scope import Frame, State
from djguide_analyzers.project.settings_values import (
    Const,
    Item,
    Map,
    PathValue,
    Seq,
    Slot,
    Symbol,
    Value,
    const,
    get_item,
    sequence,
    union,
    unknown,
)

Load = Callable[[str], Module | None]
"""Gives the module of a dotted name; None when there is none, or its text is not at hand."""

_BUILTINS = frozenset(dir(builtins))
_STEPS = 300_000
_MAX_WEIGHT = 50_000
_MAX_DEPTH = 40


class Expressions(ABC):
    """Evaluates expressions; `settings_exec.Statements` adds statements and modules."""

    def __init__(self, load: Load) -> None:
        self.load = _remembering(load)
        self.steps = _STEPS
        self._resolving: set[str] = set()

    @abstractmethod
    def module(self, name: str) -> Frame | None:
        """The frame of an evaluated module; see `settings_exec.Statements`."""

    @abstractmethod
    def call_function(self, target: object, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        """The value of calling a function or class; see `settings_exec.Statements`."""

    def spend(self, steps: int = 1) -> bool:
        """Whether the budget allows `steps` more; an exhausted budget makes everything unknown."""
        self.steps -= steps
        return self.steps > 0

    # --- dispatch ---

    def eval(self, node: ir.Expr, frame: Frame) -> Value:
        """The value of an expression."""
        if not self.spend():
            return unknown("the module takes too long to evaluate")
        match node:
            case ir.Const(value=value):
                return const(value)
            case ir.Name(id=name):
                return self._name(name, frame)
            case ir.Attr(value=base, name=name):
                return self.attribute(self.eval(base, frame), name, frame)
            case ir.Call():
                return calls.call(self, node, frame)
            case ir.Display(kind=kind, items=items):
                return self._display(kind, items, frame)
            case ir.Dict():
                return self._dict(node, frame)
            case ir.Subscript():
                return self._subscript(node, frame)
            case ir.Binary(left=left, op=op, right=right):
                return ops.binary(self.data(left, frame), op, self.data(right, frame))
        return self._rarer(node, frame)

    def _rarer(self, node: ir.Expr, frame: Frame) -> Value:
        match node:
            case ir.Bool(op=op, values=values):
                return self._bool(op, values, frame)
            case ir.Unary(op="not", operand=operand):
                return ops.negate(self.data(operand, frame))
            case ir.Unary(op="-", operand=operand):
                return ops.binary(const(0), "-", self.data(operand, frame))
            case ir.Compare():
                return self._compare(node, frame)
            case ir.IfExp():
                return self._if(node, frame)
            case ir.FString(parts=parts):
                return self._text(parts, frame)
            case ir.Comp():
                return self._comprehension(node, frame)
            case ir.Walrus(target=target, value=value):
                result = self.eval(value, frame)
                frame.set(target, result)
                return result
        return unknown(type(node).__name__.lower())

    def data(self, node: ir.Expr, frame: Frame) -> Value:
        """The value of an expression whose content is needed: imported names are looked up."""
        return self.force(self.eval(node, frame))

    # --- names ---

    def _name(self, name: str, frame: Frame) -> Value:
        value = frame.lookup(name)
        if value is not None:
            return value
        if name == "__file__":
            return Value((PathValue(frame.module.path),))
        if name == "__name__":
            return const(frame.module.name)
        if name in _BUILTINS:
            return Value((Symbol(f"builtins.{name}"),))
        return unknown(f"{name} is not set in the module")

    def attribute(self, base: Value, name: str, frame: Frame) -> Value:
        """``base.name`` where the value is wanted (methods are handled by calls)."""
        results = []
        for option in base.options:
            if isinstance(option, Symbol):
                results.append(Value((Symbol(f"{option.dotted}.{name}"),)))
            else:
                results.append(attribute(self, option, name))
        return union(results)

    def force(self, value: Value) -> Value:
        """`value` with imported names replaced by what their modules set; others stay symbols."""
        if not any(isinstance(option, Symbol) for option in value.options):
            return value
        return union(
            self._resolve(option) if isinstance(option, Symbol) else Value((option,), value.places)
            for option in value.options
        )

    def _resolve(self, symbol: Symbol) -> Value:
        """What an imported name stands for; the symbol itself when its module is not at hand."""
        if symbol.dotted in SYMBOLS:
            return const(SYMBOLS[symbol.dotted])
        if is_known(symbol.dotted) or symbol.dotted in self._resolving:
            return Value((symbol,))
        self._resolving.add(symbol.dotted)
        try:
            return self._find(symbol)
        finally:
            self._resolving.discard(symbol.dotted)

    def _find(self, symbol: Symbol) -> Value:
        parts = symbol.dotted.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            frame = self.module(".".join(parts[:cut]))
            if frame is None:
                continue
            value = self.member(frame, parts[cut])
            if value is None:
                break
            for name in parts[cut + 1 :]:
                value = self.attribute(value, name, frame)
            return self.force(value)
        return Value((symbol,))

    def member(self, frame: Frame, name: str) -> Value | None:
        """A name of an evaluated module; None when it is not one."""
        value = frame.lookup(name)
        if value is not None:
            return value
        if frame.state.open:
            return unknown(f"{frame.module.name}.{name} may be set elsewhere")
        return None

    def deep(self, value: Value, depth: int = 0) -> Value:
        """`value` with imported names looked up at every level."""
        forced = self.force(value)
        if depth > 20 or not self.spend():
            return forced
        options = []
        for option in forced.options:
            if isinstance(option, Seq):
                items = tuple(Item(self.deep(i.value, depth + 1), i.certain) for i in option.items)
                option = Seq(option.kind, items, option.open)
            elif isinstance(option, Map):
                slots = {k: Slot(self.deep(s.value, depth + 1), s.certain) for k, s in option.slots.items()}
                option = Map(slots, option.open)
            options.append(option)
        return Value(tuple(options), forced.places)

    # --- displays ---

    def _display(self, kind: str, nodes: list[ir.Expr], frame: Frame) -> Value:
        items: list[Item] = []
        is_open = False
        for node in nodes:
            if isinstance(node, ir.Star):
                more, more_open = self.iterate(self.data(node.value, frame))
                items += more
                is_open = is_open or more_open
            else:
                items.append(Item(self.eval(node, frame).at(frame.place(node)), True))
        kinds = {"list": "list", "tuple": "tuple"}
        result = Value((sequence(kinds.get(kind, "set"), items, is_open),))  # type: ignore[arg-type]
        return self.bounded(result)

    def _dict(self, node: ir.Dict, frame: Frame) -> Value:
        result = Map({})
        for key, value_node in zip(node.keys, node.values, strict=True):
            value = self.eval(value_node, frame)
            if key is None:
                merged = [ops.update(result, option) for option in self.force(value).options]
                only = union(Value((option,)) for option in merged).only
                result = only if isinstance(only, Map) else overwritten(result)
                continue
            known = self.data(key, frame).only
            if isinstance(known, Const):
                place = frame.place(key)
                result = Map({**result.slots, known.value: Slot(value.at(place), True)}, result.open)
            else:
                result = overwritten(result)
        return self.bounded(Value((result,)))

    def bounded(self, value: Value) -> Value:
        """`value`, or `Unknown` where it is too large or too deep to go on with."""
        size = weight(value, _MAX_WEIGHT, _MAX_DEPTH)
        return value if self.spend(size // 10) and size < _MAX_WEIGHT else unknown("too large")

    def iterate(self, value: Value) -> tuple[list[Item], bool]:
        """What iterating a value gives, and whether there may be more."""
        if len(value.options) > 1:
            sequences = [Value((Seq("list", tuple(elements(o) or ()), _is_open(o)),)) for o in value.options]
            only = union(sequences).only
            return (list(only.items), only.open) if isinstance(only, Seq) else ([], True)
        option = value.only
        return ([], True) if option is None else (list(elements(option) or ()), _is_open(option))

    def _subscript(self, node: ir.Subscript, frame: Frame) -> Value:
        base = self.data(node.value, frame)
        if isinstance(node.index, ir.Slice):
            return union(self._slice(option, node.index, frame) for option in base.options)
        key = self.data(node.index, frame)
        results: list[Value] = []
        for option in base.options:
            if isinstance(option, Symbol) and option.dotted in calls.NAMESPACES:
                found = frame.top.lookup(str(key.constant)) if isinstance(key.constant, str) else None
                results.append(found or unknown("globals()"))
            else:
                results += [
                    get_item(option, each.value) if isinstance(each, Const) else unknown("unknown key")
                    for each in key.options or (None,)
                ]
        return present(union(results))

    def _slice(self, option: object, node: ir.Slice, frame: Frame) -> Value:
        bounds = [
            None if part is None else self.data(part, frame) for part in (node.lower, node.upper, node.step)
        ]
        if any(b is not None and not isinstance(b.constant, int) for b in bounds):
            return unknown("slice")
        cut = slice(*(None if bound is None else bound.constant for bound in bounds))
        if cut.step == 0:
            return unknown("slice")
        if isinstance(option, Const) and isinstance(option.value, str):
            return const(option.value[cut])
        if isinstance(option, Seq) and not option.open and all(item.certain for item in option.items):
            return Value((Seq(option.kind, option.items[cut]),))
        return Value((soften(option),)) if isinstance(option, Seq) else unknown("slice")

    # --- conditions ---

    def _bool(self, op: str, nodes: list[ir.Expr], frame: Frame) -> Value:
        results: list[Value] = []
        for number, node in enumerate(nodes):
            value = self.data(node, frame)
            if number == len(nodes) - 1:
                results.append(value)
                break
            leaving = [option for option in value.options if ops.truth(Value((option,))) is not (op == "and")]
            if leaving:
                results.append(Value(tuple(leaving), value.places))
            if ops.truth(value) is (op == "or"):
                break
        return union(results)

    def _compare(self, node: ir.Compare, frame: Frame) -> Value:
        left = self.data(node.left, frame)
        if len(node.ops) == 1:
            right = self.data(node.rights[0], frame)
            return union(
                unknown("comparison") if result is None else const(result)
                for one in left.options
                for other in right.options
                for result in [ops.compare(Value((one,)), node.ops[0], Value((other,)))]
            )
        for op, right_node in zip(node.ops, node.rights, strict=True):
            right = self.data(right_node, frame)
            result = ops.compare(left, op, right)
            if result is None:
                return unknown("comparison")
            if not result:
                return const(False)
            left = right
        return const(True)

    def _if(self, node: ir.IfExp, frame: Frame) -> Value:
        test = ops.truth(self.data(node.test, frame))
        if test is None:
            return union((self.data(node.body, frame), self.data(node.orelse, frame)))
        return self.eval(node.body if test else node.orelse, frame)

    def _text(self, parts: list[ir.Expr], frame: Frame) -> Value:
        results = [""]
        for part in parts:
            value = self.data(part, frame)
            pieces = [formatted(option) for option in value.options]
            if any(piece is None for piece in pieces) or len(results) * len(pieces) > 8:
                return unknown("f-string")
            results = [before + str(piece) for before in results for piece in pieces]
        return union(ops.limited(text) for text in results)

    # --- comprehensions ---

    def _comprehension(self, node: ir.Comp, frame: Frame) -> Value:
        inner = Frame(frame.module, State(), frame, frame.chunk, frame.spans)
        found: list[tuple[Item, Item]] = []
        is_open = False
        for certain in self._bindings(node.clauses, inner):
            if certain is None or not self.spend():
                is_open = True
                continue
            element = self.data(node.element, inner)
            value = element if node.value is None else self.data(node.value, inner)
            found.append((Item(element, certain), Item(value, certain)))
        if node.kind != "dict":
            kind = "set" if node.kind == "set" else "list"
            return self.bounded(Value((sequence(kind, [item for item, _ in found], is_open),)))
        slots: dict[object, Slot] = {}
        for key, item in found:
            if isinstance(key.value.only, Const):
                slots[key.value.only.value] = Slot(item.value, item.certain)
            else:
                is_open = True
        return self.bounded(Value((Map(slots, is_open),)))  # type: ignore[arg-type]

    def _bindings(self, clauses: list[ir.Clause], frame: Frame) -> Iterator[bool | None]:
        """Binds the targets in turn; yields whether that round is certain, None for rounds nobody knows."""
        if not clauses:
            yield True
            return
        clause, rest = clauses[0], clauses[1:]
        items, is_open = self.iterate(self.data(clause.iter, frame))
        for item in items:
            self.bind(clause.target, item.value, frame)
            tests = [ops.truth(self.data(test, frame)) for test in clause.ifs]
            if False in tests:
                continue
            certain = item.certain and None not in tests
            for inner in self._bindings(rest, frame):
                yield None if inner is None else inner and certain
        if is_open:
            yield None

    def bind(self, target: ir.Expr, value: Value, frame: Frame) -> None:
        """Assign to names and tuples of names; other targets belong to statements."""
        if isinstance(target, ir.Name):
            frame.set(target.id, value)
        elif isinstance(target, ir.Display):
            for part, item in zip(target.items, self.unpack(value, target.items), strict=True):
                self.bind(part.value if isinstance(part, ir.Star) else part, item, frame)

    def unpack(self, value: Value, targets: Iterable[ir.Expr]) -> list[Value]:
        """The values for the targets of an unpacking, unknown where their number does not fit."""
        targets = list(targets)
        rows = [_unpack(option, targets) for option in self.force(value).options]
        return [union(column) for column in zip(*rows, strict=True)] if targets else []


def _unpack(option: object, targets: list[ir.Expr]) -> list[Value]:
    is_plain = not any(isinstance(target, ir.Star) for target in targets)
    if isinstance(option, Seq) and is_plain and not option.open and len(option.items) == len(targets):
        return [item.value if item.certain else unknown("unpacking") for item in option.items]
    return [unknown("unpacking")] * len(targets)


def _remembering(load: Load) -> Load:
    found: dict[str, Module | None] = {}

    def remember(name: str) -> Module | None:
        if name not in found:
            found[name] = load(name)
        return found[name]

    return remember


def _is_open(option: object) -> bool:
    """Whether iterating an option may give more than `elements` tells."""
    if isinstance(option, (Seq, Map)):
        return option.open
    return not (isinstance(option, Const) and isinstance(option.value, str))
