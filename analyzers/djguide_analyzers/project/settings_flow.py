"""Branches, loops and exceptions in settings modules: every possible path is followed, and the ends joined."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.project import settings_operators as ops
from djguide_analyzers.project.settings_eval import Expressions
from djguide_analyzers.project.settings_parts import soften
from djguide_analyzers.project.settings_scope import Frame, State, join_states
from djguide_analyzers.project.settings_values import (
    Const,
    Seq,
    Symbol,
    Unknown,
    Value,
    same,
    union,
    unknown,
)

_MAX_ROUNDS = 200
_MAX_REPEATS = 3
_IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError"}


class ControlFlow(Expressions):
    """Statements that hold blocks. Each method returns whether control may go on after the statement."""

    @abstractmethod
    def run(self, statements: list[ir.Stmt], frame: Frame) -> bool:
        """Run a block; see `settings_exec.Statements`."""

    @abstractmethod
    def assign(self, target: ir.Expr, value: Value, frame: Frame) -> None:
        """Assign to any target; see `settings_exec.Statements`."""

    def control(self, node: ir.Stmt, frame: Frame) -> bool | None:
        """Run a compound statement; None when `node` is something else."""
        match node:
            case ir.If():
                return self._branch(node, frame)
            case ir.For():
                return self._for(node, frame)
            case ir.While():
                return self._while(node, frame)
            case ir.Try():
                return self._try(node, frame)
            case ir.With():
                return self._with(node, frame)
            case ir.Match():
                return self._match(node.cases, frame)
            case ir.Jump(kind=kind) if kind != "pass":
                frame.jumps.append(frame.state.copy())
                return False
        return None

    def _branch(self, node: ir.If, frame: Frame) -> bool:
        value = self.data(node.test, frame)
        test = ops.truth(value)
        if test is not None:
            return self.run(node.body if test else node.orelse, frame)

        def path(wanted: bool) -> bool:
            self._narrow(node.test, wanted, frame)
            return self.run(node.body if wanted else node.orelse, frame)

        # What holds when no variable of the environment is set comes first among the alternatives.
        first = _likely_truth(value) is not False
        return self._alternatives(frame, (lambda: path(first), lambda: path(not first)))

    def _narrow(self, test: ir.Expr, wanted: bool, frame: Frame) -> None:
        """Leave out options of names that would have made the test turn out otherwise."""
        match test:
            case ir.Name(id=name) if name in frame.state.names:
                frame.state.names[name] = ops.filtered(frame.state.names[name], wanted)
            case ir.Walrus(target=name) if name in frame.state.names:
                frame.state.names[name] = ops.filtered(frame.state.names[name], wanted)
            case ir.Unary(op="not", operand=operand):
                self._narrow(operand, not wanted, frame)
            case ir.Bool(op=op, values=values) if wanted is (op == "and"):
                for value in values:
                    self._narrow(value, wanted, frame)
            case ir.Compare(left=ir.Name(id=name), ops=[op], rights=[ir.Const(value=None)]) if op in {
                "is",
                "is not",
            }:
                self._narrow_none(name, wanted is (op == "is"), frame)

    def _narrow_none(self, name: str, is_none: bool, frame: Frame) -> None:
        value = frame.state.names.get(name)
        if value is not None:
            options = tuple(
                o for o in value.options if isinstance(o, Unknown) or (o == Const(None)) is is_none
            )
            frame.state.names[name] = Value(options, value.places) if options else value

    def _alternatives(self, frame: Frame, paths: Iterable[Callable[[], bool]]) -> bool:
        """Follow each path from the present state and join where they end."""
        start = frame.state.copy()
        ends: list[State] = []
        for path in paths:
            frame.state.become(start.copy())
            if path():
                ends.append(frame.state.copy())
        joined = join_states(ends)
        frame.state.become(joined if joined is not None else start)
        if frame.shared:
            frame.blur("a function sets global names on some paths")
        return joined is not None

    def _maybe(self, frame: Frame, path: Callable[[], bool]) -> None:
        """Follow a path that may not be taken."""
        self._alternatives(frame, (path, lambda: True))

    def _match(self, cases: list[ir.Case], frame: Frame) -> bool:
        def path(case: ir.Case) -> bool:
            for name in case.names:
                frame.set(name, unknown("match"))
            return self.run(case.body, frame)

        paths = [lambda case=case: path(case) for case in cases]
        return self._alternatives(frame, (*paths, lambda: True))

    def _for(self, node: ir.For, frame: Frame) -> bool:
        items, is_open = self.iterate(self.data(node.iter, frame))

        def round_of(value: Value) -> bool:
            self.assign(node.target, value, frame)
            return self._loop_body(node.body, frame)

        for item in items[:_MAX_ROUNDS]:
            if not item.certain:
                self._maybe(frame, lambda value=item.value: round_of(value))
            elif not round_of(item.value):
                return False
        if is_open or len(items) > _MAX_ROUNDS:
            self._repeat(frame, lambda: round_of(unknown("loop")))
        return self.run(node.orelse, frame)

    def _while(self, node: ir.While, frame: Frame) -> bool:
        self._repeat(frame, lambda: self._loop_body(node.body, frame))
        return self.run(node.orelse, frame)

    def _repeat(self, frame: Frame, round_of: Callable[[], bool]) -> None:
        """Any number of rounds: repeated until nothing changes any more, or else what changes is given up."""
        changed: list[str] = []
        for _ in range(_MAX_REPEATS):
            before = frame.state.names
            self._maybe(frame, round_of)
            changed = [name for name, value in frame.state.names.items() if not same(before.get(name), value)]
            if not changed:
                return
        for name in changed:
            value = frame.state.names[name]
            options = [Value((soften(option),), value.places) for option in value.options]
            lists = all(isinstance(option, Seq) for option in value.options)
            frame.state.names[name] = union(options if lists else (*options, unknown("loop")))

    def _loop_body(self, body: list[ir.Stmt], frame: Frame) -> bool:
        """One round; ``break`` and ``continue`` are paths to its end."""
        outer, frame.jumps = frame.jumps, []
        ends = [frame.state.copy()] if self.run(body, frame) else []
        joined = join_states([*ends, *frame.jumps])
        frame.jumps = outer
        if joined is not None:
            frame.state.become(joined)
        return joined is not None

    def _with(self, node: ir.With, frame: Frame) -> bool:
        suppressed: list[ir.Handler] = []
        for item in node.items:
            self.eval(item.context, frame)
            if item.target is not None:
                self.assign(item.target, unknown("with"), frame)
            call = item.context
            if isinstance(call, ir.Call) and self.eval(call.func, frame).only == Symbol(
                "contextlib.suppress"
            ):
                suppressed += [ir.Handler(call.at, arg, None, []) for arg in call.args]
        if not suppressed:
            return self.run(node.body, frame)
        return self._try(ir.Try(node.at, node.body, suppressed, [], []), frame)

    def _try(self, node: ir.Try, frame: Frame) -> bool:
        caught = [_caught(handler.type) for handler in node.handlers]
        guards = "import" in caught or "any" in caught
        outer, frame.raised = frame.raised, []
        frame.guards += guards
        start = frame.state.copy()
        goes_on = self.run(node.body, frame)
        frame.guards -= guards
        failed_imports, frame.raised = frame.raised, outer
        anywhere = [start, frame.state.copy()] if _may_raise(node.body) else []
        ends = [frame.state.copy()] if goes_on and self.run(node.orelse, frame) else []
        for kind, handler in zip(caught, node.handlers, strict=True):
            states = [*(failed_imports if kind != "other" else ()), *(anywhere if kind != "import" else ())]
            before = join_states(states)
            if before is None:
                continue
            frame.state.become(before.copy())
            if handler.name:
                frame.set(handler.name, unknown("exception"))
            if self.run(handler.body, frame):
                ends.append(frame.state.copy())
        joined = join_states(ends)
        frame.state.become(joined if joined is not None else start)
        return self.run(node.final, frame) and joined is not None


def _caught(node: ir.Expr | None) -> Literal["import", "any", "other"]:
    """Which exceptions a handler catches, as far as imports are concerned."""
    if node is None:
        return "any"
    names = [
        item.id
        for item in (node.items if isinstance(node, ir.Display) else [node])
        if isinstance(item, ir.Name)
    ]
    if not {"Exception", "BaseException"}.isdisjoint(names):
        return "any"
    if names and _IMPORT_ERRORS.issuperset(names):
        return "import"
    return "any" if not _IMPORT_ERRORS.isdisjoint(names) else "other"


def _may_raise(statements: list[ir.Stmt]) -> bool:
    """Whether a block does more than import and assign literals."""
    return any(
        not isinstance(statement, (ir.Import, ir.ImportFrom))
        and not (
            isinstance(statement, ir.Assign) and isinstance(statement.value, (ir.Const, ir.Display, ir.Dict))
        )
        for statement in statements
    )


def _likely_truth(value: Value) -> bool | None:
    """Truth of a value as far as it is told, such as by an environment variable's default."""
    told = tuple(option for option in value.options if not isinstance(option, Unknown))
    return ops.truth(Value(told)) if told else None
