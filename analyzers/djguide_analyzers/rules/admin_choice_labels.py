"""Labels of choices that load relations, and where to join them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.eager import eager_fix, owner_site, split
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Related, Safety
from djguide_analyzers.rules.form_classes import is_never_rendered
from djguide_analyzers.rules.n_plus_one import (
    declaration,
    is_foreign,
    line_of,
    merged,
    method_for,
    reported_misses,
)
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position
from djguide_analyzers.trace.missing import Miss, deepest


def hits(file: FileContext) -> Iterator[Hit]:
    """The relations that the labels of a select load row by row, those of one select together."""
    return merged(_labels(file))


def _labels(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    seen: set[object] = set()
    for trace in file.traces:
        found = deepest([miss for miss in reported_misses(file, trace) if miss.reader == "choices"])
        for miss in found:
            # Classes that inherit a field inherit its finding, which is the base's.
            key = (miss.loop.site, miss.path)
            if miss.loop.site.code.module.path == file.path and key not in seen:
                seen.add(key)
                form = _form_with(file, miss)
                if form is not None and is_never_rendered(file, form):
                    continue
                yield _hit(file, miss, [other for other in found if other.owner == miss.owner])


def _form_with(file: FileContext, miss: Miss) -> ClassInfo | None:
    """The form class whose body declares the field."""
    site = miss.loop.site
    return next(
        (
            cls
            for cls in file.classes()
            if cls.code == site.code and any(node.at == site.at for node in walk(cls.node.body))
        ),
        None,
    )


def _hit(file: FileContext, miss: Miss, together: list[Miss]) -> Hit:
    place = file.place_of(miss.loop.site)
    access = file.place_of(miss.site)
    return Hit(
        place,
        _message(miss),
        access if access.path != place.path else None,
        tuple(_evidence(file, miss)),
        _fixes(file, miss, together),
        {
            "model": miss.owner.model,
            "relation": miss.joined,
            "kind": method_for(file, miss),
            "owner": line_of(place),
            "access": line_of(access),
        },
    )


def _message(miss: Miss) -> str:
    calls = miss.context.stack[miss.loop.depth :]
    reader = f"`{calls[0].callee.name}()`" if calls else "The label"
    model = miss.owner.model.rpartition(".")[2]
    return (
        f"{reader} reads `{miss.joined}`, which runs one query for every {model} that the select offers: "
        "its queryset does not load it"
    )


def _evidence(file: FileContext, miss: Miss) -> Iterator[Related]:
    site = owner_site(miss.owner)
    if site is not None and not is_foreign(site) and site != miss.loop.site:
        yield Related("the queryset is built here", file.place_of(site))
    if not is_foreign(miss.site):
        yield Related("each row is read here", file.place_of(miss.site))
    if (declared := declaration(file, miss.model, miss.name)) is not None:
        yield Related(f"`{miss.name}` is declared here", declared)


def _fixes(file: FileContext, miss: Miss, together: list[Miss]) -> tuple[Fix, ...]:
    paths = [other.path for other in together if other.kind != "deferred"]
    if len(paths) < len(together):
        return ()
    if miss.owner.origin is not None or miss.owner.chain:
        return eager_fix(file, miss.owner, paths, miss.loop.site.code, shared=True)
    joins, prefetches = split(file.project.graph, miss.owner, paths)
    title = f"Load {_quoted([*joins, *prefetches])} with the choices"
    name = _named(file, miss)
    edit = _constructor(file, miss, name, joins, prefetches) if name is not None else None
    return (Fix(title, Safety.REVIEW, (edit,)) if edit is not None else Fix(title, Safety.MANUAL),)


def _named(file: FileContext, miss: Miss) -> str | None:
    """The field that ``Meta.fields`` names where the finding stands."""
    text = file.text(miss.loop.site.code, miss.loop.site.at)
    name = text.strip("\"'")
    return name if name.isidentifier() and text != name and not name.startswith("__") else None


def _constructor(
    file: FileContext, miss: Miss, name: str, joins: list[str], prefetches: list[str]
) -> Edit | None:
    """An ``__init__()`` at the end of the form that loads more with the queryset of its field `name`."""
    cls = next((cls for cls in file.classes() if _names_there(cls, miss)), None)
    if cls is None or cls.member("__init__") is not None or not cls.node.body:
        return None
    first, last = cls.code.range(cls.node.body[0]).start, cls.code.range(cls.node).end
    indent = file.lines.line(first.line)[: first.column]
    if indent.strip() or not indent:
        return None
    step = indent if "\t" in indent else "    "
    calls = [f"select_related({_quoted(joins)})"] if joins else []
    calls += [f"prefetch_related({_quoted(prefetches)})"] if prefetches else []
    lines = [
        f"{indent}def __init__(self, *args, **kwargs):",
        f"{indent}{step}super().__init__(*args, **kwargs)",
        f'{indent}{step}field = self.fields["{name}"]',
        f"{indent}{step}field.queryset = field.queryset.{'.'.join(calls)}",
    ]
    end = Position(last.line, len(file.lines.line(last.line)))
    return insert(file, end, "\n\n" + "\n".join(lines))


def _names_there(cls: ClassInfo, miss: Miss) -> bool:
    """Whether the ``Meta`` of `cls` itself names the field where the finding stands."""
    meta = cls.member("Meta")
    fields = meta.member("fields") if isinstance(meta, ClassInfo) else None
    if not isinstance(fields, Value) or not isinstance(fields.expr, ir.Display):
        return False
    return fields.code == miss.loop.site.code and any(i.at == miss.loop.site.at for i in fields.expr.items)


def _quoted(paths: list[str]) -> str:
    return ", ".join(json.dumps(path) for path in paths)
