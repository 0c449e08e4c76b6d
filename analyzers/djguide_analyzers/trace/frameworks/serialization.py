"""Serializers of Django REST framework: what turning rows into data reads from them."""

from __future__ import annotations

from msgspec.structs import replace

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.rest_framework import lineage, readable
from djguide_analyzers.project.serializers import (
    Serializer,
    SerializerField,
    describe_serializer,
    is_serializer,
    meta_option,
    method_of,
)
from djguide_analyzers.trace import attributes, calls, iteration, querysets
from djguide_analyzers.trace.arguments import Arguments, is_true
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.values import (
    NONE,
    SCALAR,
    UNKNOWN,
    AbstractValue,
    BoundMethod,
    BuiltinMethod,
    ManagerValue,
    Mapping,
    ObjectValue,
    Page,
    QuerySetValue,
    Row,
    Sequence,
)

MAX_DEPTH = 6
"""Serializers nested in one another that are followed."""

_MANY = "many"
_WRITE_ONLY = "write_only"
_INSTANCE = "instance"


def is_serializer_object(frame: Frame, value: AbstractValue) -> bool:
    """Whether `value` is an instance of a serializer class."""
    return isinstance(value, ObjectValue) and is_serializer(frame.project, value.cls)


def constructed(frame: Frame, cls: ClassInfo, args: Arguments) -> ObjectValue:
    """``SomeSerializer(instance, many=...)``."""
    made = ObjectValue(cls, frame.run.new_identity())
    instance = args.get(0, _INSTANCE)
    frame.run.set_loaded(made, _INSTANCE, UNKNOWN if instance is None else instance)
    frame.run.set_loaded(made, "_many", SCALAR if is_true(args.keywords.get(_MANY)) else NONE)
    if (context := args.keywords.get("context")) is not None:
        frame.run.set_loaded(made, "context", context)
    return made


def data(frame: Frame, value: ObjectValue, node: ir.Node) -> AbstractValue:
    """``serializer.data``: its object, or each of its objects, is turned into data."""
    instance = frame.run.get_loaded(value, _INSTANCE)
    if instance is None or instance is UNKNOWN or instance == NONE:
        return UNKNOWN
    if frame.run.get_loaded(value, "_many") == SCALAR:
        _each(frame, value.cls, instance, node, ())
        return Sequence(Mapping((), SCALAR))
    represent(frame, value.cls, instance, ())
    return Mapping((), UNKNOWN)


def _each(
    frame: Frame, cls: ClassInfo, items: AbstractValue, node: ir.Node, path: tuple[ClassInfo, ...]
) -> None:
    """Represent every one of `items`, as the serializer's own list class does if it has one."""
    own = _list_class(frame, cls)
    if own is None:
        each_of(frame, cls, items, node, path)
    else:
        made = ObjectValue(own[0], frame.run.new_identity())
        frame.run.set_loaded(made, "child", ObjectValue(cls, frame.run.new_identity()))
        calls.enter(frame, own[1], [made, items], {}, frame.site(node), receiver=made)


def _list_class(frame: Frame, cls: ClassInfo) -> tuple[ClassInfo, FunctionInfo] | None:
    """``Meta.list_serializer_class`` with the ``to_representation()`` that the project gives it."""
    description = describe_serializer(frame.project, cls)
    option = meta_option(frame.project, description, "list_serializer_class") if description else None
    symbol = (
        frame.project.resolver.expr(option.code, option.node, option.owner) if option is not None else None
    )
    found = describe_serializer(frame.project, symbol) if isinstance(symbol, ClassInfo) else None
    method = found.method("to_representation") if found is not None else None
    return (found.cls, method) if found is not None and method is not None else None


def each_of(
    frame: Frame, cls: ClassInfo, items: AbstractValue, node: ir.Node, path: tuple[ClassInfo, ...]
) -> None:
    """Represent every one of `items`, as ``ListSerializer`` does."""
    if isinstance(items, ManagerValue):
        queryset = querysets.as_queryset(frame, items)
        if queryset is None:
            return
        items = queryset
    if not isinstance(items, (QuerySetValue, Sequence, Page)):
        return
    place = ir.Opaque(node.at)
    element, loop = iteration.iterate(frame, items, place, node.at)
    outside = frame.loops
    frame.loops = (*outside, replace(loop, by="serializer"))
    represent(frame, cls, element, path)
    frame.loops = outside


def represent(
    frame: Frame, cls: ClassInfo, value: AbstractValue, path: tuple[ClassInfo, ...]
) -> AbstractValue:
    """``to_representation(value)`` of serializer class `cls`; `path` are the serializers around it."""
    description = describe_serializer(frame.project, cls)
    if description is None or cls in path or len(path) >= MAX_DEPTH:
        return UNKNOWN
    serializer = ObjectValue(cls, frame.run.new_identity())
    frame.run.set_loaded(serializer, _INSTANCE, value)
    own = description.method("to_representation")
    if own is not None and own.module.origin == "project":
        place = ir.Call(cls.node.at, ir.Opaque(cls.node.at), [], [])
        return calls.enter(
            _at(frame, cls.code), own, [serializer, value], {}, frame.site(place), receiver=serializer
        )
    return fields(frame, description, serializer, value, (*path, cls))


def _at(frame: Frame, code: Code) -> Frame:
    """A frame for what a framework does at some other place, in the loops that run."""
    inner = Frame(
        frame.run,
        code,
        function=frame.function,
        parent=None,
        loops=frame.loops,
        stack=frame.stack,
        transactions=frame.transactions,
    )
    inner.memoised = frame.memoised
    return inner


def fields(
    frame: Frame,
    description: Serializer,
    serializer: ObjectValue,
    value: AbstractValue,
    path: tuple[ClassInfo, ...],
) -> AbstractValue:
    """Read what the fields of a serializer put out."""
    if not isinstance(value, Row) or not description.complete:
        return UNKNOWN
    asked_for = _left_out_by_context(frame, description.cls)
    for each in description.fields:
        if each.name in asked_for:
            continue  # the view that gives the context is likely to load what it asks for
        if (each.certain or each.output is not None) and _is_put_out(frame, each):
            _read(frame, description, serializer, each, value, path)
    return Mapping((), UNKNOWN)


def _is_put_out(frame: Frame, each: SerializerField) -> bool:
    """Whether a field is not for writing only, nor made so by its own class."""
    if each.write_only is not None or each.serializer is None or each.call is None:
        return each.write_only is False
    if any(keyword.name in (None, "write_only") for keyword in each.call.keywords):
        return False
    made = (base.member("__init__") for base in readable(lineage(frame.project.resolver, each.serializer)))
    return not any(isinstance(info, FunctionInfo) and info.once(_speaks_of_writing) for info in made)


def _left_out_by_context(frame: Frame, cls: ClassInfo) -> frozenset[str]:
    """The fields that constructors take out where the context they are given says so."""
    found: frozenset[str] = frozenset()
    for base in readable(lineage(frame.project.resolver, cls)):
        info = base.member("__init__")
        if isinstance(info, FunctionInfo):
            found |= info.once(_fields_left_out)
    return found


def _fields_left_out(info: FunctionInfo) -> frozenset[str]:
    """Names that ``self.fields.pop(name)`` takes out in a branch of a method that asks the context."""
    branches = (node for node in walk(info.statements) if isinstance(node, ir.If))
    asking = [node for node in branches if _asks_context(node.test)]
    found: set[str] = set()
    for branch in asking:
        for node in walk([*branch.body, *branch.orelse]):
            match node:
                case ir.Call(
                    func=ir.Attr(value=ir.Attr(name="fields"), name="pop"),
                    args=[ir.Const(value=str(name)), *_],
                ):
                    found.add(name)
    return frozenset(found)


def _asks_context(test: ir.Expr) -> bool:
    return any(isinstance(node, ir.Attr) and node.name == "context" for node in walk([test]))


def _speaks_of_writing(info: FunctionInfo) -> bool:
    """Whether a function has to do with the option ``write_only``."""
    return any(
        (isinstance(node, ir.Attr) and node.name == _WRITE_ONLY)
        or (isinstance(node, ir.Const) and node.value == _WRITE_ONLY)
        or (isinstance(node, ir.Call) and node.keyword(_WRITE_ONLY) is not None)
        for node in walk(info.statements)
    )


def _read(
    frame: Frame,
    description: Serializer,
    serializer: ObjectValue,
    each: SerializerField,
    row: Row,
    path: tuple[ClassInfo, ...],
) -> None:
    code, node = _place(description, each)
    inner = _at(frame, code)
    if each.kind == "method":
        method = method_of(frame.project, description.cls, each) or each.method
        if method is not None:
            site = inner.site(node)
            calls.enter(inner, method, [serializer, row], {}, site, receiver=serializer)
        return
    value: AbstractValue = row
    for name in each.source[:-1]:
        value = _step(inner, value, name, node)
    if not each.source:
        _whole(inner, each, row, path)
        return
    last = each.source[-1]
    if each.kind in ("key", "hyperlink") and not each.many and _is_foreign_key(frame, value, last):
        return  # read from the row's own column
    value = _step(inner, value, last, node)
    _put_out(inner, each, value, node, path)


def _place(description: Serializer, each: SerializerField) -> tuple[Code, ir.Node]:
    """Where a field is written: its declaration, its name in ``Meta.fields``, or its class."""
    if each.call is not None and each.code is not None:
        return each.code, each.call
    if each.named is not None:
        return each.named.written.code, each.named.written.node
    return description.cls.code, description.cls.node


def _is_foreign_key(frame: Frame, value: AbstractValue, name: str) -> bool:
    model = frame.project.models.get(value.model) if isinstance(value, Row) else None
    field = model.fields.get(name) if model is not None else None
    return field is not None and field.is_forward_one


def _step(frame: Frame, value: AbstractValue, name: str, node: ir.Node) -> AbstractValue:
    """One name of a source: an attribute or key, called when it can be."""
    if isinstance(value, Mapping):
        return value.get(name)
    place = ir.Attr(node.at, ir.Opaque(node.at), name)
    found = attributes.get_attribute(frame, place, value)
    match found:
        case BoundMethod():
            return calls.apply(frame, ir.Call(node.at, place, [], []), found, Arguments())
        case BuiltinMethod():
            return SCALAR
        case _:
            return found


def _whole(frame: Frame, each: SerializerField, row: Row, path: tuple[ClassInfo, ...]) -> None:
    """A field that gets the whole object: ``source="*"``."""
    if each.output is not None:
        _one(frame, each, row, ir.Opaque(each.call.at if each.call is not None else 0), path)
    elif each.kind == "nested" and each.serializer is not None:
        represent(frame, each.serializer, row, path)
    elif each.kind == "string":
        calls.to_text(frame, row, ir.Opaque(each.call.at if each.call is not None else 0))


def _put_out(
    frame: Frame, each: SerializerField, value: AbstractValue, node: ir.Node, path: tuple[ClassInfo, ...]
) -> None:
    if each.many:
        items = querysets.as_queryset(frame, value) if isinstance(value, ManagerValue) else value
        if not isinstance(items, (QuerySetValue, Sequence)):
            return
        if each.kind == "nested" and each.serializer is not None:
            _each(frame, each.serializer, value, node, path)
            return
        element, loop = iteration.iterate(frame, items, ir.Opaque(node.at), node.at)
        frame.loops = (*frame.loops, replace(loop, by="serializer"))
        _one(frame, each, element, node, path)
        frame.loops = frame.loops[:-1]
        return
    _one(frame, each, value, node, path)


def _one(
    frame: Frame, each: SerializerField, value: AbstractValue, node: ir.Node, path: tuple[ClassInfo, ...]
) -> None:
    if each.output is not None:
        cls, method = each.output
        made = ObjectValue(cls, frame.run.new_identity())
        if value != NONE:
            calls.enter(frame, method, [made, value], {}, frame.site(node), receiver=made)
        return
    match each.kind:
        case "nested" if each.serializer is not None:
            represent(frame, each.serializer, value, path)
        case "string":
            calls.to_text(frame, value, ir.Opaque(node.at))
        case "slug" if each.slug:
            for name in each.slug.split("__"):
                value = _step(frame, value, name, node)
        case _:
            pass
