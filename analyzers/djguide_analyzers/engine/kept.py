"""What a run found, kept in the user's cache for the next one.

Everything that analysis asks about the workspace goes through one file system, which notes each answer's
fingerprint (`Seen`). As long as all of them hold, the same question has the same answer, and nothing needs to be
read again. Where only texts have changed whose outline is the same, results that do not rest on them still hold.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path

import msgspec
from msgspec import Struct, field, structs

import djguide_analyzers
from djguide_analyzers.engine.baseline import Entry
from djguide_analyzers.engine.checker import Checked, files_named
from djguide_analyzers.engine.report import Problem, ProjectSummary
from djguide_analyzers.engine.store import FactsStore
from djguide_analyzers.engine.tracked import TrackedProject
from djguide_analyzers.facts.cache import content_hash
from djguide_analyzers.project.files import DiskFiles, Seen, entries_hash, entries_of, kind_of
from djguide_analyzers.project.module_keys import path_of
from djguide_analyzers.rules import registry
from djguide_analyzers.rules.finding import Finding

_VARIABLES = (
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "HOME",
    "USERPROFILE",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "LOCALAPPDATA",
    "UV_PROJECT_ENVIRONMENT",
    "WORKON_HOME",
    "PIPENV_CUSTOM_VENV_NAME",
    "POETRY_CACHE_DIR",
    "POETRY_VIRTUALENVS_PATH",
    "CONDA_DEFAULT_ENV",
)
"""Variables of the process that decide where a project's environment is looked for."""


class KeptReport(Struct):
    """A report on a whole folder.

    `baseline` is the path of the baseline and what of it no longer occurs; `known` are the findings it holds.
    """

    projects: list[ProjectSummary]
    findings: list[Finding]
    known: list[Finding]
    baseline: tuple[str, list[Entry]] | None
    problems: list[Problem]
    files: int


class Kept(Struct):
    """One folder's results.

    Attributes:
        seen: What they rest on, all in all.
        loose: Paths of files whose text may change without anything being linked anew.
        results: By root of the project, then by path of the module.
        answering: Files with an answer to a question about all files, by root of the project and question.
        report: What a check of all files reported; None when it was not finished.
    """

    seen: Seen
    loose: list[str]
    results: dict[str, dict[str, Checked]] = field(default_factory=dict)
    answering: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    report: KeptReport | None = None


class Memory:
    """What is kept of one folder: looked for once, when it is first asked for.

    Args:
        settings: A client's own settings; others find other things.
        reuse: Whether to look for what earlier runs found at all.
    """

    def __init__(
        self,
        root: str,
        settings: Mapping[str, object],
        files: DiskFiles,
        store: FactsStore,
        *,
        reuse: bool,
    ) -> None:
        self._root = root
        self._settings = settings
        self._files = files
        self._store = store
        self._wanted = reuse
        self._kept: Kept | None = None
        self._changed: set[str] = set()
        self._compared = False

    @cached_property
    def _key(self) -> bytes:
        variables = {name: os.environ.get(name) for name in _VARIABLES}
        settings = repr(sorted(self._settings.items()))
        said = [self._root, os.path.realpath(self._root), settings, variables]
        return content_hash(_engine_hash() + msgspec.json.encode(said))

    def report(self) -> KeptReport | None:
        """The report on all files that still holds: nothing at all has changed since."""
        found = self._look()
        return found.report if found is not None and not self._changed else None

    def restore(self, projects: Iterable[TrackedProject]) -> None:
        """Hand the results that still hold over to projects just linked; what they rest on counts as seen."""
        found = self._look()
        self._kept = None
        if found is None or not _same_outlines(self._changed, found.seen, self._store):
            return
        for tracked in projects:
            root = tracked.project.root
            results, answering = found.results.get(root, {}), found.answering.get(root, {})
            tracked.adopt(results, answering, self._changed)
        found.seen.update(self._files.seen)
        self._files.seen = found.seen

    def keep(self, loose: list[str], projects: Iterable[TrackedProject], report: KeptReport | None) -> None:
        """Write down what was found, for the next run."""
        self._files.seen.contents.update(self._store.digests)  # a text may have been read again since
        by_root = {tracked.project.root: tracked for tracked in projects}
        kept = Kept(
            self._files.seen,
            loose,
            {root: _by_file(tracked.results()) for root, tracked in by_root.items()},
            {root: tracked.answering() for root, tracked in by_root.items()},
            report,
        )
        self._store.put_edited()
        self._store.flush()
        self._store.keep(self._key, msgspec.msgpack.encode(kept))

    def edited(self) -> None:
        """A file has changed since what is kept was compared with the files."""
        self._compared = False

    def _look(self) -> Kept | None:
        if self._wanted:
            self._wanted = False
            self._store.prepare(self._root)
            self._kept = self._load()
            self._compared = False
        if self._kept is not None and not self._compared:
            self._compared = True
            changed = _changes(self._kept, self._files, self._store)
            self._kept, self._changed = (None, set()) if changed is None else (self._kept, changed)
        return self._kept

    def _load(self) -> Kept | None:
        blob = self._store.kept(self._key)
        if blob is None:
            return None
        try:
            return msgspec.msgpack.decode(blob, type=Kept)
        except msgspec.MsgspecError:
            return None  # damaged on the disk: found anew and written again


def _by_file(results: Mapping[str, Checked]) -> dict[str, Checked]:
    """`results`, resting on files and not on functions: the next run compares files."""
    return {path: structs.replace(result, read=_files(path, result)) for path, result in results.items()}


def _files(path: str, result: Checked) -> frozenset[str]:
    return frozenset({path}.union(map(path_of, result.read), *map(files_named, result.findings)))


@cache
def _engine_hash() -> bytes:
    """Fingerprint of djguide itself: another version may find other things."""
    own = Path(next(iter(djguide_analyzers.__path__)))
    stamps = [
        f"{path.as_posix()}:{path.stat().st_mtime_ns}:{path.stat().st_size}"
        for folder in (own, *registry.plugin_folders())
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".json")
    ]
    return content_hash("\n".join(stamps).encode())


def _changes(kept: Kept, files: DiskFiles, store: FactsStore) -> set[str] | None:
    """Paths of the files with another text than when `kept` was written.

    None when more has changed: which files there are, or a text that everything rests on.
    """
    seen = kept.seen
    if any(path not in seen.contents for path in files.overlays):
        return None
    if any(kind_of(path) != kind for path, kind in seen.kinds.items() if path not in files.overlays):
        return None
    if any(entries_hash(entries_of(path)) != listed for path, listed in seen.folders.items()):
        return None
    changed = {path for path, digest in seen.contents.items() if store.digest(path) != digest}
    return changed if changed <= set(kept.loose) else None


def _same_outlines(paths: Iterable[str], seen: Seen, store: FactsStore) -> bool:
    """Whether the Python files at `paths` differ from what was `seen` in nothing but function bodies."""
    for path in paths:
        if path.endswith(".py"):
            old, new = store.facts_of(seen.contents[path]), store.python(path)
            if old is None or new is None or not new.has_outline_of(old):
                return False
    return True
