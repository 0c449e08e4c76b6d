"""Django's admin: which models a class is registered for, and what its change list reads of their rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Module, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import ValueRef
from djguide_analyzers.trace import attributes, calls, iteration, querysets, refine
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.decorators import decorator_names, keeps_calls
from djguide_analyzers.trace.frame import BudgetSpent, Frame, Run
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.missing import Miss, misses
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    BoundMethod,
    BuiltinMethod,
    ClassValue,
    Constant,
    FunctionValue,
    LambdaValue,
    ManagerValue,
    ObjectValue,
    Partial,
    Query,
    QuerySetValue,
    RequestValue,
    Row,
    Sequence,
    Site,
)

ADMIN = "django.contrib.admin.options.ModelAdmin"
BASE = "django.contrib.admin.options.BaseModelAdmin"
_GET_USER_MODEL = "django.contrib.auth.get_user_model"

_registered: WeakKeyDictionary[Project, dict[ClassInfo, list[Model]]] = WeakKeyDictionary()


# --- registrations ---------------------------------------------------------------------------------------


def registered(project: Project) -> dict[ClassInfo, list[Model]]:
    """The project's admin classes with the models that each is registered for, on whatever site."""
    kept = _registered.get(project)
    if kept is None:
        kept = {}
        for module in project.modules.values():
            for cls, model in _registrations(project, module):
                known = kept.setdefault(cls, [])
                if model not in known:
                    known.append(model)
        _registered[project] = kept
    return kept


def _registrations(project: Project, module: Module) -> Iterator[tuple[ClassInfo, Model]]:
    for cls in module.classes():
        for node in cls.node.decorators:
            if isinstance(node, ir.Call) and _is_register(node) and is_model_admin(project, cls):
                yield from ((cls, model) for arg in node.args if (model := _model(project, cls.code, arg)))
    for chunk in module.facts.chunks:
        code = Code(module, chunk)
        for node in _calls(chunk.outline):
            cls = _admin_class(project, code, node)
            if cls is not None:
                listed = node.args[0]
                for item in listed.items if isinstance(listed, ir.Display) else [listed]:
                    if (model := _model(project, code, item)) is not None:
                        yield cls, model


def _calls(block: list[ir.Stmt]) -> Iterator[ir.Call]:
    """The calls of ``register`` at the top level, in branches as well."""
    for node in block:
        match node:
            case ir.ExprStmt(value=ir.Call() as call) if _is_register(call) and call.args:
                yield call
            case ir.If() | ir.For() | ir.While():
                yield from _calls([*node.body, *node.orelse])
            case ir.Try():
                yield from _calls([*node.body, *node.orelse, *node.final])


def _is_register(node: ir.Call) -> bool:
    func = node.func
    return (func.name if isinstance(func, ir.Attr) else getattr(func, "id", "")) == "register"


def _admin_class(project: Project, code: Code, node: ir.Call) -> ClassInfo | None:
    """The admin class that ``site.register(models, cls)`` is given."""
    given = node.args[1] if len(node.args) > 1 else node.keyword("admin_class")
    symbol = project.resolver.expr(code, given) if given is not None else None
    return symbol if isinstance(symbol, ClassInfo) and is_model_admin(project, symbol) else None


def is_model_admin(project: Project, cls: ClassInfo) -> bool:
    return project.resolver.is_subclass(cls, ADMIN)


def _model(project: Project, code: Code, node: ir.Expr) -> Model | None:
    symbol = project.resolver.expr(code, node)
    if isinstance(symbol, ClassInfo):
        return project.graph.of_class(symbol)
    made = symbol.value.expr if isinstance(symbol, ValueRef) else node
    home = symbol.value.code if isinstance(symbol, ValueRef) else code
    if isinstance(made, ir.Call) and (func := project.resolver.expr(home, made.func)) is not None:
        return project.graph.get(project.graph.auth_user) if func.dotted == _GET_USER_MODEL else None
    return None


# --- options ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """One entry of ``list_display``: its value, and where it is written, or the class where nothing is."""

    value: AbstractValue
    code: Code
    node: ir.Node

    @property
    def name(self) -> str | None:
        """The entry when it is a text."""
        value = self.value.value if isinstance(self.value, Constant) else None
        return value if isinstance(value, str) else None


def is_default(project: Project, cls: ClassInfo, method: str) -> bool:
    """Whether `cls` has Django's own `method`."""
    found = project.resolver.class_attribute(cls, method)
    return found is not None and found[0].dotted in (ADMIN, BASE)


def columns(frame: Frame, cls: ClassInfo) -> list[Column] | None:
    """What the change list shows; None when that is not known."""
    found = frame.project.resolver.class_attribute(cls, "list_display")
    if found is None or not is_default(frame.project, cls, "get_list_display"):
        return None
    owner, binding = found
    if owner.dotted == ADMIN:
        return [Column(Constant("__str__"), cls.code, cls.node)]
    value = attributes.declared_attribute(frame, cls, "list_display")
    if not isinstance(binding, Value) or binding.expr is None:
        return None
    if not isinstance(value, Sequence) or value.items is None:
        return None
    written = binding.expr
    nodes = written.items if isinstance(written, ir.Display) else []
    if len(nodes) != len(value.items):
        nodes = [written] * len(value.items)
    return [
        Column(_own_lambda(frame, item, binding.code, node), binding.code, node)
        for item, node in zip(value.items, nodes, strict=True)
    ]


def _own_lambda(frame: Frame, item: AbstractValue, code: Code, node: ir.Node) -> AbstractValue:
    """`item`, or the lambda written there: what was evaluated elsewhere leaves lambdas behind."""
    if isinstance(node, ir.Lambda):
        return LambdaValue(node, Site(code, node.at), Frame(frame.run, code))
    return item


# --- the change list -------------------------------------------------------------------------------------


def is_listed(project: Project, cls: ClassInfo) -> bool:
    """Whether `cls` is an admin class with a change list that Django makes by itself."""
    if not registered(project).get(cls) or not is_default(project, cls, "get_changelist"):
        return False
    return _keeps(project, cls, "changelist_view") and _keeps(project, cls, "get_urls")


def _keeps(project: Project, cls: ClassInfo, method: str) -> bool:
    """Whether `cls` has Django's own `method`, or one that goes on to the one it replaces."""
    if is_default(project, cls, method):
        return True
    found = project.resolver.class_attribute(cls, method)
    return (
        found is not None
        and isinstance(found[1], FunctionInfo)
        and any(
            isinstance(node, ir.Attr) and node.name in (method, "changelist_view")
            for node in walk(found[1].statements)
        )
    )


def show_lists(frame: Frame, cls: ClassInfo) -> None:
    """What showing the change list of each model that `cls` is registered for does."""
    for model in registered(frame.project).get(cls, ()):
        _show(frame, cls, model, joined=True)


def reads(project: Project, cls: ClassInfo, model: Model) -> tuple[list[Miss], bool]:
    """Relations that the columns read of rows whose relations nobody joins, and whether these are all."""
    run = Run(project)
    try:
        complete = _show(Frame(run, cls.code, owner=cls), cls, model, joined=False)
    except (BudgetSpent, RecursionError):
        complete = False
    return misses(run.events), complete


def own_rows(project: Project, cls: ClassInfo, model: Model) -> Query | None:
    """The state of what ``get_queryset()`` returns; None when that is not known."""
    frame = Frame(Run(project), cls.code, owner=cls)
    queryset = _rows(frame, _admin(frame, cls, model))
    return queryset.query if queryset is not None else None


def listed_rows(frame: Frame, cls: ClassInfo, model: Model) -> QuerySetValue | None:
    """The rows of the change list, as an action gets them; None when they are not known."""
    admin = _admin(frame, cls, model)
    queryset, shown = _rows(frame, admin), columns(frame, cls)
    if queryset is None or shown is None or queryset.query.model != model.label:
        return None
    return QuerySetValue(_joined(frame, admin, queryset.query, shown, model), queryset.identity)


def _admin(frame: Frame, cls: ClassInfo, model: Model) -> ObjectValue:
    admin = ObjectValue(cls, frame.run.new_identity())
    frame.run.set_loaded(admin, "model", ClassValue(model.cls))
    return admin


def _rows(frame: Frame, admin: ObjectValue) -> QuerySetValue | None:
    found = _call(frame, admin, "get_queryset", RequestValue())
    return found if isinstance(found, QuerySetValue) and found.query.shape == "instances" else None


def _call(frame: Frame, admin: ObjectValue, name: str, *given: AbstractValue) -> AbstractValue:
    place = ir.Call(admin.cls.node.at, ir.Opaque(admin.cls.node.at), [], [])
    method = attributes.get_attribute(frame, ir.Attr(place.at, place, name), admin)
    return calls.apply(frame, place, method, Arguments(list(given)))


def _show(frame: Frame, cls: ClassInfo, model: Model, *, joined: bool) -> bool:
    """Read every column of every row; False when some are not known. Without `joined`, Django joins nothing."""
    admin = _admin(frame, cls, model)
    shown = columns(frame, cls)
    queryset = _rows(frame, admin)
    if shown is None or queryset is None or queryset.query.model != model.label:
        return False
    if joined:
        queryset = QuerySetValue(_joined(frame, admin, queryset.query, shown, model), queryset.identity)
    elif not queryset.query.opaque:
        queryset = QuerySetValue(queryset.query.but(select=frozenset(), select_all=False), queryset.identity)
    element, loop = iteration.iterate(frame, queryset, ir.Opaque(cls.node.at), cls.node.at)
    if not isinstance(element, Row):
        return False
    if _has_checkboxes(frame, cls):
        shown = [*shown, Column(Constant("__str__"), cls.code, cls.node)]
    complete = True
    outside = frame.loops
    frame.loops = (*outside, replace(loop, by="admin"))
    for column in shown:
        inner = Frame(frame.run, column.code, loops=frame.loops, stack=frame.stack, owner=cls)
        complete = _put_out(inner, admin, column, element) and complete
    frame.loops = outside
    return complete


def _has_checkboxes(frame: Frame, cls: ClassInfo) -> bool:
    """Whether each row has a box to select it by, whose label is the row's text (since Django 5.0)."""
    version = frame.project.version
    if version is None or version.within(">=5.0") is not True:
        return False
    return attributes.declared_attribute(frame, cls, "actions") != Constant(None)


def _joined(frame: Frame, admin: ObjectValue, query: Query, shown: list[Column], model: Model) -> Query:
    """`query` with what the change list adds: nothing where the queryset joins something by itself."""
    if query.opaque or query.select or query.select_all:
        return query
    if is_default(frame.project, admin.cls, "get_list_select_related"):
        option = attributes.declared_attribute(frame, admin.cls, "list_select_related")
    else:
        option = _call(frame, admin, "get_list_select_related", RequestValue())
    match option:
        case Constant(value=True):
            return query.but(select_all=True)
        case Constant(value=False):
            return _by_itself(frame.project, query, shown, model)
        case Constant(value=None) | Sequence(items=()):
            return query
        case Sequence(items=tuple() as items):
            return _select(query, list(items))
        case _:
            return query.but(opaque=True)


def _select(query: Query, paths: list[AbstractValue]) -> Query:
    return refine.METHODS["select_related"](query, Arguments(paths))


def _by_itself(project: Project, query: Query, shown: list[Column], model: Model) -> Query:
    """What Django joins when not told: all foreign keys that are not null, from 6.1 on those in the list."""
    listed = [column.value for column in shown if is_forward_one(model, column.name)]
    if not listed:
        return query
    version = project.version
    if version is None:
        return _select(query, listed).but(select_all=True)
    if version.within(">=6.1") is True:
        return _select(query, listed)
    return query.but(select_all=True)


def is_forward_one(model: Model, name: str | None) -> bool:
    """Whether `name` is a foreign key of `model`, and not the column behind one."""
    field = model.fields.get(name) if name is not None else None
    return field is not None and field.is_forward_one


# --- columns ---------------------------------------------------------------------------------------------


def _put_out(frame: Frame, admin: ObjectValue, column: Column, row: Row) -> bool:
    """Read one column of `row` and turn it into text; False when it is not known what that does."""
    value = _read(frame, admin, column, row)
    if value is None:
        return False
    calls.to_text(frame, value, ir.Opaque(column.node.at))
    return True


def _read(frame: Frame, admin: ObjectValue, column: Column, row: Row) -> AbstractValue | None:
    """What Django finds under a name: a field, else the admin's attribute, else the row's, else a path."""
    node, name = column.node, column.name
    if name is None:
        return _apply(frame, node, column.value, row)
    if name == "__str__":
        return row
    if name == "action_checkbox":
        return UNKNOWN
    model = frame.project.models.get(row.model)
    if model is None:
        return None
    if (field := model.fields.get(name)) is not None and field.kind != "gfk":
        return None if field.kind in ("m2m", "generic") else attributes.row_attribute(frame, node, row, name)
    found = frame.project.resolver.class_attribute(admin.cls, name)
    if found is not None:
        return _of_admin(frame, admin, found[1], name, node, row)
    if not frame.project.resolver.fully_known(admin.cls):
        return None
    return _of_row(frame, node, row, name)


def _of_admin(
    frame: Frame, admin: ObjectValue, binding: object, name: str, node: ir.Node, row: Row
) -> AbstractValue | None:
    if not isinstance(binding, FunctionInfo):
        held = attributes.declared_attribute(frame, admin.cls, name)
        return _apply(frame, node, held, admin, row)
    if not keeps_calls(frame.project, binding):
        return None
    if binding.module.origin != "project":
        return None
    static = "builtins.staticmethod" in decorator_names(frame.project, binding)
    given: list[AbstractValue] = [row] if static else [admin, row]
    return calls.enter(frame, binding, given, {}, frame.site(node), receiver=None if static else admin)


def _apply(frame: Frame, node: ir.Node, func: AbstractValue, *given: AbstractValue) -> AbstractValue | None:
    """Call what stands in ``list_display`` itself."""
    if not isinstance(func, (FunctionValue, LambdaValue, Partial, BoundMethod)):
        return None
    call = ir.Call(node.at, ir.Opaque(node.at), [], [])
    return calls.apply(frame, call, func, Arguments(list(given)))


def _of_row(frame: Frame, node: ir.Node, row: Row, name: str) -> AbstractValue | None:
    """An attribute or method of the row, or a path of attributes (from Django 5.1 on)."""
    value = _attribute(frame, node, row, name)
    if isinstance(value, (BoundMethod, BuiltinMethod)):
        return calls.apply(frame, ir.Call(node.at, ir.Opaque(node.at), [], []), value, Arguments())
    version = frame.project.version
    if "__" not in name.strip("_") or value is not UNKNOWN:
        return None if value is UNKNOWN else value
    if version is not None and version.within(">=5.1") is False:
        return None
    step: AbstractValue = row
    for part in name.split("__"):
        step = _attribute(frame, node, step, part)
    return step


def _attribute(frame: Frame, node: ir.Node, value: AbstractValue, name: str) -> AbstractValue:
    return attributes.get_attribute(frame, ir.Attr(node.at, ir.Opaque(node.at), name), value)


@models(BASE + ".get_queryset", ADMIN + ".get_queryset")
def _get_queryset(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """All rows of the default manager of the model that the class is registered for."""
    admin = args.first
    if not isinstance(admin, ObjectValue):
        return UNKNOWN
    known = frame.run.get_loaded(admin, "model")
    model = frame.project.graph.of_class(known.cls) if isinstance(known, ClassValue) else None
    if model is None:
        each = registered(frame.project).get(admin.cls, [])
        model = each[0] if len(each) == 1 else None
    if model is None:
        return UNKNOWN
    manager = ManagerValue(model.label, model.managers.get(model.default_manager), None)
    return querysets.as_queryset(frame, manager) or UNKNOWN
