"""Arguments of a call, evaluated."""

from __future__ import annotations

from dataclasses import dataclass, field

from djguide_analyzers.trace.values import AbstractValue, Constant


@dataclass(slots=True)
class Arguments:
    """Values of a call's arguments.

    `starred` is True when ``*args`` or ``**kwargs`` may add others that are not listed.
    """

    positional: list[AbstractValue] = field(default_factory=list)
    keywords: dict[str, AbstractValue] = field(default_factory=dict)
    starred: bool = False

    @property
    def first(self) -> AbstractValue | None:
        return self.positional[0] if self.positional else None

    def get(self, position: int, name: str) -> AbstractValue | None:
        """The argument at `position` or called `name`; None when it is not given."""
        if position < len(self.positional):
            return self.positional[position]
        return self.keywords.get(name)

    def texts(self) -> list[str] | None:
        """All positional arguments as literal strings; None when one is something else."""
        result: list[str] = []
        for value in self.positional:
            if not isinstance(value, Constant) or not isinstance(value.value, str):
                return None
            result.append(value.value)
        return None if self.starred else result


def is_none(value: AbstractValue | None) -> bool:
    """Whether an argument is the literal None."""
    return isinstance(value, Constant) and value.value is None


def is_true(value: AbstractValue | None) -> bool:
    """Whether an argument is the literal True."""
    return isinstance(value, Constant) and value.value is True
