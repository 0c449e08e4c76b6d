"""A URL pattern stands behind one that matches all that it matches."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Related, Severity
from djguide_analyzers.rules.url_patterns import UrlPattern, same_view, url_patterns

RULE = Rule(
    summary="A URL pattern is never reached, since an earlier one matches all its addresses",
    severity=Severity.INFO,
)

_PART = re.compile(r"<(?:([^>:]+):)?[^>]+>")
_MATCHES = {
    "str": r"[^/]+",
    "int": r"[0-9]+",
    "slug": r"[-a-zA-Z0-9_]+",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "path": r".+",
}
"""What the converters of Django match."""

_INCLUDES = {
    "str": {"str", "int", "slug", "uuid"},
    "slug": {"slug", "int", "uuid"},
    "path": {"path", "str", "int", "slug", "uuid"},
}
"""Converters by those that match all that they match; each also its own."""


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    patterns = [each for each in url_patterns(file.project).in_order if each.route is not None]
    for number, pattern in enumerate(patterns):
        if pattern.code.module.path != file.path:
            continue
        earlier = next((each for each in patterns[:number] if _hides(each, pattern)), None)
        if earlier is not None:
            yield Hit(
                pattern.place,
                f"`/{earlier.route}` stands before it and matches all its addresses: this view is never called",
                related=(Related("The pattern that matches first", earlier.place),),
            )


def _hides(earlier: UrlPattern, later: UrlPattern) -> bool:
    """Whether no address gets past `earlier` to `later`."""
    if not earlier.always or earlier.node is later.node or same_view(earlier, later):
        return False
    if earlier.route is None or later.route is None:
        return False
    if "<" not in later.route:
        expression = _expression(earlier.route)
        return expression is not None and re.fullmatch(expression, later.route) is not None
    first, second = _PART.split(earlier.route), _PART.split(later.route)
    return len(first) == len(second) and all(
        one == other if number % 2 == 0 else _takes_all(one or "str", other or "str")
        for number, (one, other) in enumerate(zip(first, second, strict=True))
    )


def _takes_all(converter: str, other: str) -> bool:
    return converter == other or other in _INCLUDES.get(converter, ())


def _expression(route: str) -> str | None:
    """What a route matches, as a regular expression; None for converters of the project's own."""
    found: list[str] = []
    for number, part in enumerate(_PART.split(route)):
        if number % 2 == 0:
            found.append(re.escape(part))
        elif (part or "str") in _MATCHES:
            found.append(_MATCHES[part or "str"])
        else:
            return None
    return "".join(found)
