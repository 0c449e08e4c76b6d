"""An address is asked for by a name that no URL pattern has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope, TemplateContext
from djguide_analyzers.rules.finding import Fix, Place, Safety, Severity
from djguide_analyzers.rules.reversing import reversals, template_reversals
from djguide_analyzers.rules.url_names import is_unknown, takes_arguments
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex, Range

RULE = Rule(
    summary="An address is asked for by a name that no URL pattern has",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_NAME = re.compile(r"[A-Za-z_][\w:-]*")


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    for _, given, node, code in reversals(file, scope):
        bare = len(node.args) == 1 and not node.keywords
        yield from _check(file.project, file.place(code, given), str(given.value), file.lines, bare)


def check_template(template: TemplateContext) -> Iterator[Hit]:
    if not template.source.judged:
        return
    for name, node in template_reversals(template):
        bare = not node.args and not node.kwargs
        yield from _check(template.project, template.place(node.view), name, template.lines, bare)


def _check(project: Project, place: Place, name: str, lines: LineIndex, bare: bool) -> Iterator[Hit]:
    """The finding for `name`, which stands at `place`; `bare` tells that no arguments are given."""
    if not _NAME.fullmatch(name):
        return  # an address, or the dotted path of a view
    unknown, close = is_unknown(project, name)
    if not unknown:
        return
    fix = Fix("Name a pattern that is there", Safety.MANUAL)
    fits = close is not None and not (bare and takes_arguments(project, close))
    if fits and lines.slice(place.range)[1:-1] == name:
        start, end = place.range
        inside = Range(type(start)(start.line, start.column + 1), type(end)(end.line, end.column - 1))
        namespace, colon, _ = name.rpartition(":")
        meant = f"{namespace}{colon}{close}"
        fix = Fix(f"Use `{meant}`", Safety.REVIEW, (Edit(place.path, inside, meant),))
    yield Hit(place, f"No URL pattern is called `{name}`: Django raises NoReverseMatch", fixes=(fix,))
