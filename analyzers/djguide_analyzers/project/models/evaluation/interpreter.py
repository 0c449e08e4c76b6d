"""The interpreter: names, attributes and the state that evaluations share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.evaluation.attributes import Attributes
from djguide_analyzers.project.models.evaluation.calls import Calls
from djguide_analyzers.project.models.evaluation.expressions import Expressions
from djguide_analyzers.project.models.evaluation.journal import Journal, merge
from djguide_analyzers.project.models.evaluation.statements import Statements
from djguide_analyzers.project.models.evaluation.values import UNKNOWN, Exhausted, Frame, Raised
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.project.resolve import Resolver

_STEPS = 200_000
"""Statements and calls that one evaluation from outside may take."""
_DEPTH = 40
_NESTED = 25


@dataclass
class Origin:
    """What evaluated code can ask of the project around it.

    Attributes:
        setting: Value of a setting by name, `UNKNOWN` when it cannot be known.
        model_attribute: Value of an attribute that only model classes have (``_meta``), by class and name;
            raises KeyError when it is none of them.
        get_model: ``apps.get_model``'s answer for a label.
        is_installed: ``apps.is_installed``'s answer for an app's name; None when that is not known.
        on_class: Called for each class that evaluated code makes, by a statement or by ``type()``.
        app_configs: ``apps.app_configs``.
        natives: Functions by dotted name that are not evaluated but called: ``call(interpreter, args, kwargs)``.
        values: Values by dotted name that are taken as they are.
    """

    setting: Callable[[str], Any] = lambda name: UNKNOWN
    model_attribute: Callable[[ClassInfo, str], Any] | None = None
    get_model: Callable[[str], Any] = lambda label: UNKNOWN
    is_installed: Callable[[str], bool | None] = lambda name: None
    on_class: Callable[[ClassInfo], None] = lambda cls: None
    app_configs: Callable[[], dict[str, Any]] = dict
    natives: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


class Interpreter(Expressions, Statements, Calls, Attributes):
    """Evaluates definitions of one project.

    Args:
        resolver: Finds modules, classes and functions.
        origin: The project's settings, apps and models.
    """

    def __init__(self, resolver: Resolver, origin: Origin | None = None) -> None:
        self.resolver = resolver
        self.origin = origin or Origin()
        self.journals: list[Journal] = []
        self.depth = 0
        self.steps = 0
        self.trying = 0
        self.nested = 0
        self.init_state()

    def evaluate(self, node: ir.Expr, frame: Frame) -> Any:
        """`node`'s value; `UNKNOWN` also where evaluating it fails or takes too long."""
        return self.bounded(lambda: self.expr(node, frame))

    def bounded(self, function: Callable[[], Any], default: Any = UNKNOWN) -> Any:
        """What `function` returns, within the limits of one evaluation; `default` where it fails."""
        outermost = self.depth == 0
        if outermost:
            self.steps = 0
        state = (self.depth, list(self.journals), self.trying)
        try:
            self.depth += 1
            return function()
        except Raised:
            return default
        except (Exhausted, RecursionError):
            if not outermost:
                raise
            return default
        finally:
            self.depth, self.journals, self.trying = state

    def apart(self, function: Callable[[], Any], default: Any = UNKNOWN) -> Any:
        """`bounded`, independent of the evaluation that is running.

        For what is evaluated once and kept, such as a module's values: it must not be undone with a branch that
        happened to ask for it first, nor pay with that evaluation's steps.
        """
        state = (self.depth, self.journals, self.trying, self.steps)
        self.nested += 1
        if self.nested > _NESTED:
            self.nested -= 1
            return default
        self.depth, self.journals, self.trying, self.steps = 0, [], 0, 0
        try:
            return self.bounded(function, default)
        finally:
            self.depth, self.journals, self.trying, self.steps = state
            self.nested -= 1

    def step(self) -> None:
        """Count one step of the evaluation that is running."""
        self.steps += 1
        if self.steps > _STEPS:
            raise Exhausted

    def enter(self) -> None:
        """One call deeper."""
        self.depth += 1
        if self.depth > _DEPTH:
            raise Exhausted

    def touch(self, container: Any) -> None:
        """To be called before a list, dictionary or set changes."""
        if self.journals:
            self.journals[-1].touch(container)

    def alternatives(self, runs: list[Callable[[], Any]], frame: Frame) -> Iterator[Any]:
        """Run each of `runs` from the same state and leave the joined one; yields what they return.

        A run that raises contributes nothing, unless all of them do.
        """
        outcomes: list[dict[int, tuple[Any, Any]]] = []
        results: list[Any] = []
        failure: Raised | None = None
        for run in runs:
            journal = Journal()
            self.journals.append(journal)
            self.trying += 1
            try:
                results.append(run())
                kept = True
            except Raised as error:
                failure, kept = error, False
            finally:
                self.journals.pop()
                self.trying -= 1
            after = journal.take_back()
            if kept:
                outcomes.append(after)
        if not outcomes and failure is not None:
            raise failure
        for container, maybe in merge(outcomes, self.touch):
            if container is frame.names:
                frame.uncertain |= {name for name in maybe if isinstance(name, str)}
        yield from results

    def frame_of(self, cls: ClassInfo) -> Frame:
        """A frame in which the body of `cls` can be evaluated one member at a time."""
        return Frame(cls.code, {}, self.enclosing.get(cls), cls, None, True, True)

    def module_frame(self, code: Code) -> Frame:
        """A frame at the top level of a module."""
        return Frame(code, {})
