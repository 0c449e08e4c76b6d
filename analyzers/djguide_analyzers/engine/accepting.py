"""What becomes of a folder's baseline when somebody asks for it to be written anew, or to lose what is gone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from msgspec import Struct, structs

from djguide_analyzers.engine.baseline import Baseline, Entry, made_of
from djguide_analyzers.engine.folder import Folder
from djguide_analyzers.project.files import is_inside
from djguide_analyzers.rules.finding import Finding


class Update(Struct, frozen=True):
    """A baseline as it should be written, and as it was before; `added` and `removed` count findings.

    `root` is the folder of the configuration, in which baselines lie.
    """

    root: Path
    after: Baseline
    before: Baseline | None
    added: int
    removed: int


def updated(folder: Folder, paths: list[str] | None, *, prune: bool) -> Update | None:
    """The baseline of a settled `folder`, with every finding below `paths` (None: all) accepted.

    With `prune` nothing is accepted: only entries that no longer occur are taken out; None when there is no
    baseline to prune. Entries elsewhere, and those about files that cannot be analysed now, stay.
    """
    before = folder.baseline
    compared = folder.compared(folder.findings())
    gone = [entry for entry in compared.gone if _below(folder, entry, paths)]
    if before is None and prune:
        return None
    kept = before.without(gone) if before is not None else Baseline(folder.baseline_path)
    new = [] if prune else [finding for finding in compared.new if _owned(finding, paths)]
    fresh = made_of(kept.path, map(folder.identifier().identity, new))
    after = Baseline(kept.path, _joined(kept.entries, fresh.entries))
    return Update(folder.loaded.root, after, before, _size(fresh), sum(entry.count for entry in gone))


def _below(folder: Folder, entry: Entry, paths: list[str] | None) -> bool:
    path = (folder.loaded.root / entry.path).as_posix()
    return paths is None or any(is_inside(path, wanted) for wanted in paths)


def _owned(finding: Finding, paths: list[str] | None) -> bool:
    return paths is None or any(is_inside(finding.place.path, wanted) for wanted in paths)


def _joined(kept: tuple[Entry, ...], fresh: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """All entries in order; those with one fingerprint become one."""
    counts = Counter({entry.fingerprint: entry.count for entry in kept})
    counts.update({entry.fingerprint: entry.count for entry in fresh})
    unique = {entry.fingerprint: entry for entry in (*fresh, *kept)}
    return tuple(sorted(structs.replace(entry, count=counts[entry.fingerprint]) for entry in unique.values()))


def _size(baseline: Baseline) -> int:
    return sum(entry.count for entry in baseline.entries)
