"""Tracing a module: each of its functions by itself, and its top level."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.trace import annotations, inheritance, statements, summaries
from djguide_analyzers.trace.decorators import is_atomic
from djguide_analyzers.trace.events import Called, Event
from djguide_analyzers.trace.frame import BudgetSpent, Frame, Run
from djguide_analyzers.trace.frameworks import admin, django_views, forms, rest_framework
from djguide_analyzers.trace.values import UNKNOWN, AbstractValue, Mapping, ObjectValue, Site

T = TypeVar("T")


@dataclass(eq=False)
class Trace:
    """What one root does.

    Attributes:
        function: The root; None for a module's top level.
        events: What happens, in order; what calls do besides stands behind `Called`.
        complete: False when the budget ended it early.
        modules: What was looked at besides outlines, as in `Run`.
        rendered: The templates that the root itself renders, with the variables it gives them.
    """

    project: Project = field(repr=False)
    function: FunctionInfo | None
    events: list[Event] = field(default_factory=list)
    complete: bool = True
    modules: frozenset[str] = frozenset()
    rendered: tuple[tuple[TemplateSource, Mapping], ...] = ()
    _values: dict[Code, dict[int, AbstractValue]] = field(default_factory=dict, repr=False)
    _kept: dict[Callable[[Trace], object], object] = field(default_factory=dict, repr=False)

    def once(self, make: Callable[[Trace], T]) -> T:
        """What `make` says of the trace alone, asked once."""
        if make not in self._kept:
            self._kept[make] = make(self)
        return self._kept[make]  # type: ignore[return-value]

    def inside(
        self, event: Called, depth: int = summaries.MAX_STACK, kinds: summaries.Kinds | None = None
    ) -> Iterator[Event]:
        """What a call does besides the events around it, in up to `depth` calls inside one another.

        Those who want certain kinds of events should say so: telling the others costs time.
        """
        return summaries.expanded(self.project, event, depth, kinds)

    def everything(self) -> Iterator[Event]:
        """What happens, in order, in called functions as well."""
        for event in self.events:
            if isinstance(event, Called):
                yield from self.inside(event)
            else:
                yield event

    def value(self, code: Code, node: ir.Node) -> AbstractValue:
        """What `node` was found to be; unknown when it was not reached."""
        return self._values.get(code, {}).get(node.at, UNKNOWN)

    def values_in(self, path: str) -> Iterator[tuple[Site, AbstractValue]]:
        """What is known in the file at `path`, a module or a template, and where."""
        for code, values in self._values.items():
            if code.module.path == path:
                yield from ((Site(code, at), value) for at, value in values.items())


def trace_function(project: Project, info: FunctionInfo) -> Trace:
    """Trace `info` as if called from anywhere."""
    run = Run(project)
    with run.reading():
        receiver = annotations.receiver_of(Frame(run, info.code, owner=info.owner), info)
        frame = _entered(run, info, receiver)
        if isinstance(receiver, ObjectValue):
            rest_framework.note_action(frame, receiver, info)
    return _traced(run, info, lambda: statements.execute(frame, info.statements))


def _entered(run: Run, info: FunctionInfo, receiver: AbstractValue) -> Frame:
    """A frame for `info`, of whose caller nothing is known."""
    atomic = bool(info.node.decorators) and is_atomic(run.project, info)
    frame = Frame(
        run,
        info.body_code,
        function=info,
        transactions=(None,) if atomic else (),
        owner=info.owner,
        receiver=receiver,
    )
    bound = [receiver] if info.owner is not None and receiver is not UNKNOWN else []
    annotations.bind_parameters(frame, info, bound, {}, explore=True)
    return frame


def trace_class(project: Project, cls: ClassInfo) -> Trace | None:
    """Trace what others do with a class: frameworks answer a request to a view, show the list of an admin class or
    render a form, and loops that it inherits call its methods; None for any other class.
    """
    run = Run(project)
    frame = Frame(run, cls.code, owner=cls)
    uses: list[Callable[[], object]] = []
    view = ObjectValue(cls, run.new_identity())
    if django_views.is_template_view(frame, cls):
        uses.append(lambda: django_views.show(frame, view))
    elif admin.is_listed(project, cls):
        uses.append(lambda: admin.show_lists(frame, cls))
    elif forms.is_form(project, cls):
        uses.append(lambda: forms.show_choices(frame, cls))
    uses += rest_framework.answers(frame, cls)
    inherited = [*rest_framework.inherited_actions(project, cls), *inheritance.loops_with_hooks(project, cls)]
    uses += [partial(_inherited, run, cls, info) for info in dict.fromkeys(inherited)]
    return _traced(run, None, lambda: [use() for use in uses]) if uses else None


def _inherited(run: Run, cls: ClassInfo, info: FunctionInfo) -> None:
    """What a method that `cls` inherits does, called on an instance of it."""
    receiver = ObjectValue(cls, run.new_identity())
    frame = _entered(run, info, receiver)
    rest_framework.note_action(frame, receiver, info)
    statements.execute(frame, info.statements)


def trace_top_level(project: Project, module: Module) -> Trace:
    """Trace what importing `module` does, class bodies included."""
    run = Run(project)

    def execute() -> None:
        frame: Frame | None = None
        for chunk in module.facts.chunks:
            code = Code(module, chunk)
            if frame is None:
                frame = Frame(run, code)
            frame.move_to(code)
            for statement in _plain(chunk.outline):
                statements.execute(frame, [statement])

    return _traced(run, None, execute)


def trace_statements(project: Project, code: Code, block: list[ir.Stmt], owner: ClassInfo | None) -> Trace:
    """Trace statements of a module's top level, or of the body of class `owner`, by themselves."""
    run = Run(project)

    def execute() -> None:
        statements.execute(Frame(run, code, owner=owner), list(_plain(block)))

    return _traced(run, None, execute)


def _traced(run: Run, function: FunctionInfo | None, execute: Callable[[], object]) -> Trace:
    complete = True
    try:
        with run.reading():
            execute()
    except (BudgetSpent, RecursionError):
        complete = False
    rendered = tuple(run.rendered)
    return Trace(run.project, function, run.events, complete, frozenset(run.modules), rendered, run.values)


def _plain(block: list[ir.Stmt]) -> Iterator[ir.Stmt]:
    """Statements of a module's or class's body other than definitions, those of class bodies included."""
    for node in block:
        if isinstance(node, ir.ClassDef):
            yield from _plain(node.body)
        elif not isinstance(node, (ir.FunctionDef, ir.Import, ir.ImportFrom)):
            yield node


def trace_module(project: Project, module: Module) -> Iterator[Trace]:
    """All traces of `module`, its top level first."""
    yield trace_top_level(project, module)
    for info in module.functions():
        yield trace_function(project, info)
    for cls in module.classes():
        if (trace := trace_class(project, cls)) is not None:
            yield trace
