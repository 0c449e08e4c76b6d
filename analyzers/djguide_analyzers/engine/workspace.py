"""The workspace: one or more folders, their Django projects, and what was found in them.

This is the whole interface between djguide's analysis and a front end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from pathlib import Path

from msgspec import structs

from djguide_analyzers.engine import parts
from djguide_analyzers.engine.accepting import Update, updated
from djguide_analyzers.engine.explaining import Explanation, explain
from djguide_analyzers.engine.fingerprints import Identity
from djguide_analyzers.engine.folder import Folder
from djguide_analyzers.engine.kept import KeptReport
from djguide_analyzers.engine.report import BaselineUse, Problem, ProjectSummary, Report, Stats
from djguide_analyzers.engine.store import Blob, FactsStore
from djguide_analyzers.project.files import DiskFiles, Seen, is_inside, posix, text_hash
from djguide_analyzers.project.interruption import Cancelled
from djguide_analyzers.project.models import models_document
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules import plugins, registry
from djguide_analyzers.rules.finding import Finding, Severity
from djguide_analyzers.survey.values import Survey

Progress = Callable[[str, int, int], None]
"""Called with the phase ("reading", "linking", "checking"), how many are done and how many there are."""

_CONFIGURATION = ("pyproject.toml", "djguide.toml")


class Workspace:
    """Folders under analysis.

    All paths are absolute and in POSIX form (`Path.as_posix()`). Not thread-safe: one thread at a time.
    """

    def __init__(
        self,
        roots: Iterable[Path],
        *,
        cache: Path | None = None,
        settings: Mapping[str, object] | None = None,
        reuse: bool = True,
        executor: Executor | None = None,
        shared_cache: bool = False,
    ) -> None:
        """Take `roots` under analysis; reads nothing yet.

        `cache` is the folder for facts and results (None: the user's cache folder). `settings` are a client's
        own settings, in the keys of ``[tool.djguide]``; they win over the files. With `reuse` off, results of
        earlier runs are not looked at; those of this one are kept all the same. With an `executor`, large
        projects are read and checked in its processes, which must see the files, and a `cache` that is given,
        under the same paths; with `shared_cache`, that may be on several machines.
        """
        self._files = DiskFiles()
        self._cache = cache
        self._settings = dict(settings or {})
        self._reuse = reuse
        self._executor = executor
        self._shared_cache = shared_cache
        self._edition = 0
        self._kept: set[str] = set()
        given = list(dict.fromkeys(posix(root) for root in roots))
        self._roots = [root for root in given if not any(o != root and is_inside(root, o) for o in given)]
        self._opened: FactsStore | None = None
        self._folders: dict[str, Folder] = {}

    # --- texts -------------------------------------------------------------------------------------------

    def set_text(self, path: str, text: str) -> None:
        """Use `text` (an unsaved buffer) instead of the file at `path`."""
        known = path in self._files.overlays or self._files.is_file(path)
        same = self._opened is not None and self._opened.digests.get(path) == text_hash(text)
        self._files.set_text(path, text)
        if not same:
            self._changed([path], structure=not known)
            return
        for root, folder in self._folders.items():
            if is_inside(path, root):
                folder.opened(path)

    def drop_text(self, path: str) -> None:
        """Go back to what the disk says about `path`."""
        self._files.drop_text(path)
        if self._opened is not None and self._is_as_analysed(path):
            self._opened.closed(path)
        else:
            self._changed([path], structure=not self._files.is_file(path))

    def changed_on_disk(self, paths: Iterable[str]) -> None:
        """Files were written, created or deleted outside; configuration files count as well.

        Saving what an editor holds changes nothing.
        """
        changed = [path for path in paths if not self._is_as_analysed(path)]
        if changed:
            self._changed(changed, structure=True)

    def _is_as_analysed(self, path: str) -> bool:
        """Whether facts were made of just what `path` holds now."""
        known = self._opened.digests.get(path) if self._opened is not None else None
        return known is not None and known == self._files.digest(path)

    def text(self, path: str) -> str | None:
        """The text that analysis sees for `path`; None when it cannot be read."""
        return self._files.read_text(path)

    def _changed(self, paths: list[str], *, structure: bool) -> None:
        self._edition += 1
        if self._opened is not None:
            self._opened.forget(paths)
        configured = any(path.endswith(_CONFIGURATION) for path in paths)
        for root, folder in list(self._folders.items()):
            if not any(is_inside(path, root) for path in paths) and not configured:
                continue
            inside = [path for path in paths if is_inside(path, root)]
            if configured or (structure and not all(folder.changed(path) for path in inside)):
                del self._folders[root]
            elif not structure:
                for path in inside:
                    folder.edited(path)

    # --- checking ----------------------------------------------------------------------------------------

    @property
    def _store(self) -> FactsStore:
        if self._opened is None:
            self._opened = FactsStore(self._files, self._cache, shared=self._shared_cache)
        return self._opened

    def _folder(self, root: str) -> Folder:
        folder = self._folders.get(root)
        if folder is None:
            folder = self._folders[root] = Folder(
                root, self._files, self._store, self._settings, reuse=self._reuse
            )
        return folder

    def check(
        self,
        paths: Iterable[str] | None = None,
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Report:
        """Check the files at or below `paths` (None: everything) and report.

        A finding counts as inside when its owner or its access is.

        Raises:
            Cancelled: `cancelled` returned True.
        """
        started = time.perf_counter()
        stats = Stats()
        wanted = None if paths is None else list(paths)
        report = Report([], [], [], stats)
        made, reused = self._store.made, self._store.reused
        steps = _Steps(progress, cancelled, stats)
        others = parts.Others(self._executor, self._job()) if self._executor is not None else None
        for root in self._roots:
            folder = self._folder(root)
            _add(report, folder, folder.report(steps, others), wanted)
        report.problems += self._own_problems()
        self._store.flush()
        stats.files_from_cache = self._store.reused - reused
        stats.files_parsed = self._store.made - made
        stats.seconds = time.perf_counter() - started
        return report

    def _job(self) -> parts.Job:
        texts = {path: self._files.read_text(path) or "" for path in self._files.overlays}
        cache = self._cache.as_posix() if self._cache is not None else None
        rules = [folder.as_posix() for folder in plugins.named()]
        return parts.Job(
            tuple(self._roots), cache, self._settings, texts, rules, self._shared_cache, self._edition
        )

    @classmethod
    def of_job(cls, job: parts.Job) -> Workspace:
        """The workspace in a process that checks parts of it for another."""
        plugins.use_folders(Path(folder) for folder in job.rules)
        cache = Path(job.cache) if job.cache is not None else None
        roots = [Path(root) for root in job.roots]
        workspace = cls(roots, cache=cache, settings=job.settings, reuse=False, shared_cache=job.shared)
        for path, text in job.texts.items():
            workspace.set_text(path, text)
        return workspace

    def read_part(self, paths: list[str]) -> list[Blob]:
        """Facts of the Python files at `paths`, for another process."""
        found = self._store.encoded(paths)
        self._store.flush()
        return found

    def check_part(self, root: str, paths: list[str]) -> parts.Part:
        """Check the modules at `paths` of the project at `root`, for another process."""
        steps = _Steps(None, None, Stats())
        found = [self._folder(r).part(root, paths, steps) for r in self._roots if is_inside(root, r)]
        return found[0] if found else parts.Part({}, Seen())

    def findings(
        self, path: str, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
    ) -> list[Finding]:
        """What is known of the file at `path`: findings whose place or access lies in it.

        Those that the baseline holds are hints, or left out, as ``known-findings`` says.
        The file itself is checked as it is now. Until the workspace is `settled`, findings that start in other
        files may be missing, or be those from before an edit.

        Raises:
            Cancelled: `cancelled` returned True.
        """
        found: list[Finding] = []
        for root in self._roots:
            if is_inside(path, root):
                folder = self._folder(root)
                if (before := folder.known_report()) is not None:  # at once: `settle` links the project
                    found += _with_hints(folder, before.findings, before.known, path)
                    continue
                folder.check_first(path, _Steps(progress, cancelled, Stats()))
                found += _shown(folder, path)
        self._store.flush()
        return found

    def explain(self, path: str, line: int, column: int | None = None) -> Explanation:
        """What is known of a zero-based line, at `column` if given; to be called after `check`."""
        whole = Explanation([], [], [])
        for root in self._roots:
            if is_inside(path, root):
                part = explain(self._folder(root), path, line, column)
                whole.findings += part.findings
                whole.hidden += part.hidden
                whole.notes += part.notes
        return whole

    def updated_baselines(self, paths: Iterable[str] | None = None, *, prune: bool = False) -> list[Update]:
        """The baselines that accept all that was found at or below `paths` (None: everywhere), to be written.

        With `prune`, those that only lose what no longer occurs. To be called after `check`.
        """
        wanted = None if paths is None else list(paths)
        updates = (updated(self._folder(root), wanted, prune=prune) for root in self._roots)
        return [update for update in updates if update is not None]

    def shrunken_baseline(self, use: BaselineUse) -> Update | None:
        """The baseline of a check just made without what is gone, to be written; None with nothing to do."""
        for root in self._roots:
            folder = self._folder(root)
            before = folder.baseline
            if use.gone and before is not None and before.path == use.path:
                removed = sum(entry.count for entry in use.gone)
                return Update(folder.loaded.root, before.without(use.gone), before, 0, removed)
        return None

    def identities(self, findings: Iterable[Finding]) -> list[Identity]:
        """What each of `findings`, which a check has told, is recognised by."""
        identifiers = [(root, self._folder(root).identifier()) for root in self._roots]
        result: list[Identity] = []
        for finding in findings:
            path = finding.place.path
            # A configuration file may lie above the folder that it configures.
            around = (made for root, made in identifiers if is_inside(path, root))
            result.append(next(around, identifiers[0][1]).identity(finding))
        return result

    def known_findings(self) -> list[Finding]:
        """What is known of all files by now: everything, once the workspace is `settled`."""
        return [finding for folder in self._folders.values() for finding in folder.findings()]

    def mistakes(self) -> list[Finding]:
        """What is wrong in the configuration of the folders, where files hold it."""
        return [finding for folder in self._folders.values() for finding in folder.mistakes()]

    @property
    def settled(self) -> bool:
        """Whether every file has been checked as it is now."""
        return all(root in self._folders and self._folders[root].settled for root in self._roots)

    def settle(
        self, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
    ) -> None:
        """Check all files that need it; what was done before a cancellation stays done.

        Raises:
            Cancelled: `cancelled` returned True.
        """
        for root in self._roots:
            folder = self._folder(root)
            folder.settle(_Steps(progress, cancelled, Stats()))
            if root not in self._kept:  # an editor may be killed; later, `close` does it
                self._kept.add(root)
                folder.keep()
        self._store.flush()

    # --- telling -----------------------------------------------------------------------------------------

    def projects(self) -> list[ProjectSummary]:
        """The Django projects discovered."""
        return [summary for root in self._roots for summary in self._folder(root).summaries()]

    def linked(self) -> list[Project]:
        """The projects that are linked by now; asking makes nothing happen."""
        return [project for folder in self._folders.values() for project in folder.linked()]

    def problems(self) -> list[Problem]:
        """What could not be analysed so far."""
        store = self._store
        folders = [self._folder(root) for root in self._roots]
        own = {path for folder in folders for path in (*folder.paths(), *folder.template_paths())}
        problems = [p for path in sorted(own) for p in store.problems.get(path, ())]
        for folder in folders:
            problems += folder.problems()
        return problems + self._own_problems()

    def _own_problems(self) -> list[Problem]:
        """What is wrong with djguide itself: its cache, and rules that cannot be loaded."""
        return [Problem("cache", message) for message in self._store.cache_problems] + [
            Problem("internal", f"rule not loaded: {rule.name}: {rule.message}", detail=rule.detail)
            for rule in registry.broken()
        ]

    def models(self, path: str | None = None) -> dict[str, object]:
        """The model graph of the project at `path` in the form of ``djguide models --format json``.

        Of several projects: what they share is said once.
        """
        documents = [
            models_document(project.graph, root)
            for root in self._roots
            for project in self._folder(root).projects()
            if path is None or is_inside(path, project.root) or is_inside(project.root, path)
        ]
        models: dict[tuple[object, ...], object] = {}
        for row in (row for document in documents for row in document["models"]):
            models.setdefault((row["label"], row["file"], row["line"]), row)
        unknown = {tuple(row.values()): row for document in documents for row in document["unknown"]}
        return {"models": list(models.values()), "unknown": list(unknown.values())}

    def surveys(self, *, progress: Progress | None = None) -> list[Survey]:
        """A description of each project: its parts, what it makes use of, and what its views cost."""
        steps = _Steps(progress, None, Stats())
        found = [survey for root in self._roots for survey in self._folder(root).surveys(steps)]
        self._store.flush()
        return found

    def doctor(self) -> dict[str, object]:
        """What was discovered and why: JSON-able, one entry per project, plus unknowns, cache and timings."""
        started = time.perf_counter()
        projects = [entry for root in self._roots for entry in self._folder(root).doctor()]
        configuration = [self._folder(root).configuration() for root in self._roots]
        cache = {"folder": str(self._store.folder), "problems": list(self._store.cache_problems)}
        return {
            "projects": projects,
            "configuration": configuration,
            "cache": cache,
            "problems": [problem.message for problem in self.problems()],
            "timings": {"seconds": round(time.perf_counter() - started, 3)},
        }

    def close(self) -> None:
        """Write what is left to the cache and let go of it."""
        if self._opened is not None:
            for folder in self._folders.values():
                folder.keep()
            self._opened.close()
            self._opened = None


class _Steps:
    """Progress, cancellation and timing of one check."""

    def __init__(self, progress: Progress | None, cancelled: Callable[[], bool] | None, stats: Stats) -> None:
        self._progress = progress
        self._cancelled = cancelled
        self.stats = stats

    def __call__(self, phase: str, done: int, total: int) -> None:
        if self.interrupted():
            raise Cancelled
        if self._progress is not None:
            self._progress(phase, done, total)

    def interrupted(self) -> bool:
        return self._cancelled is not None and self._cancelled()

    def timed(self, phase: str, seconds: float) -> None:
        self.stats.phases[phase] = self.stats.phases.get(phase, 0.0) + seconds


def _add(report: Report, folder: Folder, found: KeptReport, wanted: list[str] | None) -> None:
    """Add what was found in `folder` at or below the `wanted` paths to `report`."""
    report.projects += found.projects
    report.findings += _touching(found.findings, wanted)
    report.known += _touching(found.known, wanted)
    report.problems += _within(found.problems, wanted)
    report.stats.files += found.files
    if found.baseline is not None:
        path, entries = found.baseline
        root = folder.loaded.root
        gone = [
            entry
            for entry in entries
            if wanted is None or any(is_inside((root / entry.path).as_posix(), path) for path in wanted)
        ]
        report.baselines.append(BaselineUse(Path(path), tuple(gone)))


def _within(problems: list[Problem], paths: list[str] | None) -> list[Problem]:
    """Those below `paths` (None: everywhere), and those of no file."""
    return [
        p
        for p in problems
        if paths is None or p.place is None or any(is_inside(p.place.path, path) for path in paths)
    ]


def _shown(folder: Folder, path: str) -> list[Finding]:
    """Findings of `folder` to show in the file at `path`."""
    findings = folder.findings(path)
    touching = _touching(findings, [path])
    if folder.baseline is None or not touching:
        return touching
    # Fingerprints cost time with every edit: only those are made that decide.
    owners = {finding.place.path for finding in touching}
    compared = folder.compared([finding for finding in findings if finding.place.path in owners])
    return _with_hints(folder, compared.new, compared.known, path)


def _with_hints(folder: Folder, new: list[Finding], known: list[Finding], path: str) -> list[Finding]:
    """Findings to show in the file at `path`, those that the baseline holds as hints or not at all."""
    hints = [structs.replace(finding, severity=Severity.HINT) for finding in known]
    if folder.loaded.config.known_findings == "hidden":
        hints = []
    return sorted(_touching([*new, *hints], [path]), key=lambda finding: (finding.place, finding.code))


def _touching(findings: list[Finding], paths: list[str] | None) -> list[Finding]:
    """`findings` that have an end at or below one of `paths`; None stands for everywhere."""
    return findings if paths is None else [finding for finding in findings if _touches(finding, paths)]


def _touches(finding: Finding, paths: list[str]) -> bool:
    places = [place for place in (finding.place, finding.access) if place is not None]
    return any(is_inside(place.path, path) for place in places for path in paths)
