"""Running the rules over one project."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping, Set
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args, get_type_hints

from msgspec import Struct, msgpack

from djguide_analyzers.engine.config import Config
from djguide_analyzers.engine.report import Problem
from djguide_analyzers.engine.verify import Facts, verified
from djguide_analyzers.project.interruption import Cancelled, checkpoint
from djguide_analyzers.project.module_keys import is_moving
from djguide_analyzers.project.modules import BODIES_READ, QUESTIONS, Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules import registry
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.context import (
    FileContext,
    ProjectContext,
    Root,
    TemplateContext,
)
from djguide_analyzers.rules.finding import Finding, Place
from djguide_analyzers.rules.questions import question_name
from djguide_analyzers.rules.remembered import made
from djguide_analyzers.source.positions import LineIndex, Position, Range

Read = Callable[[str], str | None]
T = TypeVar("T")


class Checked(Struct, frozen=True):
    """What the rules found starting from one file, and what this rests on.

    Attributes:
        read: Paths of the files it rests on.
        questions: Names of what was asked about all files: it rests on every answer being what it was.
        collected: What the file contributes to findings about the whole project, encoded, by the name of the
            function that says so.
    """

    findings: list[Finding]
    read: frozenset[str]
    questions: frozenset[str] = frozenset()
    problems: list[Problem] = []
    collected: dict[str, bytes] = {}


def _decoded(collect: Callable[..., Any], contributed: list[dict[str, bytes]]) -> list[Any]:
    """What `collect` said about all files, in the types that it promises."""
    (kind,) = get_args(get_type_hints(collect)["return"])
    decoder = msgpack.Decoder(list[kind])
    name = question_name(collect)
    return [
        item for collected in contributed if name in collected for item in decoder.decode(collected[name])
    ]


def _collecting(rules: Iterable[registry.Entry]) -> dict[str, registry.Entry]:
    """The rules that collect, one for each function that does it, by its name."""
    return {question_name(entry.collect): entry for entry in rules if entry.collect is not None}


def files_named(finding: Finding) -> set[str]:
    """Files that a finding names: its positions hold only while these stay as they are."""
    places = [finding.place, *(related.place for related in finding.related)]
    if finding.access is not None:
        places.append(finding.access)
    return {place.path for place in places} | {edit.path for fix in finding.fixes for edit in fix.edits}


@dataclass
class Checker:
    """Checks the files of one project with the selected rules.

    `problems` collects rules that raised: one such error costs that rule on that file, nothing else.
    """

    project: Project
    config: Config
    read: Read
    problems: list[Problem] = field(default_factory=list)
    _contexts: dict[str, FileContext] = field(default_factory=dict)

    def selected(self) -> list[registry.Entry]:
        """The rules to run on this project: selected, and made for its version of Django."""
        version = self.project.version
        return [
            entry
            for entry in registry.all_rules()
            if self.config.is_selected(entry.code, entry.practice, entry.rule.default)
            and not (entry.rule.django and version is not None and version.within(entry.rule.django) is False)
        ]

    def context(self, module: Module) -> FileContext:
        """The context of a module, made once."""
        context = self._contexts.get(module.path)
        if context is None:
            context = FileContext(self.project, module, self.read, self.context)
            self._contexts[module.path] = context
        return context

    def check(self, module: Module, rules: list[registry.Entry]) -> Checked:
        """Findings of `rules` whose evidence starts in `module`, fixes verified."""
        context = self.context(module)
        findings: list[Finding] = []
        collected: dict[str, bytes] = {}
        bodies_read: set[str] = set()
        questions: set[str] = set()
        before = len(self.problems)
        collecting, asking = BODIES_READ.set(bodies_read), QUESTIONS.set(questions)
        try:
            roots = list(context.roots()) if any(e.check_scope or e.check_trace for e in rules) else []
            for entry in rules:
                findings += self._of_file(entry, context)
                if entry.check_scope or entry.check_trace:
                    for root in roots:
                        self._of_root(entry, context, root, findings)
            for name, entry in _collecting(rules).items():
                collected[name] = self._collected(entry, context)
            ran = (trace.modules for trace in context.traces)
            read = self._rests_on(module.path, findings).union(bodies_read, *ran)
        finally:
            BODIES_READ.reset(collecting)
            QUESTIONS.reset(asking)
            context.forget_traces()
        return Checked(findings, frozenset(read), frozenset(questions), self.problems[before:], collected)

    def check_pieces(
        self,
        module: Module,
        rules: list[registry.Entry],
        pieces: MutableMapping[str, Checked],
        *,
        collect: bool,
    ) -> Checked:
        """The same for a file to be checked often, in pieces that rest on as little as each of them looked at.

        `pieces` are those known, by name; what is missing is added. Without `collect`, nothing is collected yet.
        """
        context = self.context(module)
        try:
            names = self._complete(context, rules, pieces, collect=collect)
        finally:
            context.forget_traces()
        used = [pieces[name] for name in names]
        collected: dict[str, bytes] = {}
        for piece in used:
            collected |= piece.collected
        return Checked(
            [finding for piece in used for finding in piece.findings],
            frozenset[str]().union(*(piece.read for piece in used)),
            frozenset[str]().union(*(piece.questions for piece in used)),
            [problem for piece in used for problem in piece.problems],
            collected,
        )

    def _complete(
        self,
        context: FileContext,
        rules: list[registry.Entry],
        pieces: MutableMapping[str, Checked],
        *,
        collect: bool,
    ) -> list[str]:
        """Add what is missing to the `pieces` of a file; the names of all that count."""
        names: list[str] = []
        for entry in rules:
            if entry.check is not None:
                names.append(entry.code)
                if entry.code not in pieces:
                    pieces[entry.code] = self._piece(
                        context, lambda entry=entry: self._of_file(entry, context)
                    )
        by_root = [entry for entry in rules if entry.check_scope or entry.check_trace]
        for name, start in context.starts():
            names.append(name)
            if name not in pieces:
                pieces[name] = self._piece(
                    context, lambda start=start: self._of_roots(by_root, context, context.root_of(start))
                )
        for name, entry in _collecting(rules).items() if collect else ():
            names.append(name)
            if name not in pieces:
                pieces[name] = self._collecting_piece(name, entry, context)
        return names

    def _piece(self, context: FileContext, find: Callable[[], Iterable[Finding]]) -> Checked:
        """What `find` finds and what that rests on; where places move to is looked after by others."""
        before = len(self.problems)
        found = made(lambda: list(find()))
        read = self._rests_on(context.path, found.value) | {key for key in found.bodies if not is_moving(key)}
        return Checked(found.value, frozenset(read), frozenset(found.questions), self.problems[before:])

    def _collecting_piece(self, name: str, entry: registry.Entry, context: FileContext) -> Checked:
        before = len(self.problems)
        found = made(lambda: self._collected(entry, context))
        problems, collected = self.problems[before:], {name: found.value}
        return Checked([], frozenset(found.bodies), frozenset(found.questions), problems, collected)

    def _of_file(self, entry: registry.Entry, context: FileContext) -> Iterator[Finding]:
        if entry.check is not None:
            for hit in self._guarded(entry, context.path, entry.check, context):
                yield from self._finding(entry, hit)

    def _of_root(self, entry: registry.Entry, context: FileContext, root: Root, found: list[Finding]) -> None:
        """Add to `found`: every rule comes here with every function, nearly always for nothing."""
        if entry.check_scope is not None:
            for scope in root.scopes:
                for hit in self._guarded(entry, context.path, entry.check_scope, context, scope):
                    found += self._finding(entry, hit)
        if entry.check_trace is not None and root.trace is not None:
            for hit in self._guarded(entry, context.path, entry.check_trace, context, root.trace):
                found += self._finding(entry, hit)

    def _of_roots(self, entries: list[registry.Entry], context: FileContext, root: Root) -> list[Finding]:
        root.rested_on()
        found: list[Finding] = []
        for entry in entries:
            self._of_root(entry, context, root, found)
        return found

    def _collected(self, entry: registry.Entry, context: FileContext) -> bytes:
        assert entry.collect is not None
        return msgpack.encode(list(self._guarded(entry, context.path, entry.collect, context)))

    def _rests_on(self, path: str, findings: Iterable[Finding]) -> set[str]:
        """Files that findings of a check of `path` rest on for their places; in edited ones, they move."""
        paths = {path}.union(*(files_named(finding) for finding in findings))
        modules = ((path, self.project.modules.get(path)) for path in paths)
        return {path for path, module in modules if module is None or not module.edited}

    def answered(
        self, path: str, name: str, questions: Iterable[str], *, ask: bool = True
    ) -> Collection[str] | None:
        """Those of `questions` that the file at `path` has an answer to (see `FileContext.answered`)."""
        module = self.project.modules.get(path)
        return () if module is None else self.context(module).answered(name, questions, ask=ask)

    def check_template(self, source: TemplateSource, rules: list[registry.Entry]) -> Checked:
        """Findings of `rules` in one template, fixes verified."""
        context = TemplateContext(self.project, source, self.read)
        findings: list[Finding] = []
        files_read: set[str] = set()
        before = len(self.problems)
        collecting = BODIES_READ.set(files_read)
        try:
            for entry in rules:
                if entry.check_template is not None:
                    for hit in self._guarded(entry, source.path, entry.check_template, context):
                        findings += self._finding(entry, hit)
        finally:
            BODIES_READ.reset(collecting)
        read = {source.path}.union(files_read, *(files_named(finding) for finding in findings))
        return Checked(findings, frozenset(read), problems=self.problems[before:])

    def conclude(self, contributed: list[dict[str, bytes]], rules: list[registry.Entry]) -> Checked:
        """Findings of `rules` about the whole project, from what each of its files contributes."""
        before = len(self.problems)
        found = made(lambda: list(self._concluding(contributed, rules)))
        named = (files_named(finding) for finding in found.value)
        read, problems = found.bodies.union(*named), self.problems[before:]
        return Checked(found.value, frozenset(read), frozenset(found.questions), problems)

    def _concluding(
        self, contributed: list[dict[str, bytes]], rules: list[registry.Entry]
    ) -> Iterator[Finding]:
        context = ProjectContext(self.project, self.context)
        for entry in rules:
            if entry.conclude is not None and entry.collect is not None:
                collected = _decoded(entry.collect, contributed)
                for hit in self._guarded(entry, None, entry.conclude, context, collected):
                    yield from self._finding(entry, hit)

    def edited(self, path: str, keys: Set[str], *, moved_only: bool) -> set[str]:
        """The text of `path` has changed, and with it what `keys` stand for (`Module.keys`).

        With `moved_only`, the rest is the same on other lines. Returns the names of the questions that the file
        answers otherwise now, of those it was asked so far.
        """
        for other in self._contexts.values():
            other.forget(keys)
        context = self._contexts.get(path)
        if context is None:
            return set()
        return context.changed_answers(context.edited(keys if moved_only else None))

    def _lines(self, path: str) -> LineIndex | None:
        module = self.project.modules.get(path)
        if module is not None:
            return self.context(module).lines
        text = self.read(path)
        return LineIndex(text) if text is not None else None

    def _facts(self, path: str) -> Facts | None:
        module = self.project.modules.get(path)
        if module is not None:
            return module.facts
        template = self.project.templates.at(path)
        return template.facts if template is not None else None

    def _guarded(
        self, entry: registry.Entry, path: str | None, find: Callable[..., Iterable[T]], *args: object
    ) -> list[T]:
        """What a function of a rule finds; an error ends it and is noted.

        Raises:
            Cancelled: see `checkpoint`.
        """
        found: list[T] = []
        checkpoint()
        try:
            found += find(*args)
        except Cancelled:
            raise
        except Exception as error:  # a broken rule must not silence the others
            start = Position(0, 0)
            place = Place(path, Range(start, start)) if path is not None else None
            message = f"rule {entry.code} failed: {type(error).__name__}: {error}"
            self.problems.append(Problem("internal", message, place, traceback.format_exc()))
        return found

    def _finding(self, entry: registry.Entry, hit: Hit) -> Iterator[Finding]:
        """The finding that `hit` makes; none where the configuration turns the rule off."""
        severity = self.config.severity_for(entry.code, entry.practice, hit.severity or entry.rule.severity)
        if severity is None:
            return
        yield Finding(
            code=entry.code,
            practice=entry.practice,
            severity=severity,
            confidence=hit.confidence,
            message=hit.message,
            place=hit.place,
            access=hit.access,
            related=hit.related,
            fixes=tuple(verified(fix, self._lines, self._facts) for fix in hit.fixes),
            data=hit.data,
        )


def unique(findings: list[Finding]) -> list[Finding]:
    """`findings` in order of place, each once: several roots can lead to the same.

    A queryset that misses a relation is told once, with the first place that reads it.
    """
    ordered = sorted(
        findings, key=lambda f: (f.place.path, f.place.range, f.code, f.access or f.place, f.message)
    )
    seen: dict[tuple[object, ...], Finding] = {}
    for finding in ordered:
        seen.setdefault((finding.code, finding.place, finding.data.get("relation")), finding)
    return list(seen.values())
