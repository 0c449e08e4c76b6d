"""Version bounds: what a specifier says about the smallest and the largest version it allows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version


class Bounds(NamedTuple):
    """Versions from `minimum` up to `maximum`; None is no bound on that side."""

    minimum: Version | None = None
    maximum: Version | None = None
    includes_minimum: bool = True
    includes_maximum: bool = True

    @property
    def exact(self) -> bool:
        """Whether just one version is inside."""
        return self.minimum is not None and self.minimum == self.maximum

    def intersect(self, other: Bounds) -> Bounds:
        """What both allow; `self` when they allow nothing in common (a contradiction tells nothing)."""
        low = max((self, other), key=_low_key)
        high = min((self, other), key=_high_key)
        if low.minimum and high.maximum and low.minimum > high.maximum:
            return self
        return Bounds(low.minimum, high.maximum, low.includes_minimum, high.includes_maximum)

    def unite(self, other: Bounds) -> Bounds:
        """From the smallest that either allows to the largest."""
        low = min((self, other), key=_low_key)
        high = max((self, other), key=_high_key)
        return Bounds(low.minimum, high.maximum, low.includes_minimum, high.includes_maximum)

    def within(self, other: Bounds) -> bool | None:
        """Whether all versions inside are inside `other`; None when some are and some are not."""
        if _low_key(self) >= _low_key(other) and _high_key(self) <= _high_key(other):
            return True
        return None if self._meets(other) and other._meets(self) else False

    def _meets(self, other: Bounds) -> bool:
        """Whether `self` starts before `other` ends."""
        if self.minimum is None or other.maximum is None or self.minimum < other.maximum:
            return True
        return self.minimum == other.maximum and self.includes_minimum and other.includes_maximum


ANY = Bounds()
_LOWEST = Version("0.dev0")


def _low_key(bounds: Bounds) -> tuple[Version, bool]:
    return (bounds.minimum or _LOWEST, not bounds.includes_minimum)


def _high_key(bounds: Bounds) -> tuple[bool, Version, bool]:
    return (bounds.maximum is None, bounds.maximum or _LOWEST, bounds.includes_maximum)


def bounds_of(specifiers: SpecifierSet | str) -> Bounds:
    """Bounds of PEP 440 specifiers such as ``>=4.2,<5.3``; `ANY` for what cannot be read."""
    if isinstance(specifiers, str):
        try:
            specifiers = SpecifierSet(specifiers)
        except InvalidSpecifier:
            return ANY
    result = ANY
    for specifier in specifiers:
        result = _bounds(specifier).intersect(result)
    return result


def _bounds(specifier: Specifier) -> Bounds:
    text = specifier.version
    try:
        version = Version(text.removesuffix(".*"))
    except InvalidVersion:
        return ANY
    match specifier.operator:
        case "==" if text.endswith(".*"):
            return Bounds(version, _next(version.release), includes_maximum=False)
        case "==" | "===":
            return Bounds(version, version)
        case "~=":
            return Bounds(version, _next(version.release[:-1]), includes_maximum=False)
        case ">=" | ">":
            return Bounds(minimum=version, includes_minimum=specifier.operator == ">=")
        case "<=" | "<":
            return Bounds(maximum=version, includes_maximum=specifier.operator == "<=")
    return ANY


def poetry_bounds(text: str) -> Bounds:
    """Bounds in poetry's own notation: ``^5.2``, ``~5.2``, ``5.2.*``, ``5.2.1``, ``>=4.2,<6 || ^6.1``."""
    alternatives = [_all_of(part) for part in re.split(r"\s*\|\|?\s*", text.strip())]
    return unite_all(alternatives)


def _all_of(text: str) -> Bounds:
    result = ANY
    for part in re.findall(r"[\^~<>=!]*\s*[^\s,]+", text):
        result = _poetry_part(part.replace(" ", "")).intersect(result)
    return result


def _poetry_part(part: str) -> Bounds:
    operator, rest = part[:1], part[1:]
    try:
        if operator == "^":
            version = Version(rest)
            return Bounds(version, _caret_end(version.release), includes_maximum=False)
        if operator == "~" and not rest.startswith("="):
            version = Version(rest)
            return Bounds(version, _next(version.release[:2]), includes_maximum=False)
    except InvalidVersion:
        return ANY
    if part == "*":
        return ANY
    return bounds_of(part if operator in "<>=!~" else f"=={part}")


def _caret_end(release: tuple[int, ...]) -> Version:
    """The next version in which the leftmost number that isn't zero changes."""
    place = next((i for i, number in enumerate(release) if number), len(release) - 1)
    return _next(release[: place + 1])


def _next(release: tuple[int, ...]) -> Version:
    return Version(".".join(map(str, (*release[:-1], release[-1] + 1))))


def unite_all(bounds: Iterable[Bounds]) -> Bounds:
    """The union of all; `ANY` of none."""
    result: Bounds | None = None
    for item in bounds:
        result = item if result is None else result.unite(item)
    return result or ANY
