"""Executing statements."""

from __future__ import annotations

import builtins
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.evaluation import operators
from djguide_analyzers.project.models.evaluation.core import Completion, Core
from djguide_analyzers.project.models.evaluation.journal import Journal, forget
from djguide_analyzers.project.models.evaluation.values import (
    MORE,
    SCALARS,
    UNKNOWN,
    Closure,
    Frame,
    Instance,
    Raised,
    is_whole,
    join,
    truth,
)
from djguide_analyzers.project.modules import FunctionInfo

_MAX_TURNS = 300


class Statements(Core):
    """The part of the interpreter that executes statements."""

    def block(self, statements: list[ir.Stmt], frame: Frame) -> Completion:
        """Execute `statements` in order."""
        for node in statements:
            self.step()
            completion = _TABLE.get(type(node), _nothing)(self, node, frame)
            if completion is not None:
                return completion
        return None

    def assign(self, target: ir.Expr, value: Any, frame: Frame) -> None:
        """Bind `value` to a target."""
        if isinstance(target, ir.Name):
            names = self.scope_of(target.id, frame)
            self.touch(names)
            names[target.id] = value
            frame.uncertain.discard(target.id)
        elif isinstance(target, ir.Display):
            self._unpack(target, value, frame)
        elif isinstance(target, ir.Attr):
            self.set_attribute(self.expr(target.value, frame), target.name, value)
        elif isinstance(target, ir.Subscript):
            container = self.expr(target.value, frame)
            index = self.plain(self.expr(target.index, frame))
            if isinstance(container, (dict, list)):
                self._store(container, index, value)
        elif isinstance(target, ir.Star):
            self.assign(target.value, value, frame)

    def _store(self, container: dict[Any, Any] | list[Any], index: Any, value: Any) -> None:
        self.touch(container)
        if isinstance(container, dict):
            if isinstance(index, (*SCALARS, tuple)):
                container[index] = value
            else:
                container[MORE] = True
        elif isinstance(index, int) and is_whole(container) and -len(container) <= index < len(container):
            container[index] = value
        else:
            forget(container)

    def _unpack(self, target: ir.Display, value: Any, frame: Frame) -> None:
        items = self.items(value)
        starred = [n for n, item in enumerate(target.items) if isinstance(item, ir.Star)]
        if MORE in items or (len(items) != len(target.items) and not starred):
            items = [UNKNOWN] * len(target.items)
        elif starred:
            first, after = starred[0], len(target.items) - starred[0] - 1
            end = len(items) - after
            items = [*items[:first], items[first:end], *items[end:]]
        for item, part in zip(target.items, items, strict=False):
            self.assign(item, part, frame)

    def branch(self, blocks: list[list[ir.Stmt]], frame: Frame) -> Completion:
        """Execute each of `blocks` as one possibility, and join what they leave."""
        runs = [lambda block=block: self.block(block, frame) for block in blocks]
        completions = list(self.alternatives(runs, frame))
        returned = [c for c in completions if c is not None and c[0] == "return"]
        if returned and len(returned) == len(completions):
            value = returned[0][1]
            for other in returned[1:]:
                value = join(value, other[1])
            return ("return", value)
        if returned:
            frame.maybe_returned += [c[1] for c in returned]
            self.doubts += 1
        others = {c[0] if c else None for c in completions if c not in returned}
        return (next(iter(others)), None) if len(others) == 1 and None not in others else None  # type: ignore[return-value]

    def import_names(self, node: ir.Import | ir.ImportFrom, frame: Frame) -> None:
        """Bind what an import statement binds.

        Raises:
            Raised: the module cannot be there, as far as that can be known.
        """
        self.touch(frame.names)
        if isinstance(node, ir.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                frame.names[bound] = self.module_value(alias.name if alias.asname else bound)
            return
        source = frame.code.module.absolute(node.module, node.level)
        for alias in node.names:
            if source is not None and alias.name != "*":
                frame.names[alias.asname or alias.name] = self.imported(source, alias.name)


# --- one function for each kind ----------------------------------------------------------------------------


def _nothing(x: Core, node: Any, frame: Frame) -> Completion:
    return None


def _expression(x: Core, node: ir.ExprStmt, frame: Frame) -> Completion:
    x.expr(node.value, frame)
    return None


def _assign(x: Core, node: ir.Assign, frame: Frame) -> Completion:
    if node.value is None:
        return None
    mark = len(x.reads)
    value = x.expr(node.value, frame)
    if isinstance(value, Instance) and value.call is node.value:
        x.statements[id(value)] = (value, node)
    for target in node.targets:
        x.assign(target, value, frame)
        if isinstance(target, ir.Name):
            # What settings decided about an object is kept with the object, by argument.
            frame.note(target.id, frozenset() if isinstance(value, Instance) else x.read_since(mark))
    return None


def _aug_assign(x: Core, node: ir.AugAssign, frame: Frame) -> Completion:
    old = x.evaluate(node.target, frame)
    value = x.expr(node.value, frame)
    if isinstance(old, list) and node.op == "+":
        x.touch(old)
        old.extend(x.items(value))
        return None
    x.assign(node.target, operators.binary(node.op, x.plain(old), x.plain(value)), frame)
    return None


def _return(x: Core, node: ir.Return, frame: Frame) -> Completion:
    return ("return", None if node.value is None else x.expr(node.value, frame))


def _raise(x: Core, node: ir.Raise, frame: Frame) -> Completion:
    value = node.exc.func if isinstance(node.exc, ir.Call) else node.exc
    raise Raised(_exception_name(value) or "Exception")


def _exception_name(node: ir.Expr | None) -> str | None:
    if isinstance(node, ir.Name):
        return node.id
    return node.name if isinstance(node, ir.Attr) else None


def _delete(x: Core, node: ir.Delete, frame: Frame) -> Completion:
    for target in node.targets:
        if isinstance(target, ir.Name):
            x.touch(frame.names)
            frame.names.pop(target.id, None)
        elif isinstance(target, ir.Subscript):
            container, index = x.expr(target.value, frame), x.expr(target.index, frame)
            if isinstance(container, dict) and isinstance(index, SCALARS):
                x.touch(container)
                if index not in container and is_whole(container):
                    raise Raised("KeyError")
                container.pop(index, None)
        elif isinstance(target, ir.Attr):
            x.delete_attribute(x.expr(target.value, frame), target.name)
    return None


def _test(x: Core, node: ir.Expr, frame: Frame) -> bool | None:
    """Whether the test of a statement holds; one that fails does so for whoever waits for an exception."""
    return truth(x.expr(node, frame) if x.trying else x.evaluate(node, frame))


def _if(x: Core, node: ir.If, frame: Frame) -> Completion:
    mark = len(x.reads)
    known = _test(x, node.test, frame)
    if known is None:
        return x.branch([node.body, node.orelse], frame)
    taken, other = (node.body, node.orelse) if known else (node.orelse, node.body)
    if len(x.reads) > mark:
        return _supposed(x, taken, other, frame, x.read_since(mark))
    return _taken(x, taken, other, frame)


def _taken(x: Core, block: list[ir.Stmt], other: list[ir.Stmt], frame: Frame) -> Completion:
    try:
        return x.block(block, frame)
    except Raised:
        if x.trying:
            raise
        return x.block(other, frame)  # the test must have been misjudged


def _supposed(
    x: Core, block: list[ir.Stmt], other: list[ir.Stmt], frame: Frame, settings: frozenset[str]
) -> Completion:
    """Execute the likelier branch, where `settings` of uncertain value decide."""
    left_out = _left_out(x, other, frame, settings) if frame.is_class and other else {}
    before = dict(frame.names)
    x.supposing.append(settings)
    try:
        return _taken(x, block, other, frame)
    finally:
        x.supposing.pop()
        for name, value in frame.names.items():
            if name in left_out or name not in before or before[name] is not value:
                frame.uncertain.add(name)
                frame.note(name, settings | (frame.rests_on or {}).get(name, frozenset()))


def _left_out(x: Core, block: list[ir.Stmt], frame: Frame, settings: frozenset[str]) -> dict[str, Any]:
    """What the branch of a class body that is not taken would have bound; objects among it are noted."""
    journal = Journal()
    x.journals.append(journal)
    x.trying += 1
    try:
        x.block(block, frame)
    except Raised:
        pass
    finally:
        x.journals.pop()
        x.trying -= 1
        _, names = journal.take_back().get(id(frame.names), (None, {}))
    names = {name: value for name, value in names.items() if frame.names.get(name) is not value}
    for name, value in names.items():
        if isinstance(value, Instance) and frame.owner is not None:
            x.left_out.append((frame.owner, name, value, settings))
    return names


def _for(x: Core, node: ir.For, frame: Frame) -> Completion:
    items = x.items(x.expr(node.iter, frame))
    for number, item in enumerate(items):
        if item is MORE or number > _MAX_TURNS:
            x.assign(node.target, UNKNOWN, frame)
            completion = x.branch([node.body, []], frame)
            if completion is not None and completion[0] == "return":
                return completion
            break
        x.assign(node.target, item, frame)
        completion = x.block(node.body, frame)
        if completion is not None:
            if completion[0] == "break":
                return None
            if completion[0] == "return":
                return completion
    return x.block(node.orelse, frame)


def _while(x: Core, node: ir.While, frame: Frame) -> Completion:
    for _ in range(_MAX_TURNS):
        known = _test(x, node.test, frame)
        if known is False:
            return x.block(node.orelse, frame)
        if known is None:
            x.branch([node.body, []], frame)
            return None
        completion = x.block(node.body, frame)
        if completion is not None and completion[0] != "continue":
            return None if completion[0] == "break" else completion
    return None


def _with(x: Core, node: ir.With, frame: Frame) -> Completion:
    for item in node.items:
        x.evaluate(item.context, frame)
        if item.target is not None:
            x.assign(item.target, UNKNOWN, frame)
    return x.block(node.body, frame)


def _try(x: Core, node: ir.Try, frame: Frame) -> Completion:
    try:
        x.trying += 1
        try:
            completion = x.block(node.body, frame)
        finally:
            x.trying -= 1
        if completion is None:
            completion = x.block(node.orelse, frame)
    except Raised as error:
        handler = next((h for h in node.handlers if _catches(h.type, error.kind)), None)
        if handler is None:
            x.block(node.final, frame)
            raise
        if handler.name:
            x.touch(frame.names)
            frame.names[handler.name] = UNKNOWN
        completion = x.block(handler.body, frame)
    final = x.block(node.final, frame)
    return final or completion


def _catches(type_: ir.Expr | None, kind: str) -> bool:
    if type_ is None:
        return True
    if isinstance(type_, ir.Display):
        return any(_catches(item, kind) for item in type_.items)
    name = _exception_name(type_)
    if name in ("Exception", "BaseException") or name == kind:
        return True
    caught, raised = getattr(builtins, name or "", None), getattr(builtins, kind, None)
    return isinstance(caught, type) and isinstance(raised, type) and issubclass(raised, caught)


def _match(x: Core, node: ir.Match, frame: Frame) -> Completion:
    for case in node.cases:
        for name in case.names:
            frame.names[name] = UNKNOWN
    return x.branch([*[case.body for case in node.cases], []], frame)


def _import(x: Core, node: Any, frame: Frame) -> Completion:
    x.import_names(node, frame)
    return None


def _function(x: Core, node: ir.FunctionDef, frame: Frame) -> Completion:
    function = FunctionInfo(node, frame.code, frame.owner if frame.is_class else None)
    x.touch(frame.names)
    inside = frame.enclosing if frame.is_class else frame
    frame.names[node.name] = Closure(function, inside) if inside is not None else function
    return None


def _class(x: Core, node: ir.ClassDef, frame: Frame) -> Completion:
    x.touch(frame.names)
    frame.names[node.name] = x.local_class(node, frame)
    return None


def _scope(x: Core, node: ir.Scope, frame: Frame) -> Completion:
    frame.globals |= set(node.names)
    return None


def _jump(x: Core, node: ir.Jump, frame: Frame) -> Completion:
    return None if node.kind == "pass" else (node.kind, None)


_TABLE: dict[type, Any] = {
    ir.ExprStmt: _expression,
    ir.Assign: _assign,
    ir.AugAssign: _aug_assign,
    ir.Return: _return,
    ir.Raise: _raise,
    ir.Delete: _delete,
    ir.If: _if,
    ir.For: _for,
    ir.While: _while,
    ir.With: _with,
    ir.Try: _try,
    ir.Match: _match,
    ir.Import: _import,
    ir.ImportFrom: _import,
    ir.FunctionDef: _function,
    ir.ClassDef: _class,
    ir.Scope: _scope,
    ir.Jump: _jump,
}
