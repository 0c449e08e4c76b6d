"""What validated forms hold: the rows that somebody chose."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.trace import annotations, calls, querysets
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks.forms import CHOICE_FIELD, is_form
from djguide_analyzers.trace.frameworks.model_forms import made_fields
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    Mapping,
    ObjectValue,
    Query,
    QuerySetValue,
)

CLEANED = "cleaned_data"
_SEVERAL = "django.forms.models.ModelMultipleChoiceField"


def cleaned_data(frame: Frame, form: ObjectValue) -> AbstractValue:
    """``form.cleaned_data``: the row, or the queryset, that each field for choosing rows hands out."""
    project = frame.project
    if not is_form(project, form.cls):
        return UNKNOWN
    replaced = _replaced(project, form.cls)
    entries: dict[str, AbstractValue] = {}
    for name, field, several, model in [*_declared(frame, form.cls), *_made(project, form.cls)]:
        if name not in entries:
            known = replaced is not None and name not in replaced
            entries[name] = _chosen(frame, field if known else None, model, several=several)
    found = Mapping(tuple(entries.items())) if entries else UNKNOWN
    frame.run.set_loaded(form, CLEANED, found)
    return found


_Field = tuple[str, QuerySetValue | None, bool, str]
"""Name, what it chooses from if that is known, whether several at once, and the label of their model."""


def _chosen(frame: Frame, among: QuerySetValue | None, model: str, *, several: bool) -> AbstractValue:
    """What somebody chose among the rows of a queryset, or of a model where the queryset is not known."""
    if among is None:
        if not several:
            return annotations.some_row(frame, model)
        return QuerySetValue(Query(model, opaque=True), frame.run.new_identity(), cached=True)
    if not several:
        return querysets.one_row(frame, among)
    return QuerySetValue(
        among.query, frame.run.new_identity(), cached=True
    )  # the field has looked at each row


def _declared(frame: Frame, cls: ClassInfo) -> Iterator[_Field]:
    """The fields for choosing rows that the bodies of a form's classes declare, the nearest first."""
    resolver = frame.project.resolver
    for base in resolver.mro(cls):
        if not isinstance(base, ClassInfo) or base.module.origin != "project":
            continue
        for name, bindings in base.members.names.items():
            value = bindings[-1]
            if not isinstance(value, Value) or not isinstance(value.expr, ir.Call):
                continue
            field = resolver.expr(value.code, value.expr.func, base)
            given = value.expr.keyword("queryset") or next(iter(value.expr.args), None)
            if (
                given is None
                or not isinstance(field, ClassInfo)
                or not resolver.is_subclass(field, CHOICE_FIELD)
            ):
                continue
            found = calls.evaluate_elsewhere(frame, given, value.code, base)
            among = querysets.as_queryset(frame, found)
            if among is not None and among.query.shape == "instances":
                empty = any(link.name == "none" for link in among.query.chain)
                several = resolver.is_subclass(field, _SEVERAL)
                yield name, None if empty else among, several, among.query.model


def _made(project: Project, cls: ClassInfo) -> Iterator[_Field]:
    """The fields that a model form makes for relations: of which model the rows are is all that is known."""
    for name, field, _, _ in made_fields(project, cls):
        target = project.models.get(field.target)
        if target is not None:
            yield name, None, field.kind == "m2m", target.label


def _replaced(project: Project, cls: ClassInfo) -> frozenset[str] | None:
    """The fields that methods of a form speak of, which may give them another queryset; None for any field."""
    found: set[str] = set()
    for base in project.resolver.mro(cls):
        if isinstance(base, ClassInfo) and base.module.origin == "project":
            for info in base.methods():
                spoken_of = info.once(_fields_in)
                if spoken_of is None:
                    return None
                found |= spoken_of
    return frozenset(found)


def _fields_in(info: FunctionInfo) -> frozenset[str] | None:
    """The names under which a method looks into ``fields``; None when it goes through them otherwise."""
    fields = [node for node in walk(info.statements) if isinstance(node, ir.Attr) and node.name == "fields"]
    indexed = [
        node
        for node in walk(info.statements)
        if isinstance(node, ir.Subscript) and node.value in fields and isinstance(node.index, ir.Const)
    ]
    if len(indexed) < len(fields):
        return None
    return frozenset(str(node.index.value) for node in indexed if isinstance(node.index, ir.Const))


@models("django.forms.forms.BaseForm.clean", "django.forms.models.BaseModelForm.clean")
def _clean(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """``super().clean()`` hands out the data as it stands."""
    form = args.first
    if not isinstance(form, ObjectValue):
        return UNKNOWN
    held = frame.run.get_loaded(form, CLEANED)
    return held if held is not None else cleaned_data(frame, form)
