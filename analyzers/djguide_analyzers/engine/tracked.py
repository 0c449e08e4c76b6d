"""One linked project with what was found in it so far, kept up to date through edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from djguide_analyzers.engine.checker import Checked, Checker, files_named
from djguide_analyzers.engine.config import Config
from djguide_analyzers.engine.report import Problem
from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import NEVER_ASKED, FileContext
from djguide_analyzers.rules.finding import Finding
from djguide_analyzers.trace import summaries


class TrackedProject:
    """Results by module, each valid until a file it rests on changes."""

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
        """Modules whose findings named the edited file, and so have disappeared from what is shown."""

    @property
    def pending(self) -> list[Module]:
        """Modules that were never checked, or whose result no longer holds."""
        return [module for path, module in self.project.modules.items() if path not in self._results]

    @property
    def urgent(self) -> list[Module]:
        """Modules to check again at once: an edit took findings of theirs away."""
        return [self.project.modules[path] for path in sorted(self._urgent)]

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
        self.project.overall.clear()
        before = {question: self._checker.answer(path, question, ask=False) for question in self._asked()}
        self._checker.forget(path)
        answered = {question for question, old in before.items() if self._differs(path, question, old)}
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

    def _asked(self) -> set[str]:
        """The questions about all files that some result rests on."""
        return {question for result in self._results.values() for question in result.questions}

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
            (path, result) for path, result in results.items() if path in self.project.modules
        )
        for path in changed:
            self._invalidate(path)
        self._outdated.clear()
        self._urgent.clear()

    def results(self) -> dict[str, Checked]:
        """What holds now, by path of the module."""
        return self._results

    def check(self, module: Module) -> None:
        """Check one module, unless its result still holds."""
        if module.path in self._results:
            return
        self._results[module.path] = self._checker.check(module, self.rules)
        self._outdated.pop(module.path, None)
        self._urgent.discard(module.path)

    def context(self, path: str) -> FileContext | None:
        """What rules see of the file at `path`; None when it is no module of the project."""
        module = self.project.modules.get(path)
        return None if module is None else self._checker.context(module)

    def findings(self) -> Iterator[Finding]:
        """All findings known so far, in order of the modules they start from."""
        for path in self.project.modules:
            if (result := self._results.get(path)) is not None:
                yield from result.findings
        for findings in self._outdated.values():
            yield from findings

    def problems(self) -> Iterator[Problem]:
        for result in self._results.values():
            yield from result.problems
