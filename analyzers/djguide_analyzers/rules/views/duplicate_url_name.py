"""Two URL patterns have one name and take the same arguments: `reverse()` only ever finds one of them."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Place, Related, Severity
from djguide_analyzers.rules.url_patterns import UrlPattern, same_view, url_patterns

RULE = Rule(
    summary="Two URL patterns with different views share a name and its arguments",
    severity=Severity.INFO,
)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for name, patterns in url_patterns(file.project).by_name.items():
        for number, pattern in enumerate(patterns):
            if pattern.code.module.path != file.path:
                continue
            earlier = next((each for each in patterns[:number] if _is_hidden(each, pattern)), None)
            if earlier is not None:
                yield Hit(
                    _name_place(file, pattern),
                    f"Another pattern is called `{name}` and takes the same arguments: `reverse()` leads here, "
                    "never to that one",
                    related=(Related("The other pattern", earlier.place),),
                )


def _name_place(file: FileContext, pattern: UrlPattern) -> Place:
    name = pattern.node.keyword("name")
    return file.place(pattern.code, name if name is not None else pattern.node)


def _is_hidden(earlier: UrlPattern, later: UrlPattern) -> bool:
    """Whether `reverse()` never leads to `earlier`: Django looks at the last pattern first."""
    return (
        earlier.node is not later.node
        and earlier.always
        and later.always
        and earlier.code.module.origin == "project"
        and earlier.namespace == later.namespace
        and None not in (earlier.takes, later.takes)
        and _sets(earlier) <= _sets(later)
        and earlier.defaults == later.defaults
        # One page under two addresses: the later one is the one to link to.
        and not same_view(earlier, later)
    )


def _sets(pattern: UrlPattern) -> set[frozenset[str]]:
    return {frozenset(taken) for taken in pattern.takes or ()}
