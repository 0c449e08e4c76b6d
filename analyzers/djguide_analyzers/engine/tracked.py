"""One linked project with what was found in it so far, kept up to date through edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from djguide_analyzers.engine.checker import Checked, Checker, files_named
from djguide_analyzers.engine.config import Config
from djguide_analyzers.engine.report import Problem
from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules.context import NEVER_ASKED, FileContext
from djguide_analyzers.rules.finding import Finding
from djguide_analyzers.trace import summaries


class TrackedProject:
    """Results by file, each valid until a file it rests on changes, and what all of them together mean."""

    def __init__(self, project: Project, config: Config, read: Callable[[str], str | None]) -> None:
        self.project = project
        self._checker = Checker(project, config, read)
        self.rules = self._checker.selected()
        self._results: dict[str, Checked] = {}
        self._answering: dict[str, frozenset[str]] = {}
        """Files that had an answer, by question, when what was adopted was found."""
        self._outdated: dict[str, list[Finding]] = {}
        """What is still shown of results that an edit has put in doubt, until they are made anew."""
        self._urgent: set[str] = set()
        """Files whose findings named the edited file, and so have disappeared from what is shown."""
        self._checks_templates = any(entry.check_template is not None for entry in self.rules)
        self._conclusion = Checked([], frozenset())
        """What was found about the whole project, the last time that all files were checked."""
        self._conclusions = self._conclusion.findings
        """Those of its findings that no edit since has moved."""
        self._concludes = any(entry.conclude is not None for entry in self.rules)
        self._concluded = not self._concludes

    @property
    def pending(self) -> list[Module | TemplateSource]:
        """Files that were never checked, or whose result no longer holds."""
        files: list[Module | TemplateSource] = list(self.project.modules.values())
        if self._checks_templates:
            files += self.project.templates.own()
        return [file for file in files if file.path not in self._results]

    @property
    def urgent(self) -> list[Module | TemplateSource]:
        """Files to check again at once: an edit took findings of theirs away."""
        found = (self.file(path) for path in sorted(self._urgent))
        return [file for file in found if file is not None]

    @property
    def settled(self) -> bool:
        """Whether everything has been checked as it is now."""
        return self._concluded and not self.pending

    def file(self, path: str) -> Module | TemplateSource | None:
        """The module or template at `path` as far as rules look at it."""
        module = self.project.modules.get(path)
        if module is not None or not self._checks_templates:
            return module
        source = self.project.templates.at(path)
        return source if source is not None and source.origin == "project" else None

    def edited(self, path: str, facts: ir.PyFacts | None) -> bool:
        """Take the new facts of a file over; False when the project has to be linked anew."""
        module = self.project.modules.get(path)
        if module is None:
            return True
        if facts is None or not module.take_over(facts):
            return False
        self._invalidate(path)
        return True

    def template_edited(self, path: str) -> None:
        """The text of a template has changed; nothing is linked by what templates say."""
        self.project.templates.forget(path)
        self._invalidate(path)

    def _invalidate(self, path: str) -> None:
        """Take back what rests on the file at `path`."""
        summaries.forget(self.project, path)
        before = {question: self._checker.answer(path, question, ask=False) for question in self._asked()}
        self._checker.forget(path)
        answered = {question for question, old in before.items() if self._differs(path, question, old)}
        # An answer that is the same may still hold nodes whose positions were those of the old text.
        moved = answered | {q for q, old in before.items() if old is not NEVER_ASKED and old}
        for shared in self.project.overall.values():
            shared.forget(path, moved)
        resting = [
            other
            for other, result in self._results.items()
            if path in result.read or not answered.isdisjoint(result.questions)
        ]
        for other in resting:
            self._outdated[other] = self._results.pop(other).findings
        for other, findings in self._outdated.items():
            kept = [finding for finding in findings if path not in files_named(finding)]
            if len(kept) < len(findings):
                self._outdated[other] = kept
                self._urgent.add(other)
        self._conclusions = [finding for finding in self._conclusions if path not in files_named(finding)]

    def _asked(self) -> set[str]:
        """The questions about all files that something rests on."""
        shared = (question for each in self.project.overall.values() for question in each.questions())
        return {question for result in self._results.values() for question in result.questions}.union(shared)

    def _differs(self, path: str, question: str, old: object) -> bool:
        """Whether the file at `path` answers otherwise than before."""
        new = self._checker.answer(path, question)
        if old is not NEVER_ASKED:
            return new != old
        had_one = self._answering.get(question)
        return had_one is None or bool(new) or path in had_one

    def answering(self) -> dict[str, list[str]]:
        """The files with an answer, by question."""
        return {
            question: [path for path in self.project.modules if self._checker.answer(path, question)]
            for question in self._asked()
        }

    def adopt(
        self,
        results: dict[str, Checked],
        answering: dict[str, list[str]] | None = None,
        changed: Iterable[str] = (),
    ) -> None:
        """Take over what another run found, as far as it does not rest on the files at `changed`.

        `answering` are the files that had an answer, by question.
        """
        if answering is not None:
            self._answering = {question: frozenset(paths) for question, paths in answering.items()}
        self._results.update(
            (path, result) for path, result in results.items() if self.file(path) is not None
        )
        for path in changed:
            self._invalidate(path)
        self._outdated.clear()
        self._urgent.clear()

    def results(self) -> dict[str, Checked]:
        """What holds now, by path of the file."""
        return self._results

    def check(self, file: Module | TemplateSource) -> None:
        """Check one file, unless its result still holds."""
        if file.path in self._results:
            return
        if isinstance(file, Module):
            self._results[file.path] = self._checker.check(file, self.rules)
        else:
            self._results[file.path] = self._checker.check_template(file, self.rules)
        self._outdated.pop(file.path, None)
        self._urgent.discard(file.path)
        self._concluded = not self._concludes

    def conclude(self) -> None:
        """Find what only the whole project tells; all files have to be checked."""
        if not self._concluded:
            ordered = [self._results[path] for path in sorted(self._results)]
            self._conclusion = self._checker.conclude(ordered, self.rules)
            self._conclusions = self._conclusion.findings
            self._concluded = True

    def context(self, path: str) -> FileContext | None:
        """What rules see of the file at `path`; None when it is no module of the project."""
        module = self.project.modules.get(path)
        return None if module is None else self._checker.context(module)

    def findings(self) -> Iterator[Finding]:
        """All findings known so far, in order of the files they start from, whoever found them first."""
        for path in sorted(self._results):
            yield from self._results[path].findings
        for findings in self._outdated.values():
            yield from findings
        yield from self._conclusions

    def problems(self) -> Iterator[Problem]:
        for result in (*self._results.values(), self._conclusion):
            yield from result.problems
