"""Writing baselines: by ``djguide baseline``, and by a check when some of what they accept is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from djguide_analyzers.engine.baseline import dumps

if TYPE_CHECKING:
    from djguide_analyzers.engine.accepting import Update
    from djguide_analyzers.engine.report import BaselineUse
    from djguide_analyzers.engine.workspace import Workspace


class WriteRefused(Exception):
    """The file was left as it is; the message says why, to be shown after its name."""


def write(update: Update) -> None:
    """Write one baseline.

    Raises:
        WriteRefused: the file is not djguide's to write, or cannot be written.
    """
    path = update.after.path
    if update.before is None and path.exists():
        raise WriteRefused("exists and is no baseline: it is left as it is.")
    if not path.resolve().is_relative_to(update.root.resolve()):  # a configuration may name any path
        raise WriteRefused("lies outside of the project: it is not written.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dumps(update.after), encoding="utf-8", newline="\n")
    except OSError as error:
        raise WriteRefused(f"cannot be written: {error.strerror or error}") from error


def shrink(workspace: Workspace, uses: Sequence[BaselineUse]) -> list[BaselineUse]:
    """Take out of the baselines what a check of `workspace` found gone; a file that cannot be written stays."""
    result: list[BaselineUse] = []
    for use in uses:
        update = workspace.shrunken_baseline(use)
        if update is not None:
            try:
                write(update)
            except WriteRefused:
                update = None  # what is gone is told all the same, and `baseline --prune` says why it stays
        result.append(structs.replace(use, pruned=update is not None))
    return result
