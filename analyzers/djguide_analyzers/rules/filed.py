"""Answers of all files to one question, filed under names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from djguide_analyzers.rules.context import Directory, FileContext


class Filed:
    """Which files have answers under which names to the question called `question` (see `Directory`)."""

    def __init__(self, question: str) -> None:
        self._prefix = f"{question}#"
        self._files: dict[str, list[FileContext]] | None = None
        self._changed: set[str] = set()

    def with_name(
        self, name: str, question: Directory[Any], files: Callable[[], Iterator[FileContext]]
    ) -> list[FileContext]:
        """Those among `files` that have answers under `name`, in their order."""
        if self._files is None:
            found: dict[str, list[FileContext]] = {}
            for file in files():
                for about in file.asked(question):
                    found.setdefault(about, []).append(file)
            self._files = found
        elif name in self._changed:
            self._files[name] = [file for file in files() if name in file.asked(question)]
            self._changed.discard(name)
        return self._files.get(name, [])

    def questions(self) -> set[str]:
        """See `Forgetful`: whoever asks rests on the question by himself."""
        return set()

    def forget(self, keys: Set[str], answered: Set[str]) -> None:
        """See `Forgetful`."""
        self._changed |= {
            asked.removeprefix(self._prefix) for asked in answered if asked.startswith(self._prefix)
        }
