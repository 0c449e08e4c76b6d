"""A template reads the key of a related row by loading the row."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Place, Safety, Severity
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex, Range
from djguide_analyzers.trace.events import RelationLoad, RelationRead
from djguide_analyzers.trace.templates.code import TemplateCode
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A template loads a related row to show a key that the row holds already",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    if file.is_test:
        return
    loads = [
        event for event in trace.events
        if isinstance(event, RelationLoad) and event.key_only and isinstance(event.site.code, TemplateCode)
    ]  # fmt: skip
    if loads:
        yield from _in_trace(file, trace, loads)


def _in_trace(file: FileContext, trace: Trace, loads: list[RelationLoad]) -> Iterator[Hit]:
    read_fully = {
        (event.row.key, event.name)
        for event in trace.events
        if isinstance(event, (RelationLoad, RelationRead)) and not event.key_only
    }
    for load in loads:
        if (load.row.key, load.name) not in read_fully and load.proven:
            hit = _hit(file, load)
            if hit is not None:
                yield hit


def _hit(file: FileContext, load: RelationLoad) -> Hit | None:
    code = load.site.code
    model = file.project.graph.get(load.row.model)
    field = model.fields.get(load.name) if model is not None else None
    if field is None or field.parent_link or not isinstance(code, TemplateCode):
        return None
    if code.source.origin != "project":
        return None
    # The lookups of a variable have numbers one behind another.
    whole = Range(code.range(load.site.at).start, code.range(load.site.at + 1).end)
    written = LineIndex(file.read(code.source.path) or "").slice(whole)
    relation, _, key = written.partition(".")
    if relation != load.name or not key.isidentifier():
        return None
    edit = Edit(code.source.path, whole, field.attname)
    return Hit(
        Place(code.source.path, whole),
        f"`{written}` loads the related row only for its key, which `{field.attname}` holds already",
        fixes=(Fix(f"Read `{field.attname}`", Safety.SAFE, (edit,)),),
        data={"model": load.row.model, "relation": load.name},
    )
