"""``read_only_fields`` and ``extra_kwargs`` name fields that they do not reach."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoints import Endpoint
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.serializers import Serializer, SerializerField, serializers_of
from djguide_analyzers.rules.api_serializers import (
    add_option,
    own_serializers,
    read_only_edit,
    refuses_input,
    stands_in,
)
from djguide_analyzers.rules.api_views import explicit_routes, mentions_text, users_of
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.fields import is_literal_true
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity

RULE = Rule(
    summary="`read_only_fields` or `extra_kwargs` names a declared field, which stays as it is",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_TAKING_IN = frozenset({"post", "put", "patch"})
_ACTIONS = {"create": "create", "update": "update", "partial_update": "update"}
"""The framework's actions that store what a serializer was given, and the serializer's method that does it."""


def check(file: FileContext) -> Iterator[Hit]:
    for serializer in own_serializers(file):
        if (
            not serializer.is_model
            or serializer.may_define("include_extra_kwargs")
            or refuses_input(serializer)
        ):
            continue
        for name, option, source, written in _wishes(file, serializer):
            field = serializer.declared.get(name)
            if field is None or _has(field, option) is not False or serializer.field(name) is None:
                continue
            if option == "read_only" and (
                serializer.may_define(f"validate_{name}")  # shows that it is to be written
                or _is_stamped(field)
                or _is_only_read(file, serializer)
                or _is_never_stored(file, serializer, field)
                or _is_read_outside(file, serializer, name)
            ):
                continue
            if field.owner is serializer.cls and _is_inherited(written, serializer.cls):
                continue  # declared later than the list was written, which is how to take it back
            if field.owner is serializer.cls or stands_in(written, serializer.cls):
                yield _hit(file, serializer, field, option, source, written)


def _is_only_read(file: FileContext, serializer: Serializer) -> bool:
    """Whether no view is seen to take anything in with a serializer class, and some put out what it describes."""
    users = list(_users(file, serializer, frozenset()))
    routed = file.project.once(explicit_routes)
    shown = any(
        field.serializer is serializer.cls for o in serializers_of(file.project) for field in o.fields
    )
    return (shown or bool(users)) and not any(
        _TAKING_IN.intersection(action.methods or _TAKING_IN)
        and _TAKING_IN & routed.get(each.cls, _TAKING_IN)
        for each in users
        for action in each.actions
    )


def _users(file: FileContext, serializer: Serializer, inner: frozenset[ClassInfo]) -> Iterator[Endpoint]:
    """The endpoints that use a serializer class, or one that takes it in as a field."""
    for endpoint, _ in users_of(file, serializer):
        yield endpoint
    for outer in serializers_of(file.project):
        nests = any(
            field.serializer is serializer.cls and field.read_only is not True for field in outer.fields
        )
        if nests and outer.cls not in inner and outer is not serializer:
            yield from _users(file, outer, inner | {serializer.cls})


def _is_never_stored(file: FileContext, serializer: Serializer, field: SerializerField) -> bool:
    """Whether the serializer stores what it was given by methods of its own, which leave the field out."""
    own = {name: info for name in ("create", "update") if (info := serializer.method(name)) is not None}
    if not own or not all(_leaves_out(info, field) for info in own.values()):
        return False
    actions = [endpoint.action(name) for endpoint, _ in users_of(file, serializer) for name in _ACTIONS]
    return not any(
        action is not None and action.function is None and _ACTIONS[action.name] not in own
        for action in actions
    )


def _is_inherited(written: Written, cls: ClassInfo) -> bool:
    """Whether an option stands in the ``Meta`` of a base class."""
    return written.owner is not None and written.owner.owner not in (None, cls)


def _is_read_outside(file: FileContext, serializer: Serializer, name: str) -> bool:
    """Whether a serializer that has this one as a field takes the value of `name` out of what it was given."""
    outers = (
        outer
        for outer in serializers_of(file.project)
        if any(field.serializer is serializer.cls and field.read_only is not True for field in outer.fields)
    )
    methods = (outer.method(method) for outer in outers for method in ("create", "update", "validate"))
    return any(info is not None and mentions_text(info, name) for info in methods)


def _is_stamped(field: SerializerField) -> bool:
    """Whether every save puts the time into the column, whatever it was given."""
    column = field.model_field
    return (
        column is not None and column.call is not None and is_literal_true(column.call.keyword("auto_now"))
        and field.required is False
    )  # fmt: skip


def _leaves_out(info: FunctionInfo, field: SerializerField) -> bool:
    """Whether a ``create()`` or ``update()`` takes single values out of its data, and never that of `field`."""
    if any(mentions_text(info, name) for name in {field.name, *field.source[:1]}):
        return False
    params = [param.name for param in info.node.params.items if param.kind in ("pos", "any")]
    data = params[-1] if params else None
    apart = {id(name) for node in walk(info.statements) for name in _taken_apart(node)}
    return all(
        id(node) in apart for node in walk(info.statements) if isinstance(node, ir.Name) and node.id == data
    )


def _taken_apart(node: ir.Node) -> Iterator[ir.Expr]:
    """The dictionary of which `node` looks at one value, or at those whose keys are in a list."""
    match node:
        case ir.Subscript(value=data, index=ir.Const()):
            yield data
        case ir.Call(func=ir.Attr(value=data, name="get" | "pop"), args=[ir.Const(), *_]):
            yield data
        case ir.Compare(left=ir.Const(), ops=["in" | "not in"], rights=[data]):
            yield data
        case ir.For(
            target=ir.Display(items=[ir.Name(id=key), *_]),
            iter=ir.Call(func=ir.Attr(value=data, name="items")),
            body=[ir.If(test=ir.Compare(left=ir.Name(id=tested), ops=["in"]), orelse=[])],
        ) if key == tested:
            yield data


def _wishes(file: FileContext, serializer: Serializer) -> Iterator[tuple[str, str, str, Written]]:
    """What ``Meta`` asks for: the field, the option, the list that names it, and where."""
    for text in serializer.read_only_fields or ():
        yield text.value, "read_only", "read_only_fields", text.written
    for name, options in (serializer.extra_kwargs or {}).items():
        for option in ("read_only", "write_only"):
            written = (options or {}).get(option)
            if written is not None and isinstance(written.node, ir.Const) and written.node.value is True:
                yield name, option, "extra_kwargs", written


def _has(field: SerializerField, option: str) -> bool | None:
    """Whether a field is like that already, or cannot be written anyway; None when that is not known."""
    if option == "write_only":
        return field.write_only if field.read_only is False else True
    return True if field.kind == "hidden" else field.read_only


def _hit(
    file: FileContext,
    serializer: Serializer,
    field: SerializerField,
    option: str,
    source: str,
    written: Written,
) -> Hit:
    assert field.call is not None
    assert field.code is not None
    here = field.code.module.path == file.path and field.owner is serializer.cls
    place = file.place(field.code, field.call) if here else file.place(written.code, written.node)
    harm = "clients can write it" if option == "read_only" else "it goes out in every response"
    title = f"Declare it with `{option}=True`"
    edit = None
    if here:
        edit = read_only_edit(file, field) if option == "read_only" else _write_only(file, field)
    fix = Fix(title, Safety.SAFE, (edit,)) if edit is not None else Fix(title, Safety.MANUAL)
    related = (Related(f"`{source}` names it here", file.place(written.code, written.node)),) if here else ()
    return Hit(
        place,
        f"`Meta.{source}` does not reach `{field.name}`, which the class declares itself: {harm}",
        related=related,
        fixes=(fix,),
    )


def _write_only(file: FileContext, field: SerializerField):
    assert field.call is not None
    assert field.code is not None
    if field.call.keyword("write_only") is not None or field.call.keyword("read_only") is not None:
        return None
    return add_option(file, field.code, field.call, "write_only=True")
