"""The fields that a ``ModelSerializer`` generates for its model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.rest_framework import derives_from
from djguide_analyzers.project.serializer_declared import text_of
from djguide_analyzers.project.serializer_models import attribute_of, defaults_of
from djguide_analyzers.project.serializer_types import Kind, Serializer, SerializerField

FIELD_HOOKS = (
    "fields",
    "get_fields",
    "get_field_names",
    "get_default_field_names",
    "build_field",
    "build_standard_field",
    "build_relational_field",
    "build_nested_field",
    "build_property_field",
    "build_url_field",
    "build_unknown_field",
    "get_extra_kwargs",
    "include_extra_kwargs",
)


def list_fields(project: Project, found: Serializer) -> None:
    """Fill in the fields, in the order in which they come out."""
    assert found.model is not None
    names = found.names
    known = found.certain and found.complete and not any(found.may_define(name) for name in FIELD_HOOKS)
    named = {text.value: text for text in names or ()}
    if names is not None:
        listed = [text.value for text in names]
    else:
        left_out = {text.value for text in found.exclude or ()}
        listed = [name for name in default_names(found) if name not in left_out]
        known &= found.model.complete
    fields: dict[str, SerializerField] = {}
    for name in listed:
        each = found.declared.get(name) or _generated(project, found, name)
        fields.setdefault(name, replace(each, named=named.get(name)))
    found.fields = tuple(fields.values())
    found.certain = known


def default_names(found: Serializer) -> Iterator[str]:
    """What ``"__all__"`` stands for: key, declared fields, columns, then forward relations."""
    assert found.model is not None
    fields = found.model.fields
    if derives_from(found.line, "HyperlinkedModelSerializer"):
        yield "url"
    else:
        yield key_of(found.model)
    yield from found.declared
    rest = [each for each in fields.values() if not each.primary_key]
    yield from (each.name for each in rest if each.kind == "column")
    yield from (each.name for each in rest if each.is_forward_one)
    yield from (each.name for each in rest if each.kind == "m2m")


def key_of(model: Model) -> str:
    """Name of the field that serializers take for the primary key: that of the topmost table's model."""
    pk = model.fields.get(model.pk)
    if pk is not None and pk.parent_link:
        inherited = [each.name for each in model.fields.values() if each.primary_key and not each.local]
        return inherited[-1] if inherited else model.pk
    return model.pk


def _generated(project: Project, found: Serializer, name: str) -> SerializerField:
    """The field that is generated for `name`, options of ``Meta`` included."""
    assert found.model is not None
    options = None if found.extra_kwargs is None else found.extra_kwargs.get(name, {})
    source = name
    if options and "source" in options:
        node = options["source"].node
        text = text_of(node)
        source = name if text in (None, "*") else text
        options = None if text is None else options
    made = _built(project, found, name, source)
    if options is None:
        return replace(made, read_only=made.read_only or None, write_only=None, required=None, certain=False)
    listed = name in {text.value for text in found.read_only_fields or ()}
    read_only = _overridden(options, "read_only", made.read_only)
    if listed or read_only:
        return replace(
            made, read_only=True, required=False, write_only=_overridden(options, "write_only", False)
        )
    required = _overridden(options, "required", False if "default" in options else made.required)
    return replace(
        made, read_only=read_only, required=required, write_only=_overridden(options, "write_only", False)
    )


def _overridden(options: dict[str, Written], name: str, value: bool | None) -> bool | None:
    if name not in options:
        return value
    node = options[name].node
    return bool(node.value) if isinstance(node, ir.Const) else None


def _built(project: Project, found: Serializer, name: str, source: str) -> SerializerField:
    """What ``build_field`` makes of a source."""
    model = found.model
    assert model is not None
    source = key_of(model) if source == "pk" else source
    hyperlinked = derives_from(found.line, "HyperlinkedModelSerializer")
    relation: Kind = "hyperlink" if hyperlinked else "key"
    each, reverse = model.fields.get(source), model.reverse.get(source)
    path = (source,)
    if each is not None and each.kind not in ("gfk", "generic"):
        read_only, required = defaults_of(project, each)
        if each.kind == "column":
            return SerializerField(
                name,
                "column",
                path,
                read_only=read_only,
                required=required,
                model_field=each,
                certain=each.certain,
            )
        if found.depth and not each.primary_key:
            return SerializerField(
                name, "nested", path, each.kind == "m2m", True, required=False, depth=found.depth - 1,
                model=each.target, model_field=each, certain=each.certain and each.target is not None,
            )  # fmt: skip
        by_slug = each.to_field is not None and _is_slug(project, each)
        return SerializerField(
            name,
            "slug" if by_slug else relation,
            path,
            many=each.kind == "m2m",
            read_only=True if each.through is not None and not each.through_auto else read_only,
            required=required,
            model=each.target,
            slug=each.to_field if by_slug else None,
            model_field=each,
            certain=each.certain and each.target is not None and found.depth is not None,
        )
    if reverse is not None:
        many = reverse.kind != "o2o"
        through = reverse.source.through is not None and not reverse.source.through_auto
        nested = bool(found.depth)
        return SerializerField(
            name,
            "nested" if nested else relation,
            path,
            many=many,
            read_only=nested or (through and reverse.kind == "m2m"),
            required=not nested,
            depth=(found.depth or 1) - 1,
            model=reverse.model,
            reverse=reverse,
            certain=found.depth is not None,
        )
    exists = attribute_of(project, model, source)
    if exists is False and name == "url":
        return SerializerField(name, "identity", (), read_only=True, required=False)
    return SerializerField(
        name,
        "property",
        path,
        read_only=True,
        required=False,
        model_field=model.field_of_attname(source),
        certain=bool(exists),
    )


def _is_slug(project: Project, each: Field) -> bool:
    target = project.graph.get(each.target)
    aimed = target.fields.get(each.to_field or "") if target is not None else None
    return aimed is not None and not aimed.primary_key
