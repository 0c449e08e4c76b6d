"""An address is asked for with arguments that none of the patterns of that name takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from djguide_analyzers.facts import ir
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope, TemplateContext
from djguide_analyzers.rules.finding import Place, Related, Severity
from djguide_analyzers.rules.reversing import Reversal, reversals, template_reversals
from djguide_analyzers.rules.url_patterns import UrlPattern, url_patterns

RULE = Rule(
    summary="An address is asked for with arguments that its pattern does not take",
    severity=Severity.ERROR,
)

_OPTIONS = {"redirect": {"permanent", "preserve_request"}, "resolve_url": set[str]()}
"""What these functions keep for themselves; all else goes into the address."""


class _Given(NamedTuple):
    """What an address is to be made of: how many values by position, or which ones by name."""

    positional: int
    named: frozenset[str]


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    for call in reversals(file, scope):
        given = _passed_on(call) if call.function in _OPTIONS else _listed(call.node)
        if given is not None:
            place = file.place(call.code, call.node)
            yield from _check(file.project, place, str(call.name.value), given)


def check_template(template: TemplateContext) -> Iterator[Hit]:
    if not template.source.judged:
        return
    for name, node in template_reversals(template):
        given = _Given(len(node.args), frozenset(binding.name for binding in node.kwargs))
        yield from _check(template.project, template.place(node.view), name, given)


def _check(project: Project, place: Place, name: str, given: _Given) -> Iterator[Hit]:
    patterns = url_patterns(project).called(name)
    if not patterns or (given.positional and given.named):
        return
    if any(pattern.accepts(*given) for pattern in patterns):
        return
    yield Hit(
        place,
        f"`{name}` takes {_takes(patterns)}, and is given {_said(given)}: Django raises NoReverseMatch",
        related=tuple(Related("The pattern", each.place) for each in patterns),
    )


def _listed(node: ir.Call) -> _Given | None:
    """The arguments of ``reverse(name, urlconf, args, kwargs)``; None where they are not written out."""
    if any(isinstance(each, ir.Star) for each in node.args) or any(
        each.name is None for each in node.keywords
    ):
        return None
    if len(node.args) > 1 and not _is_none(node.args[1]):
        return None
    args = node.args[2] if len(node.args) > 2 else node.keyword("args")
    kwargs = node.args[3] if len(node.args) > 3 else node.keyword("kwargs")
    positional, named = 0, frozenset[str]()
    if args is not None and not _is_none(args):
        if not isinstance(args, ir.Display) or any(isinstance(item, ir.Star) for item in args.items):
            return None
        positional = len(args.items)
    if kwargs is not None and not _is_none(kwargs):
        keys = _keys(kwargs)
        if keys is None:
            return None
        named = keys
    return _Given(positional, named)


def _keys(node: ir.Expr) -> frozenset[str] | None:
    """The keys of a dictionary, written as such or as ``dict(pk=1)``."""
    match node:
        case ir.Dict(keys=keys):
            texts = [key.value for key in keys if isinstance(key, ir.Const) and isinstance(key.value, str)]
            return frozenset(texts) if len(texts) == len(keys) else None
        case ir.Call(func=ir.Name(id="dict"), args=[], keywords=keywords):
            names = [keyword.name for keyword in keywords if keyword.name is not None]
            return frozenset(names) if len(names) == len(keywords) else None
    return None


def _passed_on(call: Reversal) -> _Given | None:
    """The arguments of ``redirect(name, *args, **kwargs)``; None where they are not written out."""
    rest, keywords = call.node.args[1:], call.node.keywords
    if any(isinstance(each, ir.Star) for each in rest):
        return None
    names = [keyword.name for keyword in keywords if keyword.name is not None]
    if len(names) < len(keywords):
        return None
    return _Given(len(rest), frozenset(names) - _OPTIONS[call.function])


def _is_none(node: ir.Expr) -> bool:
    return isinstance(node, ir.Const) and node.value is None


def _takes(patterns: Sequence[UrlPattern]) -> str:
    ways = dict.fromkeys(_list(way) for pattern in patterns for way in pattern.takes or ())
    return " or ".join(ways)


def _said(given: _Given) -> str:
    if given.positional:
        return "one by position" if given.positional == 1 else f"{given.positional} by position"
    return _list(sorted(given.named))


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "no arguments"
