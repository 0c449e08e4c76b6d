"""One workspace folder: its configuration, its projects, and the findings in them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from djguide_analyzers.engine import suppressions
from djguide_analyzers.engine.checker import Checker, unique
from djguide_analyzers.engine.config import Loaded, load_config
from djguide_analyzers.engine.report import Problem, ProjectSummary
from djguide_analyzers.engine.store import FactsStore
from djguide_analyzers.project.discovery import Discovery, discover
from djguide_analyzers.project.files import DiskFiles, is_inside
from djguide_analyzers.project.link import link
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules import registry
from djguide_analyzers.rules.finding import Confidence, Finding, Place, Severity

INVALID_CONFIGURATION = "invalid-configuration"


class Steps(Protocol):
    """How a long piece of work reports and may be stopped."""

    def __call__(self, phase: str, done: int, total: int) -> None: ...

    def timed(self, phase: str, seconds: float) -> None: ...


class Folder:
    """Lazily discovered, linked and checked; each step is kept until something it read changes."""

    def __init__(self, root: str, files: DiskFiles, store: FactsStore, settings: dict[str, object]) -> None:
        self.root = root
        self._files = files
        self._store = store
        self._settings = settings
        self._loaded: Loaded | None = None
        self._discovery: Discovery | None = None
        self._projects: list[Project] | None = None
        self._findings: list[Finding] | None = None
        self._internal: list[Problem] = []

    def changed(self, paths: Iterable[str]) -> None:
        """The contents of files changed, but not which files there are."""
        if any(is_inside(path, self.root) for path in paths):
            self._projects = None
            self._findings = None

    # --- steps -------------------------------------------------------------------------------------------

    @property
    def loaded(self) -> Loaded:
        """The configuration in force."""
        if self._loaded is None:
            read = self._files.read_text
            self._loaded = load_config(
                Path(self.root), lambda path: read(path.as_posix()), self._settings, rules=_known_rules()
            )
        return self._loaded

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
        return len(self.paths())

    def projects(self, steps: Steps | None = None) -> list[Project]:
        """The projects, linked."""
        if self._projects is None:
            started = time.perf_counter()
            paths = self.paths()
            self._store.prepare(self.root)
            for number, path in enumerate(paths):
                if steps is not None and number % 20 == 0:
                    steps("reading", number, len(paths))
                self._store.python(path)
            if steps is not None:
                steps.timed("reading", time.perf_counter() - started)
                steps("linking", 0, 1)
            started = time.perf_counter()
            config = self.loaded.config
            self._projects = [
                link(
                    self._files,
                    found,
                    self._store.python,
                    workspace=self.root,
                    environment=config.environment,
                )
                for found in self.discovery.projects
            ]
            if steps is not None:
                steps.timed("linking", time.perf_counter() - started)
        return self._projects

    def check(self, steps: Steps) -> list[Finding]:
        """All findings of the folder, in order of place."""
        if self._findings is None:
            projects = self.projects(steps)
            started = time.perf_counter()
            self._internal = []
            found: list[Finding] = []
            for project in projects:
                found += self._check_project(project, steps)
            found += self._mistakes()
            self._findings = unique(found)
            steps.timed("checking", time.perf_counter() - started)
        return self._findings

    def _check_project(self, project: Project, steps: Steps) -> list[Finding]:
        config = self.loaded.config
        checker = Checker(project, config, self._files.read_text)
        rules = checker.selected()
        found: list[Finding] = []
        modules = list(project.modules.values())
        for number, module in enumerate(modules):
            steps("checking", number, len(modules))
            found += checker.check(module, rules)
        self._internal += checker.problems
        return list(self._visible(project, found, frozenset(rule.code for rule in rules)))

    def _visible(self, project: Project, found: list[Finding], ran: frozenset[str]) -> Iterator[Finding]:
        """`found` without what comments and path settings silence, plus what is wrong with the comments."""
        config = self.loaded.config
        known = frozenset(_known_rules())
        by_path = {module.path: suppressions.read(module) for module in project.modules.values()}
        for finding in found:
            ends = [finding.place.path] + ([finding.access.path] if finding.access else [])
            if finding.confidence is not Confidence.PROVEN or finding.place.path not in by_path:
                continue
            if any(finding.code in config.ignored_for(self._relative(path)) for path in ends):
                continue
            silenced = [by_path[path].silence(finding) for path in ends if path in by_path]
            if not any(silenced):
                yield finding
        for path, comments in by_path.items():
            if comments.items and config.select is None:
                ignored = config.ignored_for(self._relative(path))
                yield from (f for f in comments.findings(ran, known) if f.code not in ignored)

    def _relative(self, path: str) -> str:
        root = self.loaded.root.as_posix()
        return path[len(root) + 1 :] if is_inside(path, root) else path

    def _mistakes(self) -> list[Finding]:
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
        return [*self._internal, *loose]

    def summaries(self) -> list[ProjectSummary]:
        return [_summary(project) for project in self.projects()]

    def configuration(self) -> dict[str, Any]:
        loaded = self.loaded
        return {
            "folder": self.root,
            "file": loaded.path.as_posix() if loaded.path else None,
            "mistakes": [mistake.message for mistake in loaded.mistakes],
        }

    def doctor(self) -> list[dict[str, Any]]:
        return [_diagnosis(project) for project in self.projects()]


def _known_rules() -> dict[str, str]:
    """Codes and practices that configuration and comments may name."""
    own = (suppressions.UNUSED, suppressions.INVALID, INVALID_CONFIGURATION)
    return registry.practices() | dict.fromkeys(own, suppressions.PRACTICE)


def _summary(project: Project) -> ProjectSummary:
    version = project.version
    settings = project.settings
    own = [model for model in project.graph if model.cls.module.origin == "project"]
    return ProjectSummary(
        root=project.root,
        settings_module=settings.module,
        django_version=version.minimum if version else None,
        django_version_source=_version_source(project),
        environment=project.environment.root,
        apps=tuple(entry.value for entry in settings.installed_apps()) if settings.found else (),
        model_count=len(own),
    )


def _version_source(project: Project) -> str | None:
    version = project.version
    return None if version is None else f"{version.path}:{version.line + 1}"


def _diagnosis(project: Project) -> dict[str, Any]:
    discovered, settings, graph = project.discovered, project.settings, project.graph
    summary = _summary(project)
    return {
        "root": project.root,
        "found": discovered.reason,
        "source_roots": list(discovered.source_roots),
        "files": {"python": len(discovered.python_files), "templates": len(discovered.template_files)},
        "settings": {
            "module": settings.module,
            "read": settings.found,
            "candidates": [{"module": c.module, "reason": c.reason} for c in discovered.settings_modules],
            "missing": [str(item) for item in settings.missing],
        },
        "django": {"version": summary.django_version, "source": summary.django_version_source},
        "environment": {"root": project.environment.root, "reason": project.environment.reason},
        "apps": list(summary.apps),
        "models": {"project": summary.model_count, "all": len(graph.models), "user": graph.auth_user},
        "unknown": [
            {"what": item.subject, "why": item.reason, "path": item.path, "line": item.line}
            for item in graph.unknown
        ],
    }
