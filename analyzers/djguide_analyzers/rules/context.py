"""What a rule sees: one file of a project, with its scopes and traces."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Set
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.template_ir import Include, TemplateFacts
from djguide_analyzers.facts.walk import tests, walk
from djguide_analyzers.project.dependents import shared
from djguide_analyzers.project.files import is_inside
from djguide_analyzers.project.modules import BODIES_READ, QUESTIONS, ClassInfo, Code, FunctionInfo, Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.roles import is_test
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules.filed import Filed
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.rules.questions import question_called, question_name
from djguide_analyzers.rules.remembered import Kept, Remembered, made, told
from djguide_analyzers.rules.routes import is_base_only
from djguide_analyzers.source.positions import LineIndex, Range
from djguide_analyzers.trace.tracer import Trace, trace_class, trace_function, trace_top_level
from djguide_analyzers.trace.values import AbstractValue, Site

N = TypeVar("N", bound=ir.Node)
T = TypeVar("T")


class Scope:
    """A module's top level, or one function: its statements, its nodes by kind, and its trace.

    `function` is None for the top level, whose nodes stand in several chunks.
    """

    def __init__(
        self, function: FunctionInfo | None, blocks: list[tuple[list[ir.Stmt], Code]], trace: Trace
    ) -> None:
        self.function = function
        self.trace = trace
        self.blocks = blocks
        self._kept: dict[Hashable, Kept[Any]] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, kept under `key` as long as this scope is: for facts about this scope alone."""
        if key not in self._kept:
            self._kept[key] = made(make)
        return told(self._kept[key])

    @cached_property
    def _nodes(self) -> dict[type, list[tuple[ir.Node, Code]]]:
        found: dict[type, list[tuple[ir.Node, Code]]] = {}
        for block, code in self.blocks:
            for node in walk(block):
                found.setdefault(type(node), []).append((node, code))
        return found

    def nodes(self, kind: type[N]) -> list[tuple[N, Code]]:
        """All nodes of one kind in source order, with the table each stands in."""
        return self._nodes.get(kind, [])  # type: ignore[return-value]

    def tests(self) -> Iterator[tuple[ir.Expr, Code]]:
        """Expressions of which only the truth matters."""
        for kind in (ir.If, ir.While, ir.IfExp, ir.Assert, ir.Unary, ir.Clause, ir.Call):
            for node, code in self.nodes(kind):
                for test in tests(node):
                    yield test, code

    def value(self, code: Code, node: ir.Node) -> AbstractValue:
        """What the trace found `node` to be."""
        return self.trace.value(code, node)


Start = FunctionInfo | ClassInfo | None
"""What is traced: a function, what frameworks do with a class, or the top level of a file."""


class Root(NamedTuple):
    """What is traced from one start: the scopes that this enters, the start's own first, and the trace.

    A class that a framework does something with is a start without scopes; one that it leaves alone has no trace.
    `read` is what was looked at to find out.
    """

    name: str
    scopes: list[Scope]
    trace: Trace | None
    read: set[str]

    def rested_on(self) -> Root:
        """The same, which the result under way rests on from now on."""
        if (read := BODIES_READ.get()) is not None:
            read |= self.read
        return self


class FileContext:
    """One Python file of one project.

    Args:
        read: Text of any file of the workspace.
        sibling: Context of another module of the same project.
    """

    def __init__(
        self,
        project: Project,
        module: Module,
        read: Callable[[str], str | None],
        sibling: Callable[[Module], FileContext],
    ) -> None:
        self.project = project
        self.module = module
        self.path = module.path
        self._read = read
        self.sibling = sibling
        self._kept: dict[Hashable, Any] = {}
        self._during: dict[Hashable, Kept[Any]] = {}
        self._roots: dict[Start, Root] = {}
        self._by_function: dict[tuple[Callable[..., Any], FunctionInfo], Kept[Any]] = {}
        self._answered: dict[Callable[[FileContext], Any], tuple[Any, frozenset[str]]] = {}
        """Answers about this file by question, and what each looks at besides outlines."""

    def edited(self, keys: Set[str] | None) -> dict[Callable[[FileContext], Any], Any]:
        """The text has changed, and with it what `keys` stand for (`Module.keys`), or None: everything.

        Returns the answers that may be others now, and are not known any more.
        """
        gone = {
            question: answer
            for question, (answer, read) in self._answered.items()
            if keys is None or not keys.isdisjoint(read)
        }
        for question in gone:
            del self._answered[question]
        self._kept.clear()
        self._during.clear()
        self.__dict__.pop("lines", None)
        for key, kept in list(self._by_function.items()):
            if keys is None or not keys.isdisjoint(kept.bodies):
                del self._by_function[key]
        if keys is None:
            self._roots.clear()
        return gone

    def forget(self, keys: Set[str]) -> None:
        """Drop the traces that looked at something among `keys`, in whatever file."""
        for start, root in list(self._roots.items()):
            if not keys.isdisjoint(root.read):
                del self._roots[start]

    @cached_property
    def is_test(self) -> bool:
        """Whether this is test code, where the cost of a query matters little."""
        root = self.project.root
        return is_test(self.path[len(root) + 1 :] if is_inside(self.path, root) else self.path)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, kept under `key` until this file changes: for facts about this file alone."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def everywhere(self, question: Question[T]) -> list[T]:
        """What `question` answers about all files of the project, test code left out, each asked once.

        It must be a function of a module, and look at nothing but the file and outlines. A result rests on each
        answer being what it was.
        """
        name = question_name(question)

        def asked() -> list[T]:
            _note(name)
            return [item for other in self._others() for item in other.asked(question)]

        return self._answers(name, asked)

    def everywhere_about(self, name: str, question: Directory[T]) -> list[T]:
        """The same for a question whose answers are filed under names: what all files have under `name`."""
        name_of_both = f"{question_name(question)}#{name}"

        def asked() -> list[T]:
            _note(name_of_both)
            filed = self.project.shared((Filed, question), lambda: Filed(question_name(question)))
            return [
                item
                for other in filed.with_name(name, question, self._others)
                for item in other.asked(question)[name]
            ]

        return self._answers(name_of_both, asked)

    def _answers(self, name: str, asked: Callable[[], list[T]]) -> list[T]:
        """All answers to the question of that name, put together once until one of them changes."""
        known: Remembered[list[T]] = self.project.shared(_ANSWERS, Remembered)
        return known.get(name, asked)

    def _others(self) -> Iterator[FileContext]:
        contexts = (self.sibling(module) for module in self.project.modules.values())
        return (context for context in contexts if not context.is_test)

    def answer(self, question: Callable[[FileContext], T]) -> T:
        """What `question` says about this file, asked once; a result rests on what that looks at."""
        answer = self.asked(question)
        if (bodies_read := BODIES_READ.get()) is not None:
            bodies_read |= self._answered[question][1]
        return answer

    def asked(self, question: Callable[[FileContext], T]) -> T:
        """What this file answers, found out once."""
        if question not in self._answered:
            read: set[str] = set()
            collecting = BODIES_READ.set(read)
            try:
                self._answered[question] = question(self), shared(read)
            finally:
                BODIES_READ.reset(collecting)
        return self._answered[question][0]

    def changed_answers(self, before: Mapping[Callable[[FileContext], Any], Any]) -> set[str]:
        """Names of the questions, in the form `QUESTIONS` has them, that are answered otherwise than `before`."""
        if self.is_test:
            return set()
        changed: set[str] = set()
        for question, old in before.items():
            name, new = question_name(question), self.asked(question)
            if isinstance(old, dict) and isinstance(new, dict):
                changed |= {
                    f"{name}#{about}" for about in old.keys() | new.keys() if old.get(about) != new.get(about)
                }
            if old != new:
                changed.add(name)
        return changed

    def answered(self, name: str, questions: Iterable[str], *, ask: bool) -> Collection[str] | None:
        """Those of `questions`, all of that name and in the form of `QUESTIONS`, that this file has an answer to.

        None when it was not asked so far, and is not to be asked now.
        """
        question = question_called(name)
        if question is None:
            return list(questions)  # what is not there any more is asked anew by whoever rests on it
        if question not in self._answered and not ask:
            return None
        answer = {} if self.is_test else self.asked(question)
        return [each for each in questions if (answer.get(each.partition("#")[2]) if "#" in each else answer)]

    def of_functions(self, make: Callable[[FileContext, FunctionInfo], T]) -> Iterator[T]:
        """What `make` says about each function and method, kept until what it looks at changes."""
        for info in self.module.functions():
            if (make, info) not in self._by_function:
                self._by_function[make, info] = made(lambda info=info: make(self, info))
            yield told(self._by_function[make, info])

    def during_check(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, kept under `key` while this file is checked: for what several rules share."""
        if key not in self._during:
            self._during[key] = made(make)
        return told(self._during[key])

    def read(self, path: str) -> str | None:
        """Text of any file of the workspace, None when there is none."""
        if (bodies_read := BODIES_READ.get()) is not None:
            bodies_read.add(path)
        return self._read(path)

    @cached_property
    def lines(self) -> LineIndex:
        """The file's text."""
        return LineIndex(self._read(self.path) or "")

    @property
    def scopes(self) -> list[Scope]:
        """The top level and every function, nested ones included, each with the trace that enters it."""
        return [scope for root in self.roots() for scope in root.rested_on().scopes]

    @property
    def top(self) -> Scope:
        """The top level."""
        return next(self.roots()).rested_on().scopes[0]

    def scope_of(self, code: Code) -> Scope | None:
        """The scope whose statements stand in the table `code`."""
        for root in self.roots():
            for scope in root.scopes:
                if any(own == code for _, own in scope.blocks):
                    root.rested_on()
                    return scope
        return None

    @property
    def traces(self) -> Iterator[Trace]:
        """The traces of the file, one for each root."""
        for root in self.roots():
            if (trace := root.rested_on().trace) is not None:
                yield trace

    def roots(self) -> Iterator[Root]:
        """The top level of the file, its functions and methods, and what frameworks do with its classes."""
        for _, start in self.starts():
            yield self.root_of(start)

    def starts(self) -> Iterator[tuple[str, Start]]:
        """What `roots` begin at, by name, without tracing any."""
        return iter(self._starts)

    @cached_property
    def _starts(self) -> list[tuple[str, Start]]:
        found = (None, *self.module.functions(), *self.module.classes())
        return [(_name(start), start) for start in found]

    def root_of(self, start: Start) -> Root:
        """The root that begins at `start`, one of `starts`."""
        if start not in self._roots:
            self._roots[start] = self._root(start)
        return self._roots[start]

    def _root(self, start: Start) -> Root:
        module, read = self.module, set[str]()
        scopes: list[Scope] = []
        reading = BODIES_READ.set(read)
        try:
            if start is None:
                trace = trace_top_level(self.project, module)
                blocks = [(chunk.outline, Code(module, chunk)) for chunk in module.facts.chunks]
                scopes = [Scope(None, blocks, trace)]
            elif isinstance(start, ClassInfo):
                trace = None if is_base_only(self.project, start) else trace_class(self.project, start)
            else:
                trace = trace_function(self.project, start)
                scopes = list(_with_nested(start, trace))
        finally:
            BODIES_READ.reset(reading)
        return Root(_name(start), scopes, trace, read | trace.modules if trace is not None else read)

    def forget_traces(self) -> None:
        """Let go of the traces, which are large; they are made again when asked for.

        Those of a file that somebody edits are kept until they are out of date.
        """
        if not self.module.edited:
            self._roots.clear()
        self._during.clear()

    def classes(self) -> Iterator[ClassInfo]:
        return self.module.classes()

    def place(self, code: Code, node: ir.Node | int) -> Place:
        """Where a node stands, in whatever file its table belongs to."""
        return Place(code.module.path, code.range(node))

    def place_of(self, site: Site) -> Place:
        return Place(site.code.module.path, site.code.range(site.at))

    def text(self, code: Code, node: ir.Node | int) -> str:
        """Source text of a node of this file."""
        return self.lines.slice(code.range(node))

    def slice(self, range_: Range) -> str:
        return self.lines.slice(range_)

    def resolve(self, code: Code, node: ir.Expr, owner: ClassInfo | None = None) -> str | None:
        """Dotted name of what a name or attribute means at module level; None when it is not known."""
        symbol = self.project.resolver.expr(code, node, owner)
        return symbol.dotted if symbol is not None else None

    def is_own(self, site: Site) -> bool:
        """Whether a site lies in this file."""
        return site.code.module.path == self.path


Question = Callable[[FileContext], list[T]]
"""Something asked about one file."""

Directory = Callable[[FileContext], dict[str, list[T]]]
"""The same, with the answers filed under names."""

_ANSWERS = "answers"


def _note(asked: str) -> None:
    if (questions := QUESTIONS.get()) is not None:
        questions.add(asked)


class TemplateContext:
    """One template of one project, as rules about templates see it.

    Whatever is looked at through it, other templates included, is what a result rests on.
    """

    def __init__(self, project: Project, source: TemplateSource, read: Callable[[str], str | None]) -> None:
        self.project = project
        self.source = source
        self.path = source.path
        self._read = read

    @property
    def facts(self) -> TemplateFacts:
        return self.source.facts

    @cached_property
    def lines(self) -> LineIndex:
        """The template's text."""
        return LineIndex(self._read(self.path) or "")

    def place(self, node: ir.Node | int) -> Place:
        """Where a node stands, or the span of a number."""
        return Place(self.path, self.source.range(node))

    def text(self, node: ir.Node | int) -> str:
        """Source text of a node."""
        return self.lines.slice(self.source.range(node))

    def included(self, node: Include) -> TemplateContext | None:
        """The template that an ``{% include %}`` names; None when it isn't spelled out or not found."""
        source = self.project.templates.included(self.source, node)
        if source is None:
            return None
        if (read := BODIES_READ.get()) is not None:
            read.add(source.path)
        return TemplateContext(self.project, source, self._read)


class ProjectContext:
    """A whole project, as rules see it that conclude from all of its files."""

    def __init__(self, project: Project, file: Callable[[Module], FileContext]) -> None:
        self.project = project
        self.file = file


def _name(start: FunctionInfo | ClassInfo | None) -> str:
    """Tells what a root starts at from others of its file, before and after edits inside of functions."""
    match start:
        case None:
            return "#"
        case ClassInfo():
            return f"#{start.module.place(start.code.chunk, -1 - start.node.at)}"
        case FunctionInfo():
            return f"#{start.module.place(start.code.chunk, start.node.body)}"


def _with_nested(info: FunctionInfo, trace: Trace) -> Iterator[Scope]:
    """The scope of a function and those of functions defined in it, which its trace explores."""
    yield Scope(info, [(info.statements, info.body_code)], trace)
    for nested in info.nested:
        yield from _with_nested(nested, trace)
