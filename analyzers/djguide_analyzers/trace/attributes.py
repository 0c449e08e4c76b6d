"""Reading and setting attributes: where relations are loaded."""

from __future__ import annotations

from msgspec.structs import replace

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model, Reverse
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Value
from djguide_analyzers.project.resolve import ModuleRef
from djguide_analyzers.trace import calls, loading, members, querysets
from djguide_analyzers.trace.decorators import decorator_names
from djguide_analyzers.trace.events import LoadKind, RelationLoad, RelationRead
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks import form_data, rest_framework, serialization
from djguide_analyzers.trace.joining import join, join_alike
from djguide_analyzers.trace.values import (
    NONE,
    SCALAR,
    UNKNOWN,
    AbstractValue,
    BoundMethod,
    BuiltinMethod,
    ClassValue,
    ConditionValue,
    Constant,
    ExternalValue,
    ManagerValue,
    Mapping,
    ModuleValue,
    ObjectValue,
    Page,
    Paginator,
    Partial,
    QuerySetValue,
    Related,
    RequestValue,
    Row,
    RowRoot,
    Scalar,
    Sequence,
    SuperValue,
)

MODEL = "django.db.models.base.Model"
QUERYSET = "django.db.models.query.QuerySet"
MANAGER = "django.db.models.manager.BaseManager"
_PROPERTIES = ("builtins.property", "django.utils.functional.cached_property", "functools.cached_property")


def get_attribute(
    frame: Frame, node: ir.Attr, base: AbstractValue, *, key_only: bool = False
) -> AbstractValue:
    """``base.name``. With `key_only`, nothing but the primary key of a related row will be read from it."""
    name = node.name
    match base:
        case Row():
            return row_attribute(frame, node, base, name, key_only=key_only)
        case ManagerValue():
            return _manager_attribute(frame, base, name)
        case QuerySetValue():
            return _queryset_attribute(frame, base, name)
        case ModuleValue(module=module):
            return calls.symbol_value(frame, frame.project.resolver.attribute(ModuleRef(module), name))
        case ExternalValue(dotted=dotted):
            return ExternalValue(f"{dotted}.{name}")
        case ClassValue(cls=cls):
            return class_attribute(frame, cls, name, node)
        case ObjectValue():
            return _object_attribute(frame, node, base, name)
        case SuperValue():
            return _super_attribute(frame, base, name)
        case RequestValue():
            return _request_attribute(frame, base, name)
        case Paginator(items=items) | Page(items=items) if name == "object_list":
            return items
        case Paginator() | Page():
            return BuiltinMethod(base, name)
        case Sequence() | Mapping() | Constant(value=str()) | ConditionValue() | Partial():
            return BuiltinMethod(base, name)
        case Scalar():
            return SCALAR
        case _:
            return UNKNOWN


# --- rows ------------------------------------------------------------------------------------------------


def row_attribute(
    frame: Frame, node: ir.Node, row: Row, name: str, *, key_only: bool = False
) -> AbstractValue:
    """Attribute `name` of a model instance, read at `node`."""
    held = frame.run.get_loaded(row, name)
    if held is not None:
        if _is_relation(frame, row, name):
            frame.emit(RelationRead(frame.site(node), frame.context, row, name, key_only))
        return held
    model = frame.project.models.get(row.model)
    if model is None:
        return UNKNOWN
    if (special := _special(frame, row, name, model)) is not None:
        return special
    if (prefetched := loading.to_attr(frame, row, name)) is not None:
        return prefetched
    if row.root.query is not None and not row.path and name in row.root.query.annotations:
        return SCALAR
    if (field := model.fields.get(name)) is not None:
        return _field(frame, node, row, model, field, key_only)
    if (reverse := model.reverse.get(name)) is not None:
        return _reverse(frame, node, row, reverse)
    if model.field_of_attname(name) is not None:
        return SCALAR
    return _row_member(frame, node, row, model, name)


def _is_relation(frame: Frame, row: Row, name: str) -> bool:
    model = frame.project.models.get(row.model)
    if model is None:
        return False
    field = model.fields.get(name)
    return name in model.reverse if field is None else field.kind != "column"


def _special(frame: Frame, row: Row, name: str, model: Model) -> AbstractValue | None:
    if name == "pk":
        return SCALAR
    if name == "__class__":
        return ClassValue(model.cls)
    if name == "_prefetched_objects_cache":
        frame.run.guarded.add(row.key)
        return UNKNOWN
    if name in _INSTANCE_METHODS and model.complete:
        return BuiltinMethod(row, name)
    return None


_INSTANCE_METHODS = frozenset({"refresh_from_db", "arefresh_from_db", "full_clean", "get_deferred_fields"})


def _field(
    frame: Frame, node: ir.Node, row: Row, model: Model, field: Field, key_only: bool
) -> AbstractValue:
    match field.kind:
        case "fk" | "o2o" if field.parent_link:
            # Django makes the parent from the child's own columns.
            path = (*row.path, field.name)
            return Row(field.target, row.root, path, row.provenance_known) if field.target else UNKNOWN
        case "fk" | "o2o":
            back = field.accessor if field.kind == "o2o" else None
            return _to_one(
                frame, node, row, field.name, field.target, field.kind, key_only=key_only, back=back
            )
        case "m2m" | "generic":
            return related_manager(frame, row, field.name, field.target, back=None)
        case "gfk":
            return _generic(frame, node, row, field.name)
        case _:
            if loading.is_deferred(row, field, model):
                proven = row.provenance_known
                frame.emit(
                    RelationLoad(frame.site(node), frame.context, row, field.name, "deferred", proven=proven)
                )
                frame.run.set_loaded(row, field.name, SCALAR)
            return SCALAR


def _reverse(frame: Frame, node: ir.Node, row: Row, reverse: Reverse) -> AbstractValue:
    if reverse.kind == "o2o":
        return _to_one(
            frame, node, row, reverse.accessor, reverse.model, "reverse_o2o", back=reverse.source.name
        )
    back = reverse.source.name if reverse.kind == "fk" else None
    return related_manager(frame, row, reverse.accessor, reverse.model, back)


def _to_one(
    frame: Frame,
    node: ir.Node,
    row: Row,
    name: str,
    target: str | None,
    kind: LoadKind,
    *,
    key_only: bool = False,
    back: str | None = None,
) -> AbstractValue:
    """A related object; `back` is the accessor at its side when the relation is one-to-one."""
    if loading.is_loaded(frame.project, row, name) or (row.key, name) in frame.run.once:
        frame.emit(RelationRead(frame.site(node), frame.context, row, name, key_only))
    else:
        known = row.key not in frame.run.guarded and row.key not in frame.run.refreshed
        proven = known and loading.is_certain_to_load(frame.project, row, name)
        frame.emit(RelationLoad(frame.site(node), frame.context, row, name, kind, key_only, proven))
    if target is None or frame.project.models.get(target) is None:
        value: AbstractValue = UNKNOWN
    else:
        value = Row(target, row.root, (*row.path, name), row.provenance_known)
    if not key_only and isinstance(value, Row):
        frame.run.set_loaded(row, name, value)
        if (
            back is not None
        ):  # Django leaves the object it came from on the other side of a one-to-one relation
            frame.run.set_loaded(value, back, row)
    return value


def _generic(frame: Frame, node: ir.Node, row: Row, name: str) -> AbstractValue:
    if loading.is_loaded(frame.project, row, name):
        frame.emit(RelationRead(frame.site(node), frame.context, row, name))
    else:
        proven = loading.is_certain_to_load(frame.project, row, name)
        frame.emit(RelationLoad(frame.site(node), frame.context, row, name, "gfk", proven=proven))
    frame.run.set_loaded(row, name, UNKNOWN)
    return UNKNOWN


def related_manager(
    frame: Frame, row: Row, accessor: str, target: str | None, back: str | None
) -> AbstractValue:
    """The manager at a to-many relation of `row`."""
    model = frame.project.models.get(target)
    if model is None:
        return UNKNOWN
    if row.key in frame.run.guarded:
        return UNKNOWN
    related = Related(frame.run.renewed(row), accessor, back, prefetched=False)
    related = replace(related, prefetched=loading.is_prefetched(frame.project, related))
    return ManagerValue(model.label, model.managers.get(model.default_manager), None, related)


def _row_member(frame: Frame, node: ir.Node, row: Row, model: Model, name: str) -> AbstractValue:
    """A method, property or class attribute of the model's class."""
    found = frame.project.resolver.class_attribute(model.cls, name)
    if found is None:
        return BuiltinMethod(row, name) if name in _ROW_METHODS else UNKNOWN
    owner, binding = found
    if isinstance(binding, FunctionInfo):
        if owner.dotted == MODEL:
            return BuiltinMethod(row, name)
        if is_property(frame, binding):
            site, varies = frame.site(node), frame.varies(node)
            value = calls.enter(frame, binding, [row], {}, site, receiver=row, varies=varies)
            if is_cached(frame, binding):
                frame.run.set_loaded(row, name, value)
            return value
        return _method(frame, binding, row)
    if isinstance(binding, Value) and binding.expr is not None:
        value = calls.evaluate_elsewhere(frame, binding.expr, binding.code, owner)
        return UNKNOWN if isinstance(value, (Constant, Sequence, Mapping)) else value
    return UNKNOWN


_ROW_METHODS = frozenset({"save", "delete", "asave", "adelete"})


def is_property(frame: Frame, info: FunctionInfo) -> bool:
    """Whether `info` is called by reading it."""
    return any(d in _PROPERTIES for d in decorator_names(frame.project, info))


def is_cached(frame: Frame, info: FunctionInfo) -> bool:
    """Whether `info` is a property that remembers its value."""
    return any(d in _PROPERTIES[1:] for d in decorator_names(frame.project, info))


def set_attribute(frame: Frame, target: ir.Attr, base: AbstractValue, value: AbstractValue) -> None:
    """``base.name = value``: a relation that is set is loaded.

    An object keeps what it had as well, since which of several assignments ran is not tracked.
    """
    held = frame.run.get_loaded(base, target.name) if isinstance(base, (ObjectValue, RequestValue)) else None
    match base:
        case Row():
            frame.run.set_loaded(base, target.name, value if value is not NONE else UNKNOWN)
        case ObjectValue():
            if value is UNKNOWN and held is None and base == frame.receiver:
                value = members.by_name(frame, base.cls, target.name)
            frame.run.set_loaded(base, target.name, value if held is None else join(held, value))
        case RequestValue():
            frame.run.set_loaded(base, target.name, value if held is None else join_alike(held, value))


# --- managers, querysets, classes ------------------------------------------------------------------------


def _manager_attribute(frame: Frame, base: ManagerValue, name: str) -> AbstractValue:
    model = frame.project.models.get(base.model)
    if name == "model" and model is not None:
        return ClassValue(model.cls)
    info = base.info
    if info is not None:
        for cls in (info.cls, info.queryset_cls):
            method = _own_method(frame, cls, name)
            if method is not None:
                return _method(frame, method, base)
    return BuiltinMethod(base, name)


def _queryset_attribute(frame: Frame, base: QuerySetValue, name: str) -> AbstractValue:
    model = frame.project.models.get(base.query.model)
    if name == "model" and model is not None:
        return ClassValue(model.cls)
    method = _own_method(frame, base.query.cls, name)
    return _method(frame, method, base) if method is not None else BuiltinMethod(base, name)


def _own_method(frame: Frame, cls: ClassInfo | None, name: str) -> FunctionInfo | None:
    """A method that a manager or queryset class defines itself.

    What a package makes of Django's methods still is what their names say.
    """
    if cls is None:
        return None
    found = frame.project.resolver.class_attribute(cls, name)
    if found is None or not isinstance(found[1], FunctionInfo):
        return None
    if found[0].module.origin != "project" and name in querysets.DJANGOS_OWN:
        return None
    return None if found[0].module.name.startswith("django.db.models.") else found[1]


_LISTS_OF_ENUMS = frozenset({"choices", "values", "labels", "names"})
"""What the metaclass of Django's enumerations adds to them."""


def class_attribute(frame: Frame, cls: ClassInfo, name: str, node: ir.Node) -> AbstractValue:
    """``Class.name``."""
    model = frame.project.graph.of_class(cls)
    if model is not None:
        info = model.managers.get(name)
        if name == "_default_manager":
            info = model.managers.get(model.default_manager)
        if info is not None:
            return ManagerValue(model.label, info, frame.site(node))
        if name in model.fields or name in model.reverse:
            return UNKNOWN
    found = frame.project.resolver.class_attribute(cls, name)
    if found is None:
        listed = name in _LISTS_OF_ENUMS and frame.project.resolver.is_subclass(cls, "enum.Enum")
        return Sequence(UNKNOWN, few=True) if listed else UNKNOWN
    owner, binding = found
    match binding:
        case FunctionInfo():
            kinds = decorator_names(frame.project, binding)
            if "builtins.classmethod" in kinds:
                return BoundMethod(binding, ClassValue(cls))
            return calls.function_value(binding)
        case ClassInfo():
            return ClassValue(binding)
        case Value(expr=expr) if expr is not None:
            return calls.evaluate_elsewhere(frame, expr, binding.code, owner)
        case _:
            return UNKNOWN


def _object_attribute(frame: Frame, node: ir.Node, base: ObjectValue, name: str) -> AbstractValue:
    held = frame.run.get_loaded(base, name)
    if held is not None:
        return held
    found = frame.project.resolver.class_attribute(base.cls, name)
    if found is not None and isinstance(found[1], FunctionInfo):
        return _object_method(frame, node, base, found[1])
    if found is None:
        if name == "data" and serialization.is_serializer_object(frame, base):
            return serialization.data(frame, base, node)
        if name == form_data.CLEANED:
            return form_data.cleaned_data(frame, base)
        if (default := rest_framework.default_method(frame, base, name)) is not None:
            return default
    value = members.held_by(frame, base.cls, name)
    if found is not None and isinstance(found[1], Value) and found[1].expr is not None:
        declared = calls.evaluate_elsewhere(frame, found[1].expr, found[1].code, found[0])
        if value is None and isinstance(declared, Sequence) and declared.items:
            return Sequence(UNKNOWN, few=True)  # subclasses may write out others
        value = declared if value is None else join(declared, value)
    if value is None:
        return RequestValue() if name == "request" else UNKNOWN
    if isinstance(value, Mapping) and any(isinstance(held, ClassValue) for _, held in value.entries):
        return value  # a table of classes, which nobody fills later on
    if isinstance(value, (Constant, Sequence, Mapping)):
        return SCALAR if isinstance(value, Constant) and value != NONE else UNKNOWN  # others may change it
    if base.identity and value is not UNKNOWN:
        frame.run.set_loaded(base, name, value)
    return value


def _object_method(frame: Frame, node: ir.Node, base: ObjectValue, info: FunctionInfo) -> AbstractValue:
    if info.name == "data" and info.dotted.startswith("rest_framework.serializers."):
        return serialization.data(frame, base, node)
    if not is_property(frame, info):
        return _method(frame, info, base)
    site, varies = frame.site(node), frame.varies(node)
    value = calls.enter(frame, info, [base], {}, site, receiver=base, varies=varies)
    if is_cached(frame, info):
        frame.run.set_loaded(base, info.name, value)
    return value


def _method(frame: Frame, info: FunctionInfo, receiver: AbstractValue) -> AbstractValue:
    """What a method is when it is read of an instance."""
    kinds = decorator_names(frame.project, info)
    if "builtins.staticmethod" in kinds:
        return calls.function_value(info)
    if "builtins.classmethod" in kinds:
        model = frame.project.models.get(receiver.model) if isinstance(receiver, Row) else None
        cls = receiver.cls if isinstance(receiver, ObjectValue) else model.cls if model is not None else None
        return BoundMethod(info, receiver if cls is None else ClassValue(cls))
    return BoundMethod(info, receiver)


def declared_attribute(frame: Frame, cls: ClassInfo, name: str) -> AbstractValue:
    """What a class or one of its bases assigns to `name` in its body."""
    found = frame.project.resolver.class_attribute(cls, name)
    if found is None or not isinstance(found[1], Value) or found[1].expr is None:
        return UNKNOWN
    return calls.evaluate_elsewhere(frame, found[1].expr, found[1].code, found[0])


def _super_attribute(frame: Frame, base: SuperValue, name: str) -> AbstractValue:
    found = frame.project.resolver.class_attribute(base.cls, name, after=base.after)
    if found is None or not isinstance(found[1], FunctionInfo):
        return BuiltinMethod(base.receiver, name)
    if found[0].module.name.startswith("django.db.models."):
        return BuiltinMethod(base.receiver, name)
    of_queryset = isinstance(base.receiver, (ManagerValue, QuerySetValue)) and name in querysets.DJANGOS_OWN
    if of_queryset and found[0].module.origin != "project":
        return BuiltinMethod(base.receiver, name)
    return _method(frame, found[1], base.receiver)


def _request_attribute(frame: Frame, request: RequestValue, name: str) -> AbstractValue:
    held = frame.run.get_loaded(request, name)
    if held is not None:
        return held
    value: AbstractValue = UNKNOWN
    if name == "user":
        model = frame.project.models.get(frame.project.graph.auth_user)
        if model is not None:
            value = Row(model.label, RowRoot(frame.run.new_identity(), None, False), (), True)
    else:
        value = members.held_by_request(frame, name)
    frame.run.set_loaded(request, name, value)
    return value
