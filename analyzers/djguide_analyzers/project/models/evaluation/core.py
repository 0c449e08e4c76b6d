"""State and limits of evaluations, and what their parts expect of each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.evaluation.journal import Journal, merge
from djguide_analyzers.project.models.evaluation.values import (
    UNKNOWN,
    Exhausted,
    Frame,
    Instance,
    Raised,
    Unknown,
)
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Module
from djguide_analyzers.project.resolve import Resolver, Symbol

_STEPS = 200_000
"""Statements and calls that one evaluation from outside may take."""
_DEPTH = 40
_NESTED = 25
PENDING = object()
"""Marks what is not in a cache."""

Completion = tuple[str, Any] | None
"""How a block ends: None when it runs through, else ``return`` with a value, ``break`` or ``continue``."""


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
        import_module: Called with the name of each module that evaluated code imports by ``import_module()``.
        natives: Functions by dotted name that are not evaluated but called: ``call(interpreter, args, kwargs)``.
        values: Values by dotted name that are taken as they are.
    """

    setting: Callable[[str], Any] = lambda name: UNKNOWN
    model_attribute: Callable[[ClassInfo, str], Any] | None = None
    get_model: Callable[[str], Any] = lambda label: UNKNOWN
    is_installed: Callable[[str], bool | None] = lambda name: None
    on_class: Callable[[ClassInfo], None] = lambda cls: None
    app_configs: Callable[[], dict[str, Any]] = dict
    import_module: Callable[[str], None] = lambda name: None
    natives: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


class Core(ABC):
    """What all parts of the interpreter share.

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
        """How many ``try`` statements and undecided branches wait for an exception."""
        self.doubts = 0
        """How many of the running functions may have returned already."""
        self.nested = 0
        self.enclosing: dict[ClassInfo, Frame] = {}
        """Frames of the functions that classes were defined in."""
        self.overlays: dict[ClassInfo, dict[str, Any]] = {}
        """Class attributes that evaluated code set, and all attributes of classes made by ``type()``."""
        self.module_overlays: dict[str, dict[str, Any]] = {}
        self.settings: dict[str, Any] = {}
        """Settings that evaluated code has set."""
        self.statements: dict[int, tuple[Instance, ir.Stmt]] = {}
        """Where an instance was assigned, by its identity."""
        self.namespaces: dict[ClassInfo, Frame] = {}
        """Executed class bodies."""
        self.made: dict[Any, Instance] = {}
        """Objects of Django's own field classes, by class and arguments."""
        self.site: Code | None = None
        """Where the last call of a built-in function stands."""
        self.executing: Module | None = None
        """The module whose top level is being executed."""
        self.reads: list[str] = []
        """Settings whose value is not certain, in the order in which evaluated code read them."""
        self.argument_reads: dict[int, dict[Any, frozenset[str]]] = {}
        """Such settings by argument, for the calls whose arguments have been evaluated."""
        self.rests_on: dict[Any, frozenset[str]] = {}
        """Such settings that a remembered value was made with, by what it is remembered under."""
        self.conditional: dict[tuple[str, str], frozenset[str]] = {}
        """Top-level names, by their module's path, that are only bound under a condition that is not certain,
        with the settings that decide."""
        self.supposing: list[frozenset[str]] = []
        """Such settings that led to the statements which are executed."""
        self.lost: list[tuple[Code, ir.Call]] = []
        """Calls that add something to a model class nobody can tell, or something nobody can tell."""
        self.left_out: list[tuple[ClassInfo, str, Instance, frozenset[str]]] = []
        """What class bodies would hold if such settings had another value: class, name, object, settings."""
        self.defining: set[ClassInfo] = set()
        """Classes that are being made, so that no name is bound to them yet."""
        self.making: list[ClassInfo] = []
        """Classes, other than models, whose metaclass is running."""
        self.completed: set[ClassInfo] = set()
        """Such classes whose metaclass has run."""
        self._globals: dict[tuple[str, str], Any] = {}
        self._class_values: dict[tuple[ClassInfo, str], Any] = {}
        self._changed: dict[str, set[str]] = {}
        self._intercepting: dict[ClassInfo, tuple[ClassInfo, Any] | None] = {}
        """Classes and what they define as ``__getattribute__``."""

    def evaluate(self, node: ir.Expr, frame: Frame) -> Any:
        """`node`'s value; `UNKNOWN` also where evaluating it fails or takes too long."""
        return self.bounded(lambda: self.expr(node, frame))

    def bounded(self, function: Callable[[], Any], default: Any = UNKNOWN) -> Any:
        """What `function` returns, within the limits of one evaluation; `default` where it fails."""
        outermost = self.depth == 0
        if outermost:
            self.steps = 0
        state = (self.depth, list(self.journals), self.trying, self.doubts)
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
            self.depth, self.journals, self.trying, self.doubts = state

    def apart(self, function: Callable[[], Any], default: Any = UNKNOWN) -> Any:
        """`bounded`, independent of the evaluation that is running.

        For what is evaluated once and kept, such as a module's values: it must not be undone with a branch that
        happened to ask for it first, nor pay with that evaluation's steps.
        """
        state = (self.depth, self.journals, self.trying, self.steps, self.doubts)
        supposing, self.supposing = self.supposing, []
        self.nested += 1
        if self.nested > _NESTED:
            self.nested -= 1
            self.supposing = supposing
            return default
        self.depth, self.journals, self.trying, self.steps, self.doubts = 0, [], 0, 0, 0
        try:
            return self.bounded(function, default)
        finally:
            self.depth, self.journals, self.trying, self.steps, self.doubts = state
            self.supposing = supposing
            self.nested -= 1

    def spared(self, function: Callable[[], Any]) -> Any:
        """What `function` returns; `UNKNOWN` where it takes too long, and only that.

        So what is made directly by an evaluation from outside is not lost with one of its arguments.
        """
        if self.depth != 1:
            return function()
        state = (self.depth, list(self.journals), self.trying, self.doubts)
        try:
            return function()
        except (Exhausted, RecursionError):
            self.depth, self.journals, self.trying, self.doubts = state
            self.steps = 0
            return UNKNOWN

    def noting(self, key: Any, function: Callable[[], Any]) -> Any:
        """What `function` returns, to be remembered under `key`, with the uncertain settings that it read."""
        mark = len(self.reads)
        value = function()
        if len(self.reads) > mark:
            self.rests_on[key] = self.read_since(mark)
        return value

    def recall(self, key: Any) -> None:
        """Something remembered under `key` is used: so are the settings that it rests on."""
        if key in self.rests_on:
            self.reads += self.rests_on[key]

    def read_since(self, mark: int) -> frozenset[str]:
        """Uncertain settings read since there were `mark` entries in `reads`."""
        return frozenset(self.reads[mark:])

    @property
    def in_doubt(self) -> bool:
        """Whether what is evaluated now may not be executed at all."""
        return self.doubts > 0 or bool(self.journals)

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
        if frame.is_class:
            self._keep_objects(frame, [after.get(id(frame.names), (None, {}))[1] for after in outcomes])
        yield from results

    def _keep_objects(self, frame: Frame, bodies: list[dict[str, Any]]) -> None:
        """Let a class have the first of the objects that each of `bodies` binds to a name, not certain as it is.

        So it has a field of that name, whichever it may be.
        """
        for name, value in bodies[0].items() if len(bodies) > 1 else ():
            others = [body.get(name) for body in bodies]
            if isinstance(frame.names.get(name), Unknown) and all(isinstance(o, Instance) for o in others):
                frame.names[name] = value
                frame.uncertain.add(name)

    def frame_of(self, cls: ClassInfo) -> Frame:
        """A frame in which the body of `cls` can be evaluated one member at a time."""
        return Frame(cls.code, {}, self.enclosing.get(cls), cls, None, True, True)

    def module_frame(self, code: Code) -> Frame:
        """A frame at the top level of a module."""
        return Frame(code, {})

    # --- implemented by the parts ---

    @abstractmethod
    def expr(self, node: ir.Expr, frame: Frame) -> Any: ...

    @abstractmethod
    def items(self, value: Any) -> list[Any]: ...

    @abstractmethod
    def block(self, statements: list[ir.Stmt], frame: Frame) -> Completion: ...

    @abstractmethod
    def assign(self, target: ir.Expr, value: Any, frame: Frame) -> None: ...

    @abstractmethod
    def name(self, name: str, frame: Frame) -> Any: ...

    @abstractmethod
    def scope_of(self, name: str, frame: Frame) -> dict[str, Any]: ...

    @abstractmethod
    def global_value(self, module: Module, name: str) -> Any: ...

    @abstractmethod
    def symbol_value(self, symbol: Symbol | None) -> Any: ...

    @abstractmethod
    def module_value(self, dotted: str) -> Any: ...

    @abstractmethod
    def imported(self, source: str, name: str) -> Any: ...

    @abstractmethod
    def attribute(self, value: Any, name: str) -> Any: ...

    @abstractmethod
    def instance_attribute(self, value: Instance, name: str) -> Any: ...

    @abstractmethod
    def set_attribute(self, value: Any, name: str, content: Any) -> None: ...

    @abstractmethod
    def delete_attribute(self, value: Any, name: str) -> None: ...

    @abstractmethod
    def has_attribute(self, value: Any, name: str) -> bool | None: ...

    @abstractmethod
    def plain(self, value: Any) -> Any: ...

    @abstractmethod
    def subscript(self, value: Any, index: Any) -> Any: ...

    @abstractmethod
    def special(self, value: Instance, name: str, args: list[Any]) -> Any: ...

    @abstractmethod
    def enum_members(self, value: Any) -> list[Any] | None: ...

    @abstractmethod
    def find(
        self, cls: ClassInfo, name: str, after: ClassInfo | None = None
    ) -> tuple[ClassInfo, Any] | None: ...

    @abstractmethod
    def readable(self, cls: ClassInfo) -> bool: ...

    @abstractmethod
    def told(self, cls: ClassInfo) -> bool: ...

    @abstractmethod
    def class_value(self, cls: ClassInfo, name: str) -> Any: ...

    @abstractmethod
    def namespace(self, cls: ClassInfo) -> Frame: ...

    @abstractmethod
    def bind(self, raw: Any, receiver: Any, owner: ClassInfo) -> Any: ...

    @abstractmethod
    def bind_to_class(self, raw: Any, cls: ClassInfo, owner: ClassInfo) -> Any: ...

    @abstractmethod
    def bind_to_metaclass(self, raw: Any, cls: ClassInfo, owner: ClassInfo) -> Any: ...

    @abstractmethod
    def metaclass(self, cls: ClassInfo) -> Any: ...

    @abstractmethod
    def complete(self, cls: ClassInfo) -> None: ...

    @abstractmethod
    def call(
        self, function: Any, args: list[Any], kwargs: dict[Any, Any], code: Code | None = None,
        node: ir.Call | None = None,
    ) -> Any:  # fmt: skip
        ...

    @abstractmethod
    def invoke(
        self, function: FunctionInfo | ir.Lambda, enclosing: Frame | None, owner: ClassInfo | None,
        args: list[Any], kwargs: dict[Any, Any],
    ) -> Any:  # fmt: skip
        ...

    @abstractmethod
    def arguments(self, node: ir.Call, frame: Frame) -> tuple[list[Any], dict[Any, Any]]: ...

    @abstractmethod
    def comprehension(self, node: ir.Comp, frame: Frame) -> Any: ...

    @abstractmethod
    def super_of(self, frame: Frame) -> Any: ...

    @abstractmethod
    def local_class(self, node: ir.ClassDef, frame: Frame) -> Any: ...

    @abstractmethod
    def make_class(self, name: Any, bases: Any, attrs: Any, metaclass: ClassInfo | None = None) -> Any: ...

    @abstractmethod
    def import_names(self, node: ir.Import | ir.ImportFrom, frame: Frame) -> None: ...

    @abstractmethod
    def branch(self, blocks: list[list[ir.Stmt]], frame: Frame) -> Completion: ...
