"""One linked project with what was found in it so far, kept up to date through edits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set

from msgspec import structs

from djguide_analyzers.engine import suppressions
from djguide_analyzers.engine.checker import Checked, Checker, files_named
from djguide_analyzers.engine.config import Config
from djguide_analyzers.engine.moving import moved
from djguide_analyzers.engine.report import Problem
from djguide_analyzers.engine.results import Results
from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Finding
from djguide_analyzers.source.changes import Change
from djguide_analyzers.trace import summaries


class TrackedProject:
    """Results by file, each valid until a file it rests on changes, and what all of them together mean."""

    def __init__(self, project: Project, config: Config, read: Callable[[str], str | None]) -> None:
        self.project = project
        self._checker = Checker(project, config, read)
        self.rules = self._checker.selected()
        self._judges_comments = config.select is None
        self._results = Results()
        self._pieces: dict[str, Results] = {}
        """What the results of files that are checked often are put together from, by path."""
        self._shaken: set[str] = set()
        """Files whose result an edit has taken back: the next one in the same place will do so again."""
        self._whole: set[str] = set()
        """Files that somebody may edit soon whose result holds, but is not in pieces yet."""
        self._adopted: set[str] = set()
        """Questions that adopted results rest on."""
        self._answering: dict[str, frozenset[str]] = {}
        """Files that had an answer, by question, when what was adopted was found."""
        self._edited: set[str] = set()
        """Files whose answers may be others since."""
        self._told: set[str] = set()
        """Questions whose answers `answering_newly` has told."""
        self._outdated: dict[str, list[Finding]] = {}
        """What is still shown of results that an edit has put in doubt, until they are made anew."""
        self._urgent: set[str] = set()
        """Files whose findings named the edited file, and so have disappeared from what is shown."""
        self._left: set[str] | None = None
        """Files that are `pending`; None until somebody asks."""
        self._checks_templates = any(entry.check_template is not None for entry in self.rules)
        self._conclusion = Checked([], frozenset())
        """What was found about the whole project, the last time that all files were checked."""
        self._conclusions = self._conclusion.findings
        """Those of its findings that no edit since has put in doubt, moved with their texts."""
        self._concluded_from: dict[str, dict[str, bytes]] | None = None
        """What all files contributed to them, by path; None once they rest on something that has changed."""
        self._concludes = any(entry.conclude is not None for entry in self.rules)
        self._concluded = not self._concludes

    @property
    def codes(self) -> frozenset[str]:
        """The codes that a check can find: those of the rules that run, and of what is wrong with comments."""
        own = suppressions.CODES if self._judges_comments else frozenset[str]()
        return own.union(rule.code for rule in self.rules)

    @property
    def pending(self) -> list[Module | TemplateSource]:
        """Files that were never checked, or whose result no longer holds, or not in the form that edits need."""
        if self._left is None:
            files: list[Module | TemplateSource] = list(self.project.modules.values())
            if self._checks_templates:
                files += self.project.templates.own()
            self._left = {file.path for file in files if not self._is_done(file.path)}
        modules = self.project.modules
        found = (self.file(path) for path in sorted(self._left, key=lambda path: (path not in modules, path)))
        return [file for file in found if file is not None]

    def _note(self, path: str) -> None:
        """The result of the file at `path` is another one, or gone."""
        if self._left is not None and self._is_done(path):
            self._left.discard(path)
        elif self._left is not None:
            self._left.add(path)

    def _is_done(self, path: str) -> bool:
        return path in self._results and path not in self._whole

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

    def opened(self, path: str) -> None:
        """Somebody is about to edit the file at `path`.

        Its result goes on to hold, and is taken to pieces when there is time: else the first edit would have to.
        """
        module = self.project.modules.get(path)
        if module is not None and not module.edited:
            module.edited = True
            self._pieces.pop(path, None)  # they rest on all of the file
            if path in self._results:
                self._whole.add(path)
                self._note(path)

    def edited(self, path: str, facts: ir.PyFacts | None, change: Change | None) -> bool:
        """Take the new facts of a file over; False when the project has to be linked anew.

        `change` is what the edit did to the text, None when nobody knows.
        """
        module = self.project.modules.get(path)
        if module is None:
            return True
        taken = None if facts is None else module.take_over(facts, change)
        if taken is None:
            return False
        self._invalidate(path, taken.keys, taken.change)
        return True

    def template_edited(self, path: str) -> None:
        """The text of a template has changed; nothing is linked by what templates say."""
        self.project.templates.forget(path)
        self._left = None
        self._invalidate(path, frozenset({path}))

    def _invalidate(self, path: str, keys: frozenset[str], change: Change | None = None) -> None:
        """Take back what rests on `keys` of the file at `path` (`Module.keys`).

        What names other places of the file is moved by `change`, or taken back as well when that is None.
        """
        summaries.forget(self.project, keys)
        self._edited.add(path)
        unknown = self._never_asked(path)
        answered = self._checker.edited(path, keys, moved_only=change is not None)
        answered.update(question for question in unknown if self._answers_something(path, question))
        for shared in self.project.overall.values():
            shared.forget(keys, answered)
        for pieces in self._pieces.values():
            _update(pieces, path, keys, answered, change)
        for other in self._results.resting_on(keys, answered):
            self._take_back(other)
            self._shaken.add(other)
        for other in self._results.naming(path):
            result = self._results[other]
            findings = _after(result.findings, path, change)
            if len(findings) < len(result.findings):
                self._take_back(other)
            else:
                self._results[other] = structs.replace(result, findings=findings)
        for other, findings in self._outdated.items():
            kept = _after(findings, path, change)
            self._outdated[other] = kept
            if change is None and len(kept) < len(findings):
                self._urgent.add(other)
        conclusions = _after(self._conclusions, path, change)
        rested = self._conclusion
        if len(conclusions) < len(self._conclusions) or not (
            keys.isdisjoint(rested.read) and answered.isdisjoint(rested.questions)
        ):
            self._concluded, self._concluded_from = not self._concludes, None
        self._conclusions = conclusions

    def _never_asked(self, path: str) -> list[str]:
        """The questions that adopted results rest on and that were not put to the file at `path` in this run."""
        together = _by_name(self._adopted)
        names = [name for name in together if self._checker.answered(path, name, (), ask=False) is None]
        return [question for name in names for question in together[name]]

    def _answers_something(self, path: str, question: str) -> bool:
        """Whether the file at `path` may answer otherwise than it did when what was adopted was found."""
        had_one = self._answering.get(question)
        name = question.partition("#")[0]
        return had_one is None or path in had_one or bool(self._checker.answered(path, name, (question,)))

    def _asked(self) -> set[str]:
        """The questions about all files that something rests on."""
        shared = (question for each in self.project.overall.values() for question in each.questions())
        return set(shared).union(self._results.questions())

    def _keep(self, path: str, result: Checked) -> None:
        self._results[path] = result
        self._note(path)

    def _take_back(self, path: str) -> None:
        """Put a result in doubt; what it found is shown until it is made anew."""
        self._outdated[path] = self._results.pop(path).findings
        self._note(path)

    def answering(self, asked: Iterable[str] | None = None) -> dict[str, list[str]]:
        """The files with an answer, by question: those among `asked`, or all that something rests on."""
        found: dict[str, list[str]] = {
            question: [] for question in (self._asked() if asked is None else asked)
        }
        together = _by_name(found)
        for path in self.project.modules:
            for name, questions in together.items():
                for question in self._answered(path, name, questions):
                    found[question].append(path)
        return found

    def _answered(self, path: str, name: str, questions: list[str]) -> Collection[str]:
        """Those of `questions`, all put by the function of that name, that the file at `path` has an answer to.

        It is not asked what another run or process has asked it.
        """
        known = self._checker.answered(path, name, questions, ask=False)
        if known is not None:
            return known
        if path not in self._edited and self._answering.keys() >= set(questions):
            return [question for question in questions if path in self._answering[question]]
        return self._checker.answered(path, name, questions) or ()

    def answering_newly(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """The same for what the results of the files at `paths` rest on, each question once."""
        results = (self._results[path] for path in paths if path in self._results)
        asked = frozenset[str]().union(*(result.questions for result in results)) - self._told
        self._told |= asked
        return self.answering(asked)

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
            self._answering |= {question: frozenset(paths) for question, paths in answering.items()}
        for path, result in results.items():
            if self.file(path) is not None:
                self._keep(path, result)
                self._adopted |= result.questions
        for path in changed:
            module = self.project.modules.get(path)
            self._invalidate(path, frozenset({path}) if module is None else module.keys())
        self._outdated.clear()
        self._urgent.clear()
        self._shaken.clear()

    def results(self) -> Mapping[str, Checked]:
        """What holds now, by path of the file."""
        return self._results

    def check(self, file: Module | TemplateSource) -> None:
        """Check one file, unless its result still holds in the form that is needed."""
        if self._is_done(file.path):
            return
        if isinstance(file, Module) and (file.edited or file.path in self._shaken):
            pieces = self._pieces.setdefault(file.path, Results())
            self._keep(file.path, self._checker.check_pieces(file, self.rules, pieces, collect=True))
        elif isinstance(file, Module):
            self._keep(file.path, self._checker.check(file, self.rules))
        else:
            self._keep(file.path, self._checker.check_template(file, self.rules))
        self._outdated.pop(file.path, None)
        self._urgent.discard(file.path)
        self._whole.discard(file.path)
        self._note(file.path)
        self._concluded = not self._concludes

    def check_first(self, file: Module | TemplateSource) -> None:
        """Find what there is to show in a file, unless its result still holds; `check` does the rest."""
        if file.path in self._results:
            return
        if not isinstance(file, Module) or not file.edited:
            self.check(file)
            return
        pieces = self._pieces.setdefault(file.path, Results())
        found = self._checker.check_pieces(file, self.rules, pieces, collect=False)
        self._outdated[file.path] = found.findings
        self._urgent.discard(file.path)

    def conclude(self) -> None:
        """Find what only the whole project tells; all files have to be checked."""
        if self._concluded:
            return
        collected = {path: self._results[path].collected for path in sorted(self._results)}
        if collected != self._concluded_from:
            self._conclusion = self._checker.conclude(list(collected.values()), self.rules)
            self._conclusions = self._conclusion.findings
            self._concluded_from = collected
        self._concluded = True

    def context(self, path: str) -> FileContext | None:
        """What rules see of the file at `path`; None when it is no module of the project."""
        module = self.project.modules.get(path)
        return None if module is None else self._checker.context(module)

    def findings(self) -> Iterator[Finding]:
        """All findings known so far, in order of the files they start from, whoever found them first."""
        for path in sorted(self._results):
            yield from self._results[path].findings
        yield from self._loose()

    def findings_around(self, path: str) -> list[Finding]:
        """Those that start in the file at `path`, or in one where something starts that ends in it.

        Of several at one place, one is told: so all that start there are needed.
        """
        owners = {path} | {
            finding.place.path
            for finding in self._naming({path})
            if finding.access is not None and finding.access.path == path
        }
        return [finding for finding in self._naming(owners) if finding.place.path in owners]

    def _naming(self, paths: Set[str]) -> Iterator[Finding]:
        """Findings among which are all that name one of the files at `paths`."""
        for found_from in sorted({name for path in paths for name in self._results.naming(path)}):
            yield from self._results[found_from].findings
        yield from self._loose()

    def _loose(self) -> Iterator[Finding]:
        """What is known beside the results of files."""
        for findings in self._outdated.values():
            yield from findings
        yield from self._conclusions

    def problems(self) -> Iterator[Problem]:
        """What rules failed at, each told once for a file."""
        results = (*self._results.values(), self._conclusion)
        found = (problem for result in results for problem in result.problems)
        yield from {(problem.message, problem.place): problem for problem in found}.values()


def _by_name(questions: Iterable[str]) -> dict[str, list[str]]:
    """`questions` by the name of the function that puts them; each of these is about a name of its own."""
    found: dict[str, list[str]] = {}
    for question in questions:
        found.setdefault(question.partition("#")[0], []).append(question)
    return found


def _after(findings: list[Finding], path: str, change: Change | None) -> list[Finding]:
    """`findings` after `change` of the file at `path`, without those that name what was changed."""
    kept: list[Finding] = []
    for finding in findings:
        if path not in files_named(finding):
            kept.append(finding)
        elif change is not None and (after := moved(finding, path, change)) is not None:
            kept.append(after)
    return kept


def _update(pieces: Results, path: str, keys: Set[str], answered: Set[str], change: Change | None) -> None:
    """Take out what no longer holds, and move the rest by `change` of the file at `path`."""
    for name in pieces.resting_on(keys, answered):
        del pieces[name]
    for name in pieces.naming(path):
        piece = pieces[name]
        after = _after(piece.findings, path, change)
        if len(after) < len(piece.findings):
            del pieces[name]
        else:
            pieces[name] = structs.replace(piece, findings=after)
