"""Settings whose value is not certain, and the words for what rests on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from djguide_analyzers.project.graph import Unknown
from djguide_analyzers.project.models.evaluation.known import VARIABLE
from djguide_analyzers.project.models.inputs import Doubt

DEPENDS = "it depends on"
_UNSET = Doubt("it is taken for unset")
CONDITION = "it is only there under a condition that could not be evaluated"


class SettingDoubts:
    """What is not certain of the settings of one project.

    Args:
        doubt: Why a setting's value is not certain; None where it is.
    """

    def __init__(self, doubt: Callable[[str], Doubt | None]) -> None:
        self._doubt = doubt
        self._known: dict[str, Doubt | None] = {}
        self._facts: dict[str, int] = {}

    def of(self, name: str) -> Doubt | None:
        """Why the value of a setting is not certain; None where it is."""
        if name not in self._known:
            self._known[name] = _UNSET if name.startswith(VARIABLE) else self._doubt(name)
        return self._known[name]

    def reason(self, names: Iterable[str]) -> str:
        """Why a fact that rests on the settings called `names` is not certain; counts the fact."""
        names = sorted(names)
        for name in names:
            self._facts[name] = self._facts.get(name, 0) + 1
        return self.text(names)

    def text(self, names: Iterable[str]) -> str:
        """The same, without counting anything."""
        parts: list[str] = []
        for name in sorted(names):
            doubt = self.of(name)
            kind = "environment variable" if name.startswith(VARIABLE) else "setting"
            subject = f"the {kind} {name.removeprefix(VARIABLE)}"
            parts.append(f"{subject}: {doubt.reason}" if doubt is not None else subject)
        return f"{DEPENDS} {', and on '.join(parts)}"

    def condition(self, names: Iterable[str]) -> str:
        """Why something is not certain to be there; `names` are the settings that decide, if any."""
        names = list(names)
        return f"it is only there under a condition: {self.reason(names)}" if names else CONDITION

    def rows(self) -> Iterator[Unknown]:
        """The settings that facts rest on, for people to see."""
        for name, count in sorted(self._facts.items()):
            doubt = self.of(name)
            if doubt is not None:
                facts = "one fact rests" if count == 1 else f"{count} facts rest"
                yield Unknown(
                    name.removeprefix(VARIABLE), f"{doubt.reason}; {facts} on it", doubt.path, doubt.line
                )
