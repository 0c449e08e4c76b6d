"""What the graph could not know, for people to see."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Field, Model, ModelGraph, Unknown
from djguide_analyzers.project.models.drafts import Draft, FieldDraft
from djguide_analyzers.project.models.evaluation.values import Unknown as UnknownValue
from djguide_analyzers.project.models.sketches import is_sketch
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.resolve import HARMLESS, External


def doubts(graph: ModelGraph, drafts: list[Draft], fields: dict[FieldDraft, Field]) -> list[Unknown]:
    """What is not known of the project's own models; that of packages is left out."""
    rows: list[Unknown] = []
    seen: set[tuple[str, str]] = set()
    for draft in drafts:
        if draft.cls.module.origin != "project":
            continue
        model = graph.models[draft.label]
        for row in (*_of_model(model, draft), *_of_fields(draft, fields)):
            if (row.subject, row.reason) not in seen:
                seen.add((row.subject, row.reason))
                rows.append(row)
    return rows


def _at(cls: ClassInfo) -> tuple[str, int | None]:
    return cls.module.path, cls.code.range(cls.node).start.line + 1 if cls.code.chunk.spans else None


def _of_model(model: Model, draft: Draft) -> Iterator[Unknown]:
    path, line = _at(draft.cls)
    for base in draft.unreadable:
        yield Unknown(draft.label, f"its base class {base} cannot be read", path, line)
    for name, value in draft.options.items():
        if isinstance(value, UnknownValue):
            yield Unknown(draft.label, f"Meta.{name} could not be evaluated", path, line)
    if not model.ordering_certain and not isinstance(draft.options.get("ordering"), UnknownValue):
        yield Unknown(draft.label, "Meta.ordering holds expressions that could not be evaluated", path, line)
    if draft.app is None:
        yield Unknown(draft.label, "it belongs to no application that is known to be installed", path, line)


def _of_fields(draft: Draft, fields: dict[FieldDraft, Field]) -> Iterator[Unknown]:
    for field_draft in (*draft.local.values(), *draft.private.values()):
        field = fields.get(field_draft)
        if field is None or field.certain:
            continue
        path, line = _at(draft.cls)
        if field.code is not None and field.node is not None and field.code.chunk.spans:
            path, line = field.code.module.path, field.code.range(field.node).start.line + 1
        yield Unknown(f"{draft.label}.{field.name}", _reason(field, field_draft), path, line)


def _reason(field: Field, draft: FieldDraft) -> str:
    cls = draft.instance.cls
    if isinstance(cls, External):
        return f"the source of its class {cls.dotted} was not found"
    if is_sketch(cls.module) or is_sketch(draft.owner.module):
        package = (cls if is_sketch(cls.module) else draft.owner).module.name.partition(".")[0]
        return f"the package {package} is not installed: what is generally known of it is assumed"
    if not draft.certain:
        return "it is only there under a condition that could not be evaluated"
    if field.kind in ("fk", "o2o", "m2m", "generic") and field.target is None:
        return "the model it points to could not be determined"
    return "an argument of it could not be evaluated"


def unreadable_bases(line: tuple[ClassInfo | External, ...]) -> list[str]:
    """Dotted names of the classes in a hierarchy that cannot be read."""
    return [base.dotted for base in line if isinstance(base, External) and base.dotted not in HARMLESS]
