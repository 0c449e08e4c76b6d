"""The fields that serializer classes declare."""

from __future__ import annotations

from dataclasses import replace

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import External, Symbol
from djguide_analyzers.project.rest_framework import (
    Ancestor,
    Library,
    attribute,
    derives_from,
    is_certain,
    library_name,
    lineage,
    lineage_of,
    meaning,
    readable,
)
from djguide_analyzers.project.rest_framework_packages import framework_base
from djguide_analyzers.project.serializer_types import Kind, SerializerField

_KINDS: dict[str, Kind] = {
    "BaseSerializer": "nested",
    "PrimaryKeyRelatedField": "key",
    "SlugRelatedField": "slug",
    "StringRelatedField": "string",
    "HyperlinkedIdentityField": "identity",
    "HyperlinkedRelatedField": "hyperlink",
    "SerializerMethodField": "method",
    "HiddenField": "hidden",
    "RelatedField": "unknown",
    "ManyRelatedField": "unknown",
    "Field": "value",
}
_READ_ONLY = frozenset(
    {"SerializerMethodField", "ReadOnlyField", "StringRelatedField", "HyperlinkedIdentityField"}
)
_OUTPUT_HOOKS = ("to_representation", "get_attribute", "use_pk_only_optimization")


def declared_fields(
    project: Project, cls: ClassInfo, running: frozenset[ClassInfo] = frozenset()
) -> tuple[dict[str, SerializerField], bool]:
    """Declared fields as the metaclass collects them, and whether there can be no others.

    Only bases that are serializers hand fields down; whatever else a class body binds to the name hides them.
    """
    own: dict[str, SerializerField] = {}
    for name, bindings in cls.members.names.items():
        binding = bindings[-1]
        if isinstance(binding, Value) and isinstance(binding.expr, ir.Call):
            declared = _declaration(project, cls, name, binding.expr, binding.code)
            if declared is not None:
                own[name] = replace(declared, certain=declared.certain and len(bindings) == 1)
    inherited: dict[str, SerializerField] = {}
    complete = True
    for base in project.resolver.bases(cls):
        if isinstance(base, External):
            complete &= library_name(base.dotted) is not None or framework_base(base.dotted) is not None
        elif base not in running and library_name(base.dotted) is None and _is_serializer(project, base):
            fields, known = declared_fields(project, base, running | {cls})
            complete &= known
            for name, each in fields.items():
                if name not in cls.members.names:
                    inherited.setdefault(name, each)
    return inherited | own, complete


def _declaration(
    project: Project, cls: ClassInfo, name: str, call: ir.Call, code: Code
) -> SerializerField | None:
    """The field that ``name = call`` declares; None when the call makes no field."""
    symbol = meaning(project.resolver, code, call.func, cls)
    line = lineage_of(project.resolver, code, call.func, cls)
    if not derives_from(line, "Field"):
        if not _may_be_field(symbol, line):
            return None
        return SerializerField(
            name,
            "unknown",
            (name,),
            declared=True,
            write_only=None,
            call=call,
            code=code,
            owner=cls,
            certain=False,
        )
    nearest = next(base.name for base in line if isinstance(base, Library))
    kind: Kind = next(_KINDS[base.name] for base in line if isinstance(base, Library) and base.name in _KINDS)
    many = call.keyword("many")
    is_many = isinstance(many, ir.Const) and many.value is True
    if kind == "identity" and is_many:
        kind = "hyperlink"  # of the objects of a relation, each to itself
    serializer = symbol if kind == "nested" and isinstance(symbol, ClassInfo) else None
    source, known = _source(call, name, kind)
    own = list(readable(line))
    sets_options = any(base.member("__init__") is not None for base in own)
    hooks = {hook for base in own for hook in _OUTPUT_HOOKS if base.member(hook) is not None}
    hooked = kind != "nested" and bool(hooks)
    open_call = any(keyword.name is None for keyword in call.keywords)
    fixed = nearest in _READ_ONLY
    read_only = True if fixed else _flag(call, "read_only", unknown=sets_options or open_call)
    known = known and not open_call and is_certain(line) and _is_bool(many)
    output = known and kind in ("value", "unknown") and hooks == {"to_representation"}
    return SerializerField(
        name,
        kind,
        source,
        many=is_many,
        read_only=read_only,
        write_only=True if kind == "hidden" else _flag(call, "write_only", unknown=sets_options or open_call),
        required=_required(call, read_only, unknown=sets_options or open_call),
        declared=True,
        class_name=nearest,
        serializer=serializer if serializer is not None and library_name(serializer.dotted) is None else None,
        method=method_named(project, cls, name, call) if kind == "method" else None,
        slug=text_of(call.keyword("slug_field")) if kind == "slug" else None,
        output=_output(symbol, line) if output else None,
        call=call,
        code=code,
        owner=cls,
        certain=known and not hooked,
    )


def _output(symbol: Symbol | None, line: tuple[Ancestor, ...]) -> tuple[ClassInfo, FunctionInfo] | None:
    """A field class with the project's own ``to_representation()``."""
    found = attribute(line, "to_representation")
    if not isinstance(symbol, ClassInfo) or found is None or not isinstance(found.binding, FunctionInfo):
        return None
    return symbol, found.binding


def _may_be_field(symbol: Symbol | None, line: tuple[Ancestor, ...]) -> bool:
    """Whether a class that cannot be read to its end, or a function, may give a field."""
    if isinstance(symbol, External):
        return symbol.dotted.rpartition(".")[2][:1].isupper()
    return isinstance(symbol, FunctionInfo) or (bool(line) and not is_certain(line))


def _is_serializer(project: Project, cls: ClassInfo) -> bool:
    return derives_from(lineage(project.resolver, cls), "BaseSerializer")


def _source(call: ir.Call, name: str, kind: Kind) -> tuple[tuple[str, ...], bool]:
    """The path that a declared field reads, and whether that is known."""
    if kind in ("method", "identity", "hidden"):
        return (), True
    node = call.keyword("source")
    if node is None:
        return (name,), True
    text = text_of(node)
    if text is None:
        return (name,), False
    return (() if text == "*" else tuple(text.split("."))), True


def method_named(project: Project, cls: ClassInfo, name: str, call: ir.Call) -> FunctionInfo | None:
    """The method that a ``SerializerMethodField`` calls."""
    node = call.args[0] if call.args else call.keyword("method_name")
    wanted = (
        f"get_{name}"
        if node is None or (isinstance(node, ir.Const) and node.value is None)
        else text_of(node)
    )
    if wanted is None:
        return None
    found = attribute(lineage(project.resolver, cls), wanted)
    return found.binding if found is not None and isinstance(found.binding, FunctionInfo) else None


def _flag(call: ir.Call, name: str, *, unknown: bool) -> bool | None:
    """A true-or-false keyword; its default where it is not given, None where somebody else may give it."""
    node = call.keyword(name)
    if node is None:
        return None if unknown else False
    return bool(node.value) if isinstance(node, ir.Const) else None


def _required(call: ir.Call, read_only: bool | None, *, unknown: bool) -> bool | None:
    node = call.keyword("required")
    if node is not None:
        return bool(node.value) if isinstance(node, ir.Const) else None
    if call.keyword("default") is not None or read_only:
        return False
    return None if unknown or read_only is None else True


def text_of(node: ir.Expr | None) -> str | None:
    """The text that a literal is."""
    return node.value if isinstance(node, ir.Const) and isinstance(node.value, str) else None


def _is_bool(node: ir.Expr | None) -> bool:
    return node is None or isinstance(node, ir.Const)


def linked(model: Model, each: SerializerField) -> SerializerField:
    """A declared field with what its source's first step is on the model."""
    if not each.source:
        return each
    first = each.source[0]
    found = model.fields.get(first) or model.field_of_attname(first)
    return replace(each, model_field=found, reverse=model.reverse.get(first))
