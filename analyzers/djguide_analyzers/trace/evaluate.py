"""Evaluating expressions abstractly."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Value
from djguide_analyzers.project.resolve import External, ModuleRef, Symbol, ValueRef
from djguide_analyzers.trace import (
    attributes,
    branches,
    calls,
    iteration,
    loading,
    memoisation,
    querysets,
    statements,
)
from djguide_analyzers.trace.events import QuerySetUse
from djguide_analyzers.trace.frame import MAX_STEPS, BudgetSpent, Frame
from djguide_analyzers.trace.joining import join, join_all, join_mappings
from djguide_analyzers.trace.values import (
    SCALAR,
    UNKNOWN,
    AbstractValue,
    Assumed,
    ClassValue,
    ConditionValue,
    Constant,
    ExternalValue,
    FunctionValue,
    LambdaValue,
    Mapping,
    ModuleValue,
    QuerySetValue,
    Row,
    Scalar,
    Sequence,
)

_BUILTINS = frozenset(dir(builtins))


def evaluate(frame: Frame, node: ir.Expr) -> AbstractValue:
    """The value of `node`; what it does to the database is emitted as events."""
    run = frame.run
    run.steps += 1
    if run.steps > MAX_STEPS:
        raise BudgetSpent
    value = _EVALUATORS[type(node)](frame, node)
    if value is not UNKNOWN:
        frame.record(node.at, value)
    return value


def evaluate_test(frame: Frame, node: ir.Expr) -> AbstractValue:
    """Evaluate `node` where only its truth matters: a queryset is loaded, a relation read.

    An `Assumed` comes back when the truth is known for the request that is looked at.
    """
    if isinstance(node, ir.Bool):
        decisive = node.op == "or"
        for value in node.values:
            held = evaluate_test(frame, value)
            if isinstance(held, Assumed) and bool(held.value) is decisive:
                return held
            if branches.taken(frame, value) is decisive:
                break
        return SCALAR
    if isinstance(node, ir.Unary) and node.op == "not":
        operand = evaluate_test(frame, node.operand)
        return Assumed(not operand.value) if isinstance(operand, Assumed) else SCALAR
    value = evaluate(frame, node)
    if isinstance(value, QuerySetValue):
        querysets.run_query(frame, value, "bool", node)
    return value


def resolve_import(frame: Frame, node: ir.Import | ir.ImportFrom) -> Iterator[tuple[str, AbstractValue]]:
    """Names bound by an import inside a function, with their values."""
    resolver = frame.project.resolver
    for alias in node.names:
        if isinstance(node, ir.Import):
            name = alias.asname or alias.name.partition(".")[0]
            module = resolver.module(alias.name if alias.asname else name)
            yield name, ModuleValue(module) if module else ExternalValue(alias.name if alias.asname else name)
            continue
        source = frame.code.module.absolute(node.module, node.level)
        if source is None or alias.name == "*":
            continue
        module = resolver.module(source)
        symbol: Symbol | None
        if module is not None:
            symbol = resolver.attribute(ModuleRef(module), alias.name)
        else:
            symbol = External(f"{source}.{alias.name}")
        yield alias.asname or alias.name, value_of_symbol(frame, symbol)


def value_of_symbol(frame: Frame, symbol: Symbol | None) -> AbstractValue:
    """The abstract value of something found statically."""
    match symbol:
        case ClassInfo():
            return ClassValue(symbol)
        case FunctionInfo():
            return FunctionValue(symbol)
        case ModuleRef(module=module):
            return ModuleValue(module)
        case External(dotted=dotted):
            return ExternalValue(dotted)
        case ValueRef(value=value):
            return value_of_binding(frame, value, symbol.owner)
        case _:
            return UNKNOWN


def value_of_binding(frame: Frame, binding: Value, owner: ClassInfo | None) -> AbstractValue:
    """The value of a module-level or class-level assignment, evaluated where it stands."""
    if binding.expr is None:
        return UNKNOWN
    return calls.evaluate_elsewhere(frame, binding.expr, binding.code, owner)


# --- names and literals ----------------------------------------------------------------------------------


def _const(frame: Frame, node: ir.Const) -> AbstractValue:
    return Constant(node.value)


def _name(frame: Frame, node: ir.Name) -> AbstractValue:
    value = frame.lookup(node.id)
    if value is None:
        value = _global(frame, node.id)
    if isinstance(value, QuerySetValue):
        frame.emit(QuerySetUse(frame.site(node), value, harmless=False))
    return value


def _global(frame: Frame, name: str) -> AbstractValue:
    module = frame.code.module
    symbol = frame.project.resolver.expr(
        frame.code, ir.Name(0, name), frame.owner if frame.function is None else None
    )
    if symbol is None:
        bound = name in module.symbols.names
        return ExternalValue(f"builtins.{name}") if name in _BUILTINS and not bound else UNKNOWN
    return value_of_symbol(frame, symbol)


def _attr(frame: Frame, node: ir.Attr) -> AbstractValue:
    base_node = node.value
    if isinstance(base_node, ir.Attr):  # row.relation.pk: the key is on the row already
        owner = evaluate(frame, base_node.value)
        if isinstance(owner, Row):
            base = attributes.get_attribute(
                frame,
                base_node,
                owner,
                key_only=loading.reads_key(frame.project, owner, base_node.name, node.name),
            )
            if base is not UNKNOWN:
                frame.record(base_node.at, base)
        else:
            base = attributes.get_attribute(frame, base_node, owner)
            if base is not UNKNOWN:
                frame.record(base_node.at, base)
    else:
        base = evaluate(frame, base_node)
        if isinstance(base, QuerySetValue) and isinstance(base_node, ir.Name):
            mark_harmless(frame, base_node, base)
    return attributes.get_attribute(frame, node, base)


def mark_harmless(frame: Frame, node: ir.Expr, value: QuerySetValue) -> None:
    """The use of a variable just noted neither runs the queryset nor hands the object on."""
    events = frame.run.events
    for position in range(len(events) - 1, max(len(events) - 4, -1), -1):
        event = events[position]
        if isinstance(event, QuerySetUse) and event.site == frame.site(node):
            events[position] = QuerySetUse(event.site, value, harmless=True)
            return


def _display(frame: Frame, node: ir.Display) -> AbstractValue:
    items: list[AbstractValue] = []
    exact = True
    for item in node.items:
        if isinstance(item, ir.Star):
            element, _ = iteration.iterate(frame, evaluate(frame, item.value), item.value, item.at)
            items.append(element)
            exact = False
        else:
            items.append(evaluate(frame, item))
    element = join_all(items) if items else UNKNOWN
    return Sequence(element, tuple(items) if exact else None)


def _dict(frame: Frame, node: ir.Dict) -> AbstractValue:
    entries: dict[Any, AbstractValue] = {}
    elements: list[AbstractValue] = []
    keys: list[AbstractValue] = []
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = evaluate(frame, value_node)
        if key_node is None:
            if isinstance(value, Mapping):
                entries.update(dict(value.entries))
                elements += [] if value.element is UNKNOWN else [value.element]
                keys += [] if value.key is UNKNOWN else [value.key]
            continue
        key = evaluate(frame, key_node)
        if isinstance(key, Constant):
            entries[key.value] = value
        else:
            elements.append(value)
            keys.append(key)
    element = join_all(elements) if elements else UNKNOWN
    return Mapping(tuple(entries.items()), element, join_all(keys) if keys else UNKNOWN)


def _f_string(frame: Frame, node: ir.FString) -> AbstractValue:
    for part in node.parts:
        calls.to_text(frame, evaluate(frame, part), part)
    return SCALAR


# --- operators -------------------------------------------------------------------------------------------


def _bool(frame: Frame, node: ir.Bool) -> AbstractValue:
    values: list[AbstractValue] = []
    memoised = frame.memoised
    for part in node.values[:-1]:
        values.append(evaluate(frame, part))
        if isinstance(values[-1], QuerySetValue):
            querysets.run_query(frame, values[-1], "bool", part)
        if branches.taken(frame, part) is (node.op == "or"):
            break
        frame.memoised |= node.op == "or" and memoisation.not_handed_in(frame, part) == "there"
    else:
        values.append(evaluate(frame, node.values[-1]))
    frame.memoised = memoised
    return join_all(values)


def _unary(frame: Frame, node: ir.Unary) -> AbstractValue:
    if node.op == "not":
        evaluate_test(frame, node.operand)
        return SCALAR
    value = evaluate(frame, node.operand)
    return value if isinstance(value, ConditionValue) else UNKNOWN


def _binary(frame: Frame, node: ir.Binary) -> AbstractValue:
    left, right = evaluate(frame, node.left), evaluate(frame, node.right)
    match left, node.op, right:
        case ConditionValue(), "&" | "|" | "^", ConditionValue():
            return ConditionValue(left.empty and right.empty)
        case QuerySetValue(), "&" | "|", QuerySetValue() if left.query.model == right.query.model:
            joined = join(left, right)
            if isinstance(joined, QuerySetValue):
                return QuerySetValue(joined.query, frame.run.new_identity())
        case Sequence(), "+", Sequence():
            items = (
                (*left.items, *right.items) if left.items is not None and right.items is not None else None
            )
            joined = join(left, right)
            return joined if items is None else Sequence(join_all(list(items)) if items else UNKNOWN, items)
        case Sequence(), "|", Sequence():
            return join(left, right)
        case Sequence(), "-" | "&", Sequence():
            return Sequence(left.element)
        case Mapping(), "|", Mapping():
            return join_mappings(left, right)
        case Constant(value=str()), "%", _:
            calls.to_text(frame, right, node.right)
            return SCALAR
        case ((Constant() | Scalar()), _, (Constant() | Scalar())):
            return SCALAR
    return UNKNOWN


def _compare(frame: Frame, node: ir.Compare) -> AbstractValue:
    left = evaluate(frame, node.left)
    for op, right in zip(node.ops, node.rights, strict=True):
        value = evaluate(frame, right)
        if isinstance(left, Assumed) and len(node.ops) == 1:
            return _assumed(left, op, value)
        if op in ("in", "not in") and isinstance(value, QuerySetValue):
            querysets.run_query(frame, value, "in", right)
    return SCALAR


def _assumed(left: Assumed, op: str, right: AbstractValue) -> AbstractValue:
    """Whether a test of what is assumed holds; a plain value when that cannot be told."""
    match op, right:
        case "==" | "!=", Constant(value=value):
            return Assumed((left.value == value) is (op == "=="))
        case "in" | "not in", Sequence(items=tuple() as items):
            if all(isinstance(item, Constant) for item in items):
                return Assumed((Constant(left.value) in items) is (op == "in"))
    return SCALAR


def _if_exp(frame: Frame, node: ir.IfExp) -> AbstractValue:
    test = evaluate_test(frame, node.test)
    if isinstance(test, Assumed):
        return evaluate(frame, node.body if test.value else node.orelse)
    if (holds := branches.taken(frame, node.test)) is not None:
        return evaluate(frame, node.body if holds else node.orelse)
    memoised, given = frame.memoised, memoisation.not_handed_in(frame, node.test)
    frame.memoised = memoised or given == "missing"
    body = evaluate(frame, node.body)
    frame.memoised = memoised or given == "there"
    orelse = evaluate(frame, node.orelse)
    frame.memoised = memoised
    return join(body, orelse)


def _walrus(frame: Frame, node: ir.Walrus) -> AbstractValue:
    value = evaluate(frame, node.value)
    frame.env[node.target] = value
    return value


def _await(frame: Frame, node: ir.Await) -> AbstractValue:
    return evaluate(frame, node.value)


def _yield(frame: Frame, node: ir.Yield) -> AbstractValue:
    if node.value is not None:
        value = evaluate(frame, node.value)
        if node.is_from:
            value, _ = iteration.iterate(frame, value, node.value, node.at)
        frame.yields.append(value)
    return UNKNOWN


# --- subscripts, comprehensions, calls -------------------------------------------------------------------


def _subscript(frame: Frame, node: ir.Subscript) -> AbstractValue:
    base = evaluate(frame, node.value)
    if isinstance(node.index, ir.Slice):
        for bound in (node.index.lower, node.index.upper, node.index.step):
            if bound is not None:
                evaluate(frame, bound)
        return querysets.slice_of(frame, base, node)
    index = evaluate(frame, node.index)
    match base:
        case QuerySetValue():
            querysets.run_query(frame, base, "index", node)
            return querysets.one_row(frame, base)
        case Sequence(items=tuple() as items) if isinstance(index, Constant) and isinstance(index.value, int):
            return items[index.value] if -len(items) <= index.value < len(items) else UNKNOWN
        case Sequence(element=element):
            return element
        case Mapping():
            return base.get(index.value) if isinstance(index, Constant) else base.element
        case ClassValue():
            return base
        case _:
            return UNKNOWN


def _comp(frame: Frame, node: ir.Comp) -> AbstractValue:
    inner = Frame(
        frame.run,
        frame.code,
        function=frame.function,
        parent=frame,
        loops=frame.loops,
        stack=frame.stack,
        transactions=frame.transactions,
        owner=frame.owner,
        receiver=frame.receiver,
    )
    for clause in node.clauses:
        value = evaluate(inner, clause.iter)
        element, loop = iteration.iterate(inner, value, clause.iter, clause.at, comprehension=True)
        inner.loops = (*inner.loops, loop)
        statements.assign(inner, clause.target, element)
        for test in clause.ifs:
            evaluate_test(inner, test)
    element = evaluate(inner, node.element)
    frame.yields += inner.yields
    if node.kind == "dict" and node.value is not None:
        return Mapping((), evaluate(inner, node.value), element)
    made_in = inner.loops[len(frame.loops) :]
    return Sequence(element, made_in=made_in, few=all(loop.few for loop in made_in))


def _lambda(frame: Frame, node: ir.Lambda) -> AbstractValue:
    value = LambdaValue(node, frame.site(node), frame)
    calls.explore(frame, value)
    return value


def _call(frame: Frame, node: ir.Call) -> AbstractValue:
    return calls.call(frame, node)


def _star(frame: Frame, node: ir.Star) -> AbstractValue:
    return evaluate(frame, node.value)


def _unknown(frame: Frame, node: Any) -> AbstractValue:
    return UNKNOWN


_EVALUATORS: dict[type, Callable[[Frame, Any], AbstractValue]] = {
    ir.Const: _const,
    ir.Name: _name,
    ir.Attr: _attr,
    ir.Call: _call,
    ir.Star: _star,
    ir.Subscript: _subscript,
    ir.Slice: _unknown,
    ir.Bool: _bool,
    ir.Unary: _unary,
    ir.Binary: _binary,
    ir.Compare: _compare,
    ir.IfExp: _if_exp,
    ir.Display: _display,
    ir.Dict: _dict,
    ir.Comp: _comp,
    ir.Lambda: _lambda,
    ir.FString: _f_string,
    ir.Await: _await,
    ir.Yield: _yield,
    ir.Walrus: _walrus,
    ir.Opaque: _unknown,
}
