"""One workspace folder: its configuration, its projects, and the findings in them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from djguide_analyzers.engine import diagnosis, parts, suppressions
from djguide_analyzers.engine.baseline import DEFAULT_NAME, Baseline, Compared, InvalidBaseline, load
from djguide_analyzers.engine.checker import unique
from djguide_analyzers.engine.config import Loaded, load_config
from djguide_analyzers.engine.fingerprints import Identifier
from djguide_analyzers.engine.kept import KeptReport, Memory
from djguide_analyzers.engine.report import Problem, ProjectSummary, Steps
from djguide_analyzers.engine.showing import visible
from djguide_analyzers.engine.store import FactsStore, syntax_problem
from djguide_analyzers.engine.tracked import TrackedProject
from djguide_analyzers.project.discovery import Discovery, discover
from djguide_analyzers.project.files import DiskFiles, is_inside, parents
from djguide_analyzers.project.interruption import interruptible
from djguide_analyzers.project.link import link
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules import registry
from djguide_analyzers.rules.finding import Confidence, Finding, Place, Severity
from djguide_analyzers.survey.values import Survey

INVALID_CONFIGURATION = "invalid-configuration"


class Folder:
    """Lazily discovered, linked and checked; each step is kept until something it read changes."""

    def __init__(
        self,
        root: str,
        files: DiskFiles,
        store: FactsStore,
        settings: dict[str, object],
        *,
        reuse: bool = True,
    ) -> None:
        self.root = root
        self._files = files
        self._store = store
        self._settings = settings
        self._loaded: Loaded | None = None
        self._baseline: tuple[Baseline | None, str] | None = None
        self._discovery: Discovery | None = None
        self._projects: list[TrackedProject] | None = None
        self._memory = Memory(root, settings, files, store, reuse=reuse)
        self._unkept = False

    def edited(self, path: str) -> None:
        """The content of a file changed, but not which files there are."""
        self._memory.edited()
        if not self._projects:
            return
        facts, change = self._store.edited(path) if path.endswith(".py") else (None, None)
        for tracked in self._projects:
            if path not in tracked.project.modules:
                tracked.template_edited(path)
            elif not tracked.edited(path, facts, change):
                self._projects = None
                if not self.discovery.holds_for(path, self._files.read_text(path)):
                    self._discovery = None
                return
            elif path in self._files.overlays:
                tracked.opened(path)

    def opened(self, path: str) -> None:
        """Somebody may edit the file at `path` soon; its text is as it was."""
        if self._projects and path.endswith(".py"):
            self._store.edited(path)
            for tracked in self._projects:
                tracked.opened(path)

    def changed(self, path: str) -> bool:
        """Take note of a change on the disk; False when it may have changed which files and projects there are."""
        self._memory.edited()
        if path == self.baseline_path.as_posix():
            self._baseline = None
            return True
        if self._discovery is None or not self._files.is_file(path):
            return False
        if not any(path in project.template_files for project in self._discovery.projects):
            return False
        self.edited(path)
        return True

    # --- steps -------------------------------------------------------------------------------------------

    @property
    def loaded(self) -> Loaded:
        """The configuration in force."""
        if self._loaded is None:
            read = self._files.read_text
            for folder in parents(self.root):
                self._files.is_dir(f"{folder}/.git")  # where the search for the file ends: noted as seen
            self._loaded = load_config(
                Path(self.root), lambda path: read(path.as_posix()), self._settings, rules=_known_rules()
            )
        return self._loaded

    @property
    def baseline_path(self) -> Path:
        """The baseline's file, whether or not there is one."""
        return self.loaded.root / (self.loaded.config.baseline or DEFAULT_NAME)

    @property
    def baseline(self) -> Baseline | None:
        """The baseline in force."""
        return self._read_baseline()[0]

    def _read_baseline(self) -> tuple[Baseline | None, str]:
        """The baseline, and what is wrong with it if anything is."""
        if self._baseline is None:
            try:
                found = load(self.baseline_path, lambda path: self._files.read_text(path.as_posix()))
                missing = found is None and self.loaded.config.baseline is not None
                self._baseline = found, "there is no such file" if missing else ""
            except InvalidBaseline as error:
                self._baseline = None, str(error)
        return self._baseline

    @property
    def discovery(self) -> Discovery:
        if self._discovery is None:
            config = self.loaded.config
            self._discovery = discover(
                self._files,
                self.root,
                exclude=config.exclude,
                settings_module=config.settings_module,
                source_roots=config.source_roots,
            )
        return self._discovery

    def paths(self) -> list[str]:
        """All Python files of all projects."""
        return sorted({path for project in self.discovery.projects for path in project.python_files})

    @property
    def file_count(self) -> int:
        return len(self.paths()) + len(self.template_paths())

    def template_paths(self) -> list[str]:
        """The workspace's own templates, of projects that are linked."""
        return sorted({path for t in self._projects or () for path in t.project.templates.own_files})

    def _templates(self) -> Iterator[TemplateSource]:
        """Those that can be read; one of several projects comes once for each."""
        for tracked in self._projects or ():
            yield from tracked.project.templates.own()

    def tracked(self, steps: Steps | None = None, others: parts.Others | None = None) -> list[TrackedProject]:
        """The projects, linked."""
        if self._projects is None:
            self._read(steps, others)
            started = time.perf_counter()
            config = self.loaded.config
            self._projects = [
                TrackedProject(
                    link(
                        self._files,
                        found,
                        self._store.python,
                        workspace=self.root,
                        environment=config.environment,
                        template_facts=self._store.template,
                    ),
                    config,
                    self._files.read_text,
                )
                for found in self.discovery.projects
            ]
            if steps is not None:
                steps.timed("linking", time.perf_counter() - started)
            self._memory.restore(self._projects)
            for project in self._projects:
                for path in self._files.overlays:
                    project.opened(path)
        return self._projects

    def _read_templates(self, steps: Steps) -> None:
        """Facts of the project's own templates, which can be told from other files once it is linked."""
        started = time.perf_counter()
        for number, _ in enumerate(self._templates()):
            if number % 20 == 0:
                steps("reading", number, number + 1)
        steps.timed("reading", time.perf_counter() - started)

    def _read(self, steps: Steps | None, others: parts.Others | None) -> None:
        """Facts of all files; where many have to be made, by `others`."""
        started = time.perf_counter()
        paths = self.paths()
        self._store.prepare(self.root)
        missing = self._store.missing(paths) if others is not None else []
        if others is not None and len(missing) >= parts.FEWEST:
            done = 0
            for blobs in others.facts(missing):
                self._store.take(blobs)
                done += len(blobs)
                if steps is not None:
                    steps("reading", done, len(paths))
        for number, path in enumerate(paths):
            if steps is not None and number % 20 == 0:
                steps("reading", number, len(paths))
            self._store.python(path)
        if steps is not None:
            steps.timed("reading", time.perf_counter() - started)
            steps("linking", 0, 1)

    def linked(self) -> list[Project]:
        """The projects, if they are linked by now."""
        return [tracked.project for tracked in self._projects or ()]

    def projects(self) -> list[Project]:
        """The projects, linked."""
        return [tracked.project for tracked in self.tracked()]

    def report(self, steps: Steps, others: parts.Others | None = None) -> KeptReport:
        """Check what needs it and report on all files; keep it for the next run."""
        if (known := self.known_report()) is not None:
            return known
        self.settle(steps, others)
        report = self._report()
        self._keep(report)
        return report

    def known_report(self) -> KeptReport | None:
        """What an earlier run reported on all files, when it still holds and nothing was linked since."""
        return self._memory.report() if self._projects is None else None

    def _report(self) -> KeptReport:
        compared = self.compared(self.findings())
        return KeptReport(
            self.summaries(),
            compared.new,
            compared.known,
            (self.baseline.path.as_posix(), compared.gone) if self.baseline is not None else None,
            self.all_problems(),
            self.file_count,
        )

    def keep(self) -> None:
        """Write down what has been found since it was last written down."""
        if self._unkept:
            self._keep(self._report() if self.settled else None)

    def _keep(self, report: KeptReport | None) -> None:
        loose = [*self.paths(), *self.template_paths(), self.baseline_path.as_posix()]
        self._memory.keep(loose, self._projects or (), report)
        self._unkept = False

    @property
    def settled(self) -> bool:
        """Whether everything has been checked as it is now."""
        return self._projects is not None and all(tracked.settled for tracked in self._projects)

    def settle(self, steps: Steps, others: parts.Others | None = None) -> None:
        """Check every module that needs it, with `others` as many as are worth while in their processes."""
        tracked = self.tracked(steps, others)
        self._read_templates(steps)
        started = time.perf_counter()
        if others is not None:
            self._spread(tracked, others, steps)
        pending = [(project, file) for project in tracked for file in project.pending]
        with interruptible(steps.interrupted):
            for number, (project, file) in enumerate(pending):
                steps("checking", number, len(pending))
                project.check(file)
                self._unkept = True
            for project in tracked:
                project.conclude()
        steps.timed("checking", time.perf_counter() - started)

    def _spread(self, tracked: list[TrackedProject], others: parts.Others, steps: Steps) -> None:
        """Have files checked elsewhere; what does not come back is left to be checked here."""
        pending = {project.project.root: [file.path for file in project.pending] for project in tracked}
        total = sum(len(paths) for paths in pending.values())
        if total < parts.FEWEST:
            return
        self._store.flush()  # so that the others find the facts in the cache
        done = 0
        for part in others.results(pending):
            steps("checking", done, total)
            for project in tracked:
                root = project.project.root
                project.adopt(part.results.get(root, {}), part.answering.get(root, {}))
            self._files.seen.update(part.seen)
            self._unkept = True
            done += sum(len(results) for results in part.results.values())

    def part(self, root: str, paths: list[str], steps: Steps) -> parts.Part:
        """Check the files at `paths` of the project at `root`, for another process."""
        results: parts.Results = {}
        answering: dict[str, dict[str, list[str]]] = {}
        for tracked in self.tracked(steps):
            if tracked.project.root == root:
                for path in paths:
                    if (file := tracked.file(path)) is not None:
                        tracked.check(file)
                results[root] = {path: result for path, result in tracked.results().items() if path in paths}
                answering[root] = tracked.answering_newly(paths)
        self._files.seen.contents.update(self._store.digests)
        return parts.Part(results, self._files.seen, answering)

    def check_first(self, path: str, steps: Steps) -> None:
        """Check the file at `path`, and those whose findings an edit took away; others may wait."""
        for project in self.tracked(steps):
            own = project.file(path)
            for file in [*([own] if own is not None else []), *project.urgent]:
                steps("checking", 0, 1)
                with interruptible(steps.interrupted):
                    project.check_first(file)

    def findings(self, path: str | None = None) -> list[Finding]:
        """All findings known so far, in order of place; with `path`, those of that file and some others."""
        known = frozenset(_known_rules())
        judged = self.loaded.config.select is None
        settled = judged and self.settled
        found: list[Finding] = []
        for tracked in self.tracked():
            ran = frozenset(rule.code for rule in tracked.rules if settled) if judged else None
            found += visible(tracked, self.ignored_for, ran, known, path)
        return unique([*found, *self.mistakes()])

    def identifier(self) -> Identifier:
        """Tells what findings are recognised by, as the texts are now."""
        modules = {path: module for t in self.tracked() for path, module in t.project.modules.items()}
        return Identifier(self.loaded.root.as_posix(), self._files.read_text, modules.get)

    def compared(self, findings: list[Finding]) -> Compared:
        """`findings` of this folder with their fingerprints, told apart by what the baseline holds.

        Entries about files that cannot be analysed or lie elsewhere, and of rules that do not run on them, are
        not called gone. Pass all findings that have their owners in the same files: equal ones are counted.
        """
        identifier = self.identifier()
        identified = identifier.identified(findings)
        if (baseline := self.baseline) is None:
            return Compared(identified, [], [])
        result = baseline.compare(identified)
        root = self.loaded.root
        baseline.follow_renames(
            result,
            lambda path: self._files.is_file((root / path).as_posix()),
            lambda finding, path: identifier.identity(finding, called=path).fingerprint,
        )
        broken = {problem.place.path for problem in self.all_problems() if problem.place}
        run = frozenset(code for tracked in self.tracked() for code in tracked.codes)
        gone = [((root / entry.path).as_posix(), entry) for entry in result.gone if entry.code in run]
        gone = [(path, e) for path, e in gone if path not in broken and is_inside(path, self.root)]
        result.gone = [entry for path, entry in gone if entry.code not in self.ignored_for(path)]
        return result

    def ignored_for(self, path: str) -> frozenset[str]:
        """Codes that the configuration ignores in the file at `path`."""
        return self.loaded.config.ignored_for(self._relative(path))

    def _relative(self, path: str) -> str:
        root = self.loaded.root.as_posix()
        return path[len(root) + 1 :] if is_inside(path, root) else path

    def mistakes(self) -> list[Finding]:
        """Mistakes in the configuration, in its file."""
        loaded = self.loaded
        if loaded.path is None:
            return []
        path = loaded.path.as_posix()
        return [
            Finding(
                INVALID_CONFIGURATION,
                suppressions.PRACTICE,
                Severity.WARNING,
                Confidence.PROVEN,
                mistake.message,
                Place(path, mistake.range),
            )
            for mistake in loaded.mistakes
            if mistake.range is not None
        ]

    # --- telling -----------------------------------------------------------------------------------------

    def problems(self) -> list[Problem]:
        """Rules that failed, and mistakes in settings that no file holds."""
        loose = [Problem("configuration", m.message) for m in self.loaded.mistakes if m.range is None]
        if wrong := self._read_baseline()[1]:
            loose.append(Problem("configuration", f"baseline {self.baseline_path}: {wrong}"))
        failed = [problem for tracked in self._projects or () for problem in tracked.problems()]
        return [*self._template_problems(), *failed, *loose]

    def all_problems(self) -> list[Problem]:
        """Those of `problems`, and what could not be read or parsed."""
        own = sorted({*self.paths(), *self.template_paths()})
        return [*(p for path in own for p in self._store.problems.get(path, ())), *self.problems()]

    def _template_problems(self) -> Iterator[Problem]:
        """What is wrong with files that are certainly templates of Django's."""
        for template in {template.path: template for template in self._templates()}.values():
            if template.judged:
                yield from (syntax_problem(template.path, problem) for problem in template.facts.problems)

    def summaries(self) -> list[ProjectSummary]:
        return [diagnosis.summary(project) for project in self.projects()]

    def configuration(self) -> dict[str, Any]:
        loaded = self.loaded
        return {
            "folder": self.root,
            "file": loaded.path.as_posix() if loaded.path else None,
            "mistakes": [mistake.message for mistake in loaded.mistakes],
            "baseline": self.baseline.path.as_posix() if self.baseline else None,
        }

    def surveys(self, steps: Steps) -> list[Survey]:
        """A description of each project."""
        from djguide_analyzers.survey.survey import survey  # brings half of Django along

        return [
            survey(tracked.project, tracked.context, partial(steps, "surveying"))
            for tracked in self.tracked(steps)
        ]

    def doctor(self) -> list[dict[str, Any]]:
        return [diagnosis.diagnosis(project) for project in self.projects()]


def _known_rules() -> dict[str, str]:
    """Codes and practices that configuration and comments may name."""
    own = (suppressions.UNUSED, suppressions.INVALID, INVALID_CONFIGURATION)
    return registry.practices() | dict.fromkeys(own, suppressions.PRACTICE)
