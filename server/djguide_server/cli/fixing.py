"""``check --fix`` and ``--diff``: fixes, applied round after round until none is left."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct, field

from djguide_analyzers.engine.report import Problem, Report
from djguide_analyzers.rules.finding import Place, Safety
from djguide_analyzers.source.edits import Edit, apply_edits, merge
from djguide_analyzers.source.positions import Position, Range
from djguide_server.cli import files
from djguide_server.cli.files import WriteRefused
from djguide_server.cli.result import best_fix

MAX_ROUNDS = 5

Group = Sequence[Edit]
"""The edits of one fix: all are applied or none."""


class Texts(Protocol):
    """The part of a workspace that fixing needs."""

    def text(self, path: str) -> str | None: ...

    def set_text(self, path: str, text: str) -> None: ...

    def changed_on_disk(self, paths: Iterable[str]) -> None: ...


class Target(Protocol):
    """Where fixed texts go: to the disk, or only into the workspace's view of it."""

    def refusal(self, path: str, seen: str) -> str | None: ...

    def put(self, path: str, seen: str, text: str) -> None: ...


class Disk:
    """Writes fixed texts to their files."""

    def __init__(self, workspace: Texts) -> None:
        self._workspace = workspace

    def refusal(self, path: str, seen: str) -> str | None:
        """Why the file may not be written; None if it may."""
        return files.refusal(path, seen)

    def put(self, path: str, seen: str, text: str) -> None:
        """Replace `seen` by `text`, on the disk and in the workspace.

        Raises:
            WriteRefused: the file was left as it is.
        """
        files.replace_text(path, seen, text)
        self._workspace.changed_on_disk([path])


class Buffers:
    """Keeps fixed texts in memory, as an editor does with what is not saved."""

    def __init__(self, workspace: Texts) -> None:
        self._workspace = workspace

    def refusal(self, path: str, seen: str) -> str | None:
        return None

    def put(self, path: str, seen: str, text: str) -> None:
        self._workspace.set_text(path, text)


class Outcome(Struct):
    """What fixing did. `changes` maps a path to its text before and after; `report` is the last check."""

    report: Report
    fixed: int = 0
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def apply_fixes(
    workspace: Texts,
    check: Callable[[], Report],
    allowed: Callable[[str], bool],
    target: Target,
    *,
    review: bool = False,
) -> Outcome:
    """Check, apply the safe fixes that only touch `allowed` files, and again until none is left.

    With `review`, fixes to review are applied as well, where a finding has no safe one. A round that breaks a
    file is taken back; that file is then left alone and reported as an internal problem.
    """
    classes = (Safety.SAFE, Safety.REVIEW) if review else (Safety.SAFE,)
    run = _Run(workspace, allowed, target, Outcome(check()), classes)
    for _ in range(MAX_ROUNDS):
        broken_before = _broken(run.outcome.report)
        changed = run.round()
        if not changed:
            break
        run.outcome.report = check()
        broken = changed.keys() & (_broken(run.outcome.report) - broken_before)
        if broken:
            run.undo(changed, broken)
            run.outcome.report = check()
    return run.outcome


class _Run:
    def __init__(
        self,
        workspace: Texts,
        allowed: Callable[[str], bool],
        target: Target,
        outcome: Outcome,
        classes: Sequence[Safety],
    ) -> None:
        self._workspace = workspace
        self._allowed = allowed
        self._target = target
        self._classes = classes
        self._left_alone: set[str] = set()
        self._writable: set[str] = set()
        self._fixed_in_round = 0
        self.outcome = outcome

    def round(self) -> dict[str, tuple[str, str]]:
        """Apply all fixes that fit together; returns the changed files with their text before and after."""
        self._writable.clear()
        groups = merge(group for group in self._candidates() if self._applies(group))
        edits: dict[str, list[Edit]] = {}
        for group in groups:
            for edit in group:
                edits.setdefault(edit.path, []).append(edit)
        # All texts before the first is written: one file may have several names, through links.
        texts = {path: self._workspace.text(path) or "" for path in edits}
        changed: dict[str, tuple[str, str]] = {}
        written: set[Path] = set()
        for path, before in texts.items():
            after = apply_edits(before, edits[path])
            real = Path(path).resolve()
            if after == before or real in written:
                continue
            written.add(real)
            try:
                self._target.put(path, before, after)
            except WriteRefused as refused:
                self._leave_alone(path, str(refused), "unreadable")
                continue
            changed[path] = (before, after)
        self._record(changed)
        self._fixed_in_round = sum(all(edit.path in changed for edit in group) for group in groups)
        self.outcome.fixed += self._fixed_in_round
        return changed

    def undo(self, changed: dict[str, tuple[str, str]], broken: Iterable[str]) -> None:
        """Take back the last round, which `changed` files, and leave the `broken` ones alone from now on.

        The whole round, since a fix may span files and must not stay half applied.
        """
        self.outcome.fixed -= self._fixed_in_round
        for path, (before, after) in changed.items():
            try:
                self._target.put(path, after, before)
            except WriteRefused as refused:
                self._leave_alone(path, f"could not be restored: {refused}", "internal")
                continue
            self._record({path: (after, before)})
        for path in broken:
            self._leave_alone(path, "a fix would have broken it", "internal")

    def _candidates(self) -> list[Group]:
        best = (best_fix(finding) for finding in self.outcome.report.findings)
        return [fix.edits for fix in best if fix is not None and fix.safety in self._classes]

    def _applies(self, group: Group) -> bool:
        """Whether all edits of `group` can be made; what stands against it is recorded once per file."""
        for path in {edit.path for edit in group}:
            if path in self._left_alone or not self._allowed(path):
                return False
            if path not in self._writable and not self._look_at(path):
                return False
            if _overlap(edit.range for edit in group if edit.path == path):
                self._leave_alone(path, "a fix has edits that overlap", "internal")
                return False
        return True

    def _look_at(self, path: str) -> bool:
        """Whether the file at `path` may be written in this round."""
        text = self._workspace.text(path)
        reason = "cannot be read" if text is None else self._target.refusal(path, text)
        if reason:
            self._leave_alone(path, reason, "unreadable")
            return False
        self._writable.add(path)
        return True

    def _leave_alone(self, path: str, reason: str, kind: Literal["unreadable", "internal"]) -> None:
        self._left_alone.add(path)
        start = Position(0, 0)
        place = Place(path, Range(start, start))
        self.outcome.problems.append(Problem(kind, f"not fixed: {reason}", place))

    def _record(self, changed: dict[str, tuple[str, str]]) -> None:
        for path, (before, after) in changed.items():
            original = self.outcome.changes.pop(path, (before, before))[0]
            if after != original:
                self.outcome.changes[path] = (original, after)


def _overlap(ranges: Iterable[Range]) -> bool:
    return any(second.start < first.end for first, second in pairwise(sorted(ranges)))


def _broken(report: Report) -> set[str]:
    return {problem.place.path for problem in report.problems if problem.kind == "syntax" and problem.place}


def unified_diff(changes: dict[str, tuple[str, str]], name: Callable[[str], str]) -> str:
    """The `changes` as one diff that ``git apply`` and ``patch -p1`` take; files by `name`, in its order."""
    pieces: list[str] = []
    for path in sorted(changes, key=name):
        before, after = (_lines(text) for text in changes[path])
        shown = name(path)
        old, new = (shown, shown) if shown == path else (f"a/{shown}", f"b/{shown}")
        for line in difflib.unified_diff(before, after, old, new):
            pieces.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(pieces)


def _lines(text: str) -> list[str]:
    """Lines with their ends; unlike `str.splitlines`, a form feed does not end one."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
