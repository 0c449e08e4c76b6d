"""Evaluating expressions."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.evaluation import operators
from djguide_analyzers.project.models.evaluation.core import Core
from djguide_analyzers.project.models.evaluation.known import given
from djguide_analyzers.project.models.evaluation.values import (
    MORE,
    SCALARS,
    UNKNOWN,
    Closure,
    Frame,
    Instance,
    Raised,
    Unknown,
    is_whole,
    join,
    truth,
)
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.resolve import External

_CHANGING = {"add_to_class": ("name", "value"), "contribute_to_class": ("cls", "name")}
"""Methods that give a model class something, with their first parameters."""
_MAX_ITEMS = 2000


class Expressions(Core):
    """The part of the interpreter that evaluates expressions."""

    def expr(self, node: ir.Expr, frame: Frame) -> Any:
        """`node`'s value in `frame`.

        Code that nothing guards works in reality: where it seems to raise, something was not understood, and the
        value is `UNKNOWN`.

        Raises:
            Raised: evaluating it raises, where a ``try`` or an undecided branch waits for that.
        """
        try:
            return _TABLE[type(node)](self, node, frame)
        except Raised:
            if self.trying:
                raise
            return UNKNOWN

    def arguments(self, node: ir.Call, frame: Frame) -> tuple[list[Any], dict[Any, Any]]:
        """Evaluated arguments; `MORE` among them stands for ones that are not known."""
        args: list[Any] = []
        mark = len(self.reads)
        for arg in node.args:
            if isinstance(arg, ir.Star):
                args += self.items(self._argument(arg.value, frame))
            else:
                args.append(self._argument(arg, frame))
            mark = self._note_argument(node, "*" if isinstance(arg, ir.Star) else len(args) - 1, mark)
        kwargs: dict[Any, Any] = {}
        for keyword in node.keywords:
            value = self._argument(keyword.value, frame)
            mark = self._note_argument(node, keyword.name or "*", mark)
            if keyword.name is not None:
                kwargs[keyword.name] = value
            elif isinstance(value, dict):
                kwargs.update(value)
            else:
                kwargs[MORE] = True
        return args, kwargs

    def _argument(self, node: ir.Expr, frame: Frame) -> Any:
        return self.spared(lambda: self.expr(node, frame))

    def _note_argument(self, node: ir.Call, key: Any, mark: int) -> int:
        """Remember the uncertain settings that an argument of a running call was evaluated with."""
        if len(self.reads) > mark:
            self.argument_reads.setdefault(id(node), {})[key] = self.read_since(mark)
        return len(self.reads)

    def items(self, value: Any) -> list[Any]:
        """What iterating over `value` gives; ends in `MORE` when there may be others."""
        if isinstance(value, (list, tuple, set)):
            return [*[item for item in value if item is not MORE], *([] if is_whole(value) else [MORE])]
        if isinstance(value, dict):
            return [*[key for key in value if key is not MORE], *([] if is_whole(value) else [MORE])]
        if isinstance(value, str):
            return list(value)
        if isinstance(value, Instance):
            rows = self.special(value, "__iter__", [])
            return self.items(rows) if isinstance(rows, (list, tuple, set, dict)) else [MORE]
        members = self.enum_members(value)
        return members if members is not None else [MORE]

    def comprehension(self, node: ir.Comp, frame: Frame) -> Any:
        """A comprehension's list (also for generators), set or dictionary."""
        inner = Frame(frame.code, {}, frame, frame.owner, frame.receiver)
        rows: list[Any] = []
        self._clause(node, 0, inner, rows)
        if node.kind == "dict":
            result: dict[Any, Any] = {}
            for row in rows:
                if row is MORE or not isinstance(row[0], (*SCALARS, tuple)):
                    result[MORE] = True
                else:
                    result[row[0]] = row[1]
            return result
        if node.kind == "set":
            return {row if isinstance(row, SCALARS) else MORE for row in rows}
        return rows

    def _clause(self, node: ir.Comp, number: int, frame: Frame, rows: list[Any]) -> None:
        if number == len(node.clauses):
            element = self.expr(node.element, frame)
            rows.append((element, self.expr(node.value, frame)) if node.value is not None else element)
            return
        clause = node.clauses[number]
        for item in self.items(self.expr(clause.iter, frame)):
            self.step()
            if item is MORE or len(rows) > _MAX_ITEMS:
                rows.append(MORE)
                return
            self.assign(clause.target, item, frame)
            tests = [truth(self.expr(test, frame)) for test in clause.ifs]
            if False in tests:
                continue
            if None in tests:
                rows.append(MORE)
                continue
            self._clause(node, number + 1, frame, rows)


def _const(x: Core, node: Any, frame: Frame) -> Any:
    return node.value


def _unknown(x: Core, node: Any, frame: Frame) -> Any:
    return UNKNOWN


def _name(x: Core, node: Any, frame: Frame) -> Any:
    return x.name(node.id, frame)


def _attr(x: Core, node: Any, frame: Frame) -> Any:
    return x.attribute(x.expr(node.value, frame), node.name)


def _call(x: Core, node: Any, frame: Frame) -> Any:
    func = node.func
    if isinstance(func, ir.Name) and not node.args and not node.keywords:
        if func.id == "super" and frame.owner is not None:
            return x.super_of(frame)
        if func.id == "locals":
            return frame.names
    mark = len(x.reads)
    function = x.expr(func, frame)
    args, kwargs = x.arguments(node, frame)
    if isinstance(func, ir.Attr) and func.name in _CHANGING:
        _note_lost(x, function, given(args, kwargs, *_CHANGING[func.name]), node, frame)
    value = x.call(function, args, kwargs, frame.code, node)
    if len(x.reads) > mark:
        by_argument = x.argument_reads.pop(id(node), {})
        if isinstance(value, Instance):
            _note_settings(value, by_argument if value.call is node else {}, x.read_since(mark))
    return value


def _note_lost(x: Core, function: Any, args: list[Any], node: ir.Call, frame: Frame) -> None:
    """Remember a call that adds to a model class, when it is not known which class, what, or by which name."""
    if isinstance(function, (Unknown, External)):
        known = False
    elif node.func.name == "add_to_class":  # type: ignore[union-attr]
        known = isinstance(args[0], str) and not isinstance(args[1], (Unknown, External))
    else:
        known = isinstance(args[0], ClassInfo) and isinstance(args[1], str)
    if not known:
        x.lost.append((frame.code, node))


def _note_settings(value: Instance, by_argument: dict[Any, frozenset[str]], read: frozenset[str]) -> None:
    """Which uncertain settings decided what an object was made with."""
    read = read.difference(*by_argument.values())
    known = dict(value.rests_on or {})
    for key, settings in (*by_argument.items(), ("*", read)):
        if settings:
            known[key] = known.get(key, frozenset()) | settings
    value.rests_on = known


def _subscript(x: Core, node: Any, frame: Frame) -> Any:
    value = x.expr(node.value, frame)
    if isinstance(node.index, ir.Slice):
        bounds = [
            None if b is None else x.expr(b, frame)
            for b in (node.index.lower, node.index.upper, node.index.step)
        ]
        if not all(bound is None or isinstance(bound, int) for bound in bounds):
            return UNKNOWN
        return operators.subscript(value, slice(*bounds))
    index = x.expr(node.index, frame)
    return x.subscript(value, index)


def _bool(x: Core, node: Any, frame: Frame) -> Any:
    stop = node.op == "or"
    value: Any = None
    undecided: list[Any] = []
    for part in node.values:
        value = x.expr(part, frame)
        known = truth(value)
        if known is None:
            undecided.append(value)
        elif known is stop:
            break
    if not undecided:
        return value
    if truth(value) is None or truth(value) is not stop:
        return UNKNOWN
    # Undecided parts came first: the result is one of them or `value`, and both have the same truth.
    return value if value is True or value is False else UNKNOWN


def _unary(x: Core, node: Any, frame: Frame) -> Any:
    return operators.unary(node.op, x.expr(node.operand, frame))


def _binary(x: Core, node: Any, frame: Frame) -> Any:
    return operators.binary(node.op, x.plain(x.expr(node.left, frame)), x.plain(x.expr(node.right, frame)))


def _compare(x: Core, node: Any, frame: Frame) -> Any:
    left = x.plain(x.expr(node.left, frame))
    undecided = False
    for op, right_node in zip(node.ops, node.rights, strict=True):
        right = x.plain(x.expr(right_node, frame))
        result = _compared(x, op, left, right)
        if result is False:
            return False
        undecided = undecided or result is None
        left = right
    return UNKNOWN if undecided else True


def _compared(x: Core, op: str, left: Any, right: Any) -> bool | None:
    if op in ("in", "not in") and isinstance(right, Instance):
        found = truth(x.special(right, "__contains__", [left]))
        return found if found is None or op == "in" else not found
    return operators.compare(op, left, right)


def _if_exp(x: Core, node: Any, frame: Frame) -> Any:
    known = truth(x.expr(node.test, frame))
    if known is None:
        return join(x.evaluate(node.body, frame), x.evaluate(node.orelse, frame))
    return x.expr(node.body if known else node.orelse, frame)


def _display(x: Core, node: Any, frame: Frame) -> Any:
    items: list[Any] = []
    for item in node.items:
        if isinstance(item, ir.Star):
            items += x.items(x.expr(item.value, frame))
        else:
            items.append(x.expr(item, frame))
    if node.kind == "tuple":
        return tuple(items)
    if node.kind == "set":
        return {item if isinstance(item, SCALARS) else MORE for item in items}
    return items


def _dict(x: Core, node: Any, frame: Frame) -> Any:
    result: dict[Any, Any] = {}
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = x.expr(value_node, frame)
        if key_node is None:
            if isinstance(value, dict):
                result.update(value)
            else:
                result[MORE] = True
            continue
        key = x.plain(x.expr(key_node, frame))
        if isinstance(key, SCALARS):
            result[key] = value
        else:
            result[MORE] = True
    return result


def _comp(x: Core, node: Any, frame: Frame) -> Any:
    return x.comprehension(node, frame)


def _lambda(x: Core, node: Any, frame: Frame) -> Any:
    return Closure(node, frame)


def _f_string(x: Core, node: Any, frame: Frame) -> Any:
    parts = [x.plain(x.expr(part, frame)) for part in node.parts]
    if all(isinstance(part, (str, int)) for part in parts):
        return "".join(map(str, parts))
    return UNKNOWN


def _walrus(x: Core, node: Any, frame: Frame) -> Any:
    value = x.expr(node.value, frame)
    x.touch(frame.names)
    frame.names[node.target] = value
    return value


_TABLE: dict[type, Any] = {
    ir.Const: _const,
    ir.Name: _name,
    ir.Attr: _attr,
    ir.Call: _call,
    ir.Subscript: _subscript,
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
    ir.Walrus: _walrus,
    ir.Star: _unknown,
    ir.Slice: _unknown,
    ir.Await: _unknown,
    ir.Yield: _unknown,
    ir.Opaque: _unknown,
    ir.Keyword: _unknown,
}
