"""Django's forms: the selects that list rows of a queryset, and what their labels read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.trace import annotations, calls, iteration, querysets, statements
from djguide_analyzers.trace.frame import BudgetSpent, Frame, Run
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    ManagerValue,
    ObjectValue,
    QuerySetValue,
    Row,
)

FORM = "django.forms.forms.BaseForm"
MODEL_FORM = "django.forms.models.BaseModelForm"
CHOICE_FIELD = "django.forms.models.ModelChoiceField"
_WIDGETS = "django.forms.widgets"
_CHOICE_WIDGET = _WIDGETS + ".ChoiceWidget"
_HARMLESS = frozenset(
    {"required", "label", "help_text", "initial", "disabled", "empty_label", "error_messages"}
)
"""Attributes of a field that have no say in which rows it lists, and how."""


@dataclass(frozen=True, slots=True)
class Select:
    """One field that lists the rows of a queryset.

    Attributes:
        name: The form's field.
        queryset: Whose rows it lists.
        field: Class of the form's field.
        code, node: Where the queryset is given; for fields that a model form makes, where the form names them.
        made: Whether the model form makes the field.
    """

    name: str
    queryset: QuerySetValue
    field: ClassInfo
    code: Code
    node: ir.Node
    made: bool = False


def is_form(project: Project, cls: ClassInfo) -> bool:
    """Whether `cls` is a form class whose hierarchy is known."""
    return project.resolver.is_subclass(cls, FORM) and project.resolver.fully_known(cls)


def show_choices(frame: Frame, cls: ClassInfo) -> None:
    """What rendering the selects of a form reads."""
    for select in selects(frame, cls):
        list_labels(frame, select)


def list_labels(frame: Frame, select: Select) -> None:
    """Turn each row that a select lists into its label."""
    inner = Frame(frame.run, select.code, loops=frame.loops, stack=frame.stack)
    place = ir.Opaque(select.node.at)
    element, loop = iteration.iterate(inner, select.queryset, place, select.node.at)
    found = frame.project.resolver.class_attribute(select.field, "label_from_instance")
    if not isinstance(element, Row) or found is None or not isinstance(found[1], FunctionInfo):
        return
    inner.loops = (*inner.loops, replace(loop, by="choices"))
    if found[0].dotted == CHOICE_FIELD:
        calls.to_text(inner, element, place)
        return
    field = ObjectValue(select.field, frame.run.new_identity())
    calls.enter(inner, found[1], [field, element], {}, inner.site(place), receiver=field)


def selects(frame: Frame, cls: ClassInfo) -> Iterator[Select]:
    """The fields of a form that list rows, as far as they are known."""
    project = frame.project
    touched = _touched(frame, cls)
    if touched is None:
        return
    declared = _declared(project, cls)
    for name, (value, owner) in declared.items():
        if not isinstance(value.expr, ir.Call) or touched.get(name) == []:
            continue
        field = project.resolver.expr(value.code, value.expr.func, owner)
        given = value.expr.keyword("queryset") or (value.expr.args[0] if value.expr.args else None)
        if not isinstance(field, ClassInfo) or given is None:
            continue
        if not lists_rows(project, field, value.expr.keyword("widget"), value.code, owner):
            continue
        if name in touched:
            yield from (replace_place(name, field, each) for each in touched[name])
        elif (rows := as_rows(frame, calls.evaluate_elsewhere(frame, given, value.code, owner))) is not None:
            yield Select(name, rows, field, value.code, given)
    for name, model_field, code, node in made_fields(project, cls):
        if name in declared or touched.get(name) == []:
            continue
        made = made_select(frame, model_field, code, node)
        if made is not None and name in touched:
            yield from (replace_place(name, made.field, each) for each in touched[name])
        elif made is not None:
            yield made


# --- declared fields -------------------------------------------------------------------------------------


def _declared(project: Project, cls: ClassInfo) -> dict[str, tuple[Value, ClassInfo]]:
    """What the class bodies of a hierarchy assign to each name, the nearest one."""
    found: dict[str, tuple[Value, ClassInfo]] = {}
    for base in project.resolver.mro(cls):
        if isinstance(base, ClassInfo) and base.module.origin == "project":
            for name, bindings in base.members.names.items():
                if isinstance(bindings[-1], Value):
                    found.setdefault(name, (bindings[-1], base))
    return found


def lists_rows(
    project: Project, field: ClassInfo, widget: ir.Expr | None, code: Code, owner: ClassInfo | None
) -> bool:
    """Whether a field of class `field` with the given `widget` puts out a choice for each row."""
    resolver = project.resolver
    if not resolver.is_subclass(field, CHOICE_FIELD) or not resolver.fully_known(field):
        return False
    for name in ("iterator", "choices", "_get_choices", "__init__", "__deepcopy__"):
        found = resolver.class_attribute(field, name)
        if found is not None and not found[0].module.name.startswith("django.forms."):
            return False
    if widget is None:
        found = resolver.class_attribute(field, "widget")
        if found is None or not isinstance(found[1], Value) or found[1].expr is None:
            return False
        widget, code, owner = found[1].expr, found[1].code, found[0]
    return _lists(project, widget, code, owner)


def _lists(project: Project, widget: ir.Expr, code: Code, owner: ClassInfo | None) -> bool:
    """Whether a widget is one of Django's that list all choices, or a project's own that only looks different."""
    made = project.resolver.expr(code, widget.func if isinstance(widget, ir.Call) else widget, owner)
    if not isinstance(made, ClassInfo) or not project.resolver.is_subclass(made, _CHOICE_WIDGET):
        return False
    for base in project.resolver.mro(made):
        if not isinstance(base, ClassInfo):
            continue
        if base.module.name == _WIDGETS:
            return not base.name.endswith("HiddenInput")
        if base.module.origin != "project" or any(
            base.member(name) is not None
            for name in ("optgroups", "options", "render", "get_context", "choices")
        ):
            return False
    return False


def as_rows(frame: Frame, value: AbstractValue) -> QuerySetValue | None:
    """The queryset of a field; None when it is unknown, has no rows, or rows of another shape."""
    if not isinstance(value, (QuerySetValue, ManagerValue)):
        return None
    queryset = querysets.as_queryset(frame, value)
    if queryset is None or queryset.query.shape != "instances":
        return None
    if any(link.name == "none" for link in queryset.query.chain):
        return None
    return QuerySetValue(queryset.query, frame.run.new_identity())


# --- what methods do to fields ---------------------------------------------------------------------------


Given = tuple[QuerySetValue, Code, ir.Node]


def replace_place(name: str, field: ClassInfo, given: Given) -> Select:
    """The select that a method gives another queryset."""
    queryset, code, node = given
    return Select(name, queryset, field, code, node)


def _touched(frame: Frame, cls: ClassInfo) -> dict[str, list[Given]] | None:
    """The querysets that methods give to fields by name; none where they change a field in some other way.

    None when they change fields that cannot be told.
    """
    found: dict[str, list[Given]] = {}
    for base in frame.project.resolver.mro(cls):
        if not isinstance(base, ClassInfo) or base.module.origin != "project":
            continue
        for info in base.methods():
            for node in walk(info.statements):
                if not isinstance(node, ir.Subscript) or not _is_fields(node.value):
                    continue
                if not isinstance(node.index, ir.Const):
                    if _replaces_any(info, node):
                        return None
                    continue
                name = str(node.index.value)
                given = _given(frame, cls, info, node)
                if given is None:
                    found[name] = []
                elif given:
                    found[name] = [*found.get(name, []), *given] if found.get(name, [0]) else []
            for name in _removed(info):
                found[name] = []
    return found


def _is_fields(node: ir.Expr) -> bool:
    return isinstance(node, ir.Attr) and node.name in ("fields", "base_fields")


def _replaces_any(info: FunctionInfo, node: ir.Subscript) -> bool:
    """Whether a method sets more than an innocent attribute of a field named by a variable."""
    use = _use(info, node)
    return use is None or use not in (*_HARMLESS, "widget.attrs")


def _use(info: FunctionInfo, node: ir.Subscript) -> str | None:
    """What is looked at of a field: an attribute's name, ``widget.attrs``; None for the field itself."""
    for part in walk(info.statements):
        if isinstance(part, ir.Attr) and part.value is node:
            if part.name != "widget":
                return part.name
            outer = next(
                (a for a in walk(info.statements) if isinstance(a, ir.Attr) and a.value is part), None
            )
            return "widget.attrs" if outer is not None and outer.name == "attrs" else None
    return None


def _given(frame: Frame, cls: ClassInfo, info: FunctionInfo, node: ir.Subscript) -> list[Given] | None:
    """The queryset that a mention of a field gives it; empty when it gives none, None when that is not known."""
    use = _use(info, node)
    if use in _HARMLESS or use == "widget.attrs":
        return []
    if use != "queryset":
        return None
    for part in walk(info.statements):
        if isinstance(part, ir.Assign) and part.value is not None:
            for target in part.targets:
                if isinstance(target, ir.Attr) and target.value is node:
                    rows = as_rows(frame, _value_in(frame, cls, info, part.value))
                    return None if rows is None else [(rows, info.body_code, part.value)]
    return []


def _value_in(frame: Frame, cls: ClassInfo, info: FunctionInfo, node: ir.Expr) -> AbstractValue:
    """What an expression of a method is when the method is called from anywhere."""
    run = Run(frame.project)
    receiver = ObjectValue(cls, run.new_identity())
    inner = Frame(run, info.body_code, function=info, owner=info.owner, receiver=receiver)
    try:
        annotations.bind_parameters(inner, info, [receiver], {}, explore=True)
        statements.execute(inner, info.statements)
    except (BudgetSpent, RecursionError):
        return UNKNOWN
    frame.run.modules |= run.modules
    value = inner.value_at(node)
    return value if isinstance(value, QuerySetValue) and value.related is None else UNKNOWN


def _removed(info: FunctionInfo) -> Iterator[str]:
    """Fields that a method takes out by ``self.fields.pop(name)``."""
    for node in walk(info.statements):
        if isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and _is_fields(node.func.value):
            yield from (str(arg.value) for arg in node.args if isinstance(arg, ir.Const))


# --- fields that a model form makes ----------------------------------------------------------------------


def made_fields(project: Project, cls: ClassInfo) -> Iterator[tuple[str, Field, Code, ir.Node]]:
    """The relations for which a model form makes a field by itself, with where its ``Meta`` names them."""
    options = project.resolver.class_attribute(cls, "Meta")
    if options is None or not isinstance(options[1], ClassInfo):
        return
    if not project.resolver.is_subclass(cls, MODEL_FORM):
        return
    meta = options[1]
    given = {name: _option(project, meta, name) for name in ("model", "fields", "exclude", "widgets")}
    model = _model(project, given["model"], meta)
    named = given["fields"] or given["exclude"]
    other = any(_option(project, meta, name) for name in ("field_classes", "formfield_callback"))
    if model is None or named is None or named.expr is None or other:
        return
    left_out = _names(given["exclude"])
    own_widgets = _keys(given["widgets"])
    if left_out is None or own_widgets is None:
        return
    for name, node in _listed(model, given["fields"], named):
        field = model.fields.get(name)
        if field is None or name in left_out or name in own_widgets or not has_form_field(project, field):
            continue
        yield name, field, named.code, node


def _option(project: Project, meta: ClassInfo, name: str) -> Value | None:
    found = project.resolver.class_attribute(meta, name)
    return found[1] if found is not None and isinstance(found[1], Value) else None


def _model(project: Project, value: Value | None, meta: ClassInfo) -> Model | None:
    if value is None or value.expr is None:
        return None
    symbol = project.resolver.expr(value.code, value.expr, meta)
    return project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None


def _names(value: Value | None) -> dict[str, ir.Node] | None:
    """Texts of a list or tuple that is written out, with their nodes; None for anything else."""
    if value is None:
        return {}
    if not isinstance(value.expr, ir.Display):
        return None
    found = {i.value: i for i in value.expr.items if isinstance(i, ir.Const) and isinstance(i.value, str)}
    return found if len(found) == len(value.expr.items) else None  # type: ignore[return-value]


def _keys(value: Value | None) -> set[str] | None:
    """Keys of a dictionary that is written out; None for anything else."""
    if value is None:
        return set()
    if not isinstance(value.expr, ir.Dict):
        return None
    keys = {k.value for k in value.expr.keys if isinstance(k, ir.Const) and isinstance(k.value, str)}
    return keys if len(keys) == len(value.expr.keys) else None


def _listed(model: Model, fields: Value | None, named: Value) -> Iterator[tuple[str, ir.Node]]:
    if fields is None or (isinstance(fields.expr, ir.Const) and fields.expr.value == "__all__"):
        yield from ((name, named.expr) for name in model.fields if named.expr is not None)
    else:
        yield from (_names(fields) or {}).items()


def has_form_field(project: Project, field: Field) -> bool:
    """Whether a model field is a relation that Django makes a select for."""
    if field.kind not in ("fk", "o2o", "m2m") or field.parent_link or field.target is None:
        return False
    if not field.sure("target") or field.call is None:
        return False
    editable = field.call.keyword("editable")
    if editable is not None and not (isinstance(editable, ir.Const) and editable.value is True):
        return False
    if field.kind == "m2m" and not field.through_auto:
        return False
    cls = project.resolver.dotted(field.class_name)
    if not isinstance(cls, ClassInfo):
        return field.class_name.startswith("django.db.models.")
    found = project.resolver.class_attribute(cls, "formfield")
    return found is not None and found[0].module.name.startswith("django.db.models.")


def made_select(frame: Frame, field: Field, code: Code, node: ir.Node) -> Select | None:
    """The select that Django makes for a relation: all rows of the target's default manager."""
    target = frame.project.graph.get(field.target)
    cls = frame.project.resolver.dotted(CHOICE_FIELD)
    if target is None or not isinstance(cls, ClassInfo):
        return None
    manager = ManagerValue(target.label, target.managers.get(target.default_manager), None)
    rows = as_rows(frame, manager)
    return None if rows is None else Select(field.name, rows, cls, code, node, made=True)
