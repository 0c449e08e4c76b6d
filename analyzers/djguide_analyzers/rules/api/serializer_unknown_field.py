"""``Meta.fields`` names something that is not there, or leaves a declared field out."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.literals import Text, Written
from djguide_analyzers.project.serializer_generated import FIELD_HOOKS, default_names
from djguide_analyzers.project.serializer_models import attribute_of
from djguide_analyzers.project.serializers import Serializer, SerializerField, meta_option, serializers_of
from djguide_analyzers.rules.api_serializers import close_match, own_serializers, renamed, stands_in
from djguide_analyzers.rules.api_views import users_of
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.bodies import is_super
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="`Meta.fields` names an unknown field, or leaves a declared one out",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check(file: FileContext) -> Iterator[Hit]:
    for serializer in own_serializers(file):
        if not serializer.is_model or not serializer.complete or serializer.model is None:
            continue
        if any(serializer.may_define(hook) for hook in FIELD_HOOKS) or _shows_by_hand(serializer):
            continue
        for text in _listed(file, serializer):
            if _is_unknown(file, serializer, text.value) and not _is_for_heirs(file, serializer, text.value):
                yield _unknown(file, serializer, text)
        yield from _left_out(file, serializer)
        yield from _excluded(file, serializer)


def _shows_by_hand(serializer: Serializer) -> bool:
    """Whether a ``to_representation()`` puts everything out by itself: no field is ever made for reading."""
    info = serializer.method("to_representation")
    return info is not None and not any(
        (isinstance(node, ir.Call) and is_super(node))
        or (isinstance(node, ir.Attr) and "fields" in node.name)
        for node in walk(info.statements)
    )


def _is_for_heirs(file: FileContext, serializer: Serializer, name: str) -> bool:
    """Whether no view uses a class, and one that derives from it declares the field."""
    heirs = [each for each in serializers_of(file.project) if serializer.cls in each.line]
    return any(name in each.declared for each in heirs) and not any(users_of(file, serializer))


def _listed(file: FileContext, serializer: Serializer) -> list[Text]:
    """The names of ``Meta.fields`` written in this class's own part of the file."""
    listed = serializer.names or ()
    own = stands_in(meta_option(file.project, serializer, "fields"), serializer.cls)
    return [text for text in listed if own and text.written.code.module is file.module]


def _is_unknown(file: FileContext, serializer: Serializer, name: str) -> bool:
    assert serializer.model is not None
    if name in serializer.declared or name == "url" or not name or serializer.may_define(name):
        return False
    options = (serializer.extra_kwargs or {}).get(name, {})
    if serializer.extra_kwargs is None or options is None or "source" in options:
        return False
    return attribute_of(file.project, serializer.model, name) is False


def _unknown(file: FileContext, serializer: Serializer, text: Text) -> Hit:
    model = serializer.model
    assert model is not None
    taken = {each.value for each in serializer.names or ()}
    names = {*model.fields, *model.reverse, *serializer.declared} - taken
    match = close_match(text.value, names)
    edit = renamed(file, text, match) if match is not None else None
    fixes = (Fix(f'Write "{match}"', Safety.SAFE, (edit,)),) if edit is not None else ()
    return Hit(
        file.place(text.written.code, text.written.node),
        f"`{model.name}` has no `{text.value}`, and the serializer declares none: its first use fails with "
        "ImproperlyConfigured",
        fixes=fixes,
    )


def _left_out(file: FileContext, serializer: Serializer) -> Iterator[Hit]:
    """Fields declared in this very class that its list of fields does not name."""
    if serializer.names is None:
        return
    listed = {text.value for text in serializer.names}
    for name, field in serializer.declared.items():
        if name not in listed and field.owner is serializer.cls and field.kind != "unknown":
            assert field.code is not None
            assert field.call is not None
            yield Hit(
                file.place(field.code, field.call),
                f"`{name}` is declared here and missing from `Meta.fields`: the serializer's first use fails with "
                "an AssertionError",
                fixes=_add(file, serializer, field),
            )


def _excluded(file: FileContext, serializer: Serializer) -> Iterator[Hit]:
    """Names in ``Meta.exclude`` that stand for none of the fields."""
    model = serializer.model
    own = stands_in(meta_option(file.project, serializer, "exclude"), serializer.cls)
    if (
        serializer.exclude is None
        or serializer.names is not None
        or model is None
        or not model.complete
        or not own
    ):
        return
    names = set(default_names(serializer))
    for text in serializer.exclude:
        if text.value in names or text.written.code.module is not file.module:
            continue
        match = close_match(text.value, names - {each.value for each in serializer.exclude})
        edit = renamed(file, text, match) if match is not None else None
        yield Hit(
            file.place(text.written.code, text.written.node),
            f"`Meta.exclude` leaves out `{text.value}`, no field of `{model.name}`: the serializer's first "
            "use fails with an AssertionError",
            fixes=(Fix(f'Write "{match}"', Safety.SAFE, (edit,)),) if edit is not None else (),
        )


def _add(file: FileContext, serializer: Serializer, field: SerializerField) -> tuple[Fix, ...]:
    """Append the name to a list that is written out in this class."""
    written = meta_option(file.project, serializer, "fields")
    if not isinstance(written, Written) or not stands_in(written, serializer.cls):
        return ()
    node = written.node
    if not isinstance(node, ir.Display) or not node.items or written.code.module is not file.module:
        return ()
    last = node.items[-1]
    before = file.lines.line(written.code.range(last).start.line)[: written.code.range(last).start.column]
    separator = ", " if before.strip() else f",\n{before}"
    edit = insert(file, written.code.range(last).end, f'{separator}"{field.name}"')
    return (Fix("Add it to `Meta.fields`", Safety.SAFE, (edit,)),)
