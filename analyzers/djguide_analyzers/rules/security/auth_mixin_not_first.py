"""An access mixin stands behind the view class, whose ``dispatch()`` answers first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.rules.access import ACCESS_MIXIN, VIEW, is_view_class
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="An access mixin stands behind the view class, so its check never runs",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check(file: FileContext) -> Iterator[Hit]:
    resolver = file.project.resolver
    for cls in file.classes():
        if not is_view_class(file, cls):
            continue
        line = resolver.mro(cls)
        view = next(number for number, base in enumerate(line) if base.dotted == VIEW)
        bases = list(resolver.bases(cls))
        if len(bases) != len(cls.node.bases):
            continue
        late = [
            number for number, base in enumerate(bases) if _is_mixin(file, base) and line.index(base) > view
        ]
        if late:
            yield _hit(file, cls, bases, late)


def _is_mixin(file: FileContext, base: object) -> bool:
    """Whether a base is an access mixin and no view by itself."""
    return (
        isinstance(base, ClassInfo)
        and file.project.resolver.is_subclass(base, ACCESS_MIXIN)
        and not is_view_class(file, base)
    )


def _hit(file: FileContext, cls: ClassInfo, bases: Sequence[object], late: list[int]) -> Hit:
    names = " and ".join(f"`{file.text(cls.code, cls.node.bases[number])}`" for number in late)
    return Hit(
        name_place(file, cls.code, cls.node),
        f"{names} works in `dispatch()`, and the view class on the left answers first: the check never runs",
        fixes=(_fix(file, cls, bases, late),),
    )


def _fix(file: FileContext, cls: ClassInfo, bases: Sequence[object], late: list[int]) -> Fix:
    title = "Put the mixin in front of the view"
    nodes, code = cls.node.bases, cls.code
    first = next(
        number
        for number, base in enumerate(bases)
        if isinstance(base, ClassInfo) and is_view_class(file, base)
    )
    rest = [number for number in range(first, len(nodes)) if number not in late]
    order = [*range(first), *late, *rest]
    texts = [file.text(code, nodes[number]) for number in order]
    stretch = Range(code.range(nodes[0]).start, code.range(nodes[-1]).end)
    if "#" in file.slice(stretch) or any("\n" in text for text in texts):
        return Fix(title, Safety.MANUAL)
    edits = tuple(
        replace(file, code.range(node), text)
        for node, text in zip(nodes, texts, strict=True)
        if file.text(code, node) != text
    )
    return Fix(title, Safety.SAFE, edits)
