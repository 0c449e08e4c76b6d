"""What was found, by file or by piece of a file, and what an edit puts in doubt of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, Set

from djguide_analyzers.engine.checker import Checked, files_named
from djguide_analyzers.project.dependents import Dependents


class Results(MutableMapping[str, Checked]):
    """Results by name, each found again by what it rests on."""

    def __init__(self) -> None:
        self._results: dict[str, Checked] = {}
        self._reading: Dependents[str] = Dependents()
        self._asking: Dependents[str] = Dependents()
        self._naming: Dependents[str] = Dependents()

    def __getitem__(self, name: str) -> Checked:
        return self._results[name]

    def __setitem__(self, name: str, result: Checked) -> None:
        self.pop(name, None)
        self._results[name] = result
        self._reading.add(name, result.read)
        self._asking.add(name, result.questions)
        self._naming.add(name, _named(result))

    def __delitem__(self, name: str) -> None:
        result = self._results.pop(name)
        self._reading.discard(name, result.read)
        self._asking.discard(name, result.questions)
        self._naming.discard(name, _named(result))

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __contains__(self, name: object) -> bool:
        return name in self._results

    def resting_on(self, keys: Set[str], answered: Iterable[str]) -> list[str]:
        """Names of those that rest on one of `keys` (`Module.keys`), or on the answer to a question."""
        return sorted(self._reading.of(keys) | self._asking.of(answered))

    def naming(self, path: str) -> list[str]:
        """Names of those with a finding that names the file at `path`."""
        return sorted(self._naming.of((path,)))

    def questions(self) -> Iterable[str]:
        """All questions that some result rests on."""
        return self._asking.keys()


def _named(result: Checked) -> set[str]:
    return set[str]().union(*map(files_named, result.findings))
