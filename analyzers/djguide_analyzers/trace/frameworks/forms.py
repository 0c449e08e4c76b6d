"""Django's forms: the selects that list rows of a queryset, and what their labels read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.trace import annotations, calls, iteration, querysets, statements
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import BudgetSpent, Frame, Run
from djguide_analyzers.trace.frameworks.model_forms import made_fields, names
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    ClassValue,
    ManagerValue,
    ObjectValue,
    QuerySetValue,
    Row,
)

FORM = "django.forms.forms.BaseForm"
CHOICE_FIELD = "django.forms.models.ModelChoiceField"
_ADMIN = "django.contrib.admin.options.BaseModelAdmin"
_INLINE = "django.contrib.admin.options.InlineModelAdmin"
_WIDGETS = "django.forms.widgets"
_CHOICE_WIDGET = _WIDGETS + ".ChoiceWidget"
_HARMLESS = frozenset(
    {"required", "label", "help_text", "initial", "disabled", "empty_label", "error_messages"}
)
"""Attributes of a field that have no say in which rows it lists, and how."""


@dataclass
class _Family:
    """The form classes of a project: by base those that derive from it, and the admin classes that use each."""

    derived: dict[ClassInfo, list[ClassInfo]] = field(default_factory=dict)
    admins: dict[ClassInfo, list[ClassInfo]] = field(default_factory=dict)


_families: WeakKeyDictionary[Project, _Family] = WeakKeyDictionary()


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
    """What rendering the selects of a form reads; nothing where the form only ever validates what was posted."""
    found = list(selects(frame, cls))
    if found and not _only_validates(frame, cls):
        for select in found:
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
    for derived in _family(project).derived.get(cls, ()):
        # What each of them changes, it is asked about itself.
        changed = _touched(frame, derived)
        if changed is None:
            return
        touched |= {name: [] for name in changed if name not in touched}
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
        if name in declared or touched.get(name) == [] or _is_in_admin(project, cls, name):
            continue
        made = made_select(frame, model_field, code, node)
        if made is not None and name in touched:
            yield from (replace_place(name, made.field, each) for each in touched[name])
        elif made is not None:
            yield made


def _family(project: Project) -> _Family:
    family = _families.get(project)
    if family is None:
        family = _families[project] = _Family()
        for module in project.modules.values():
            for cls in module.classes():
                _place(project, family, cls)
    return family


def _place(project: Project, family: _Family, cls: ClassInfo) -> None:
    resolver = project.resolver
    if resolver.is_subclass(cls, FORM):
        for base in resolver.mro(cls)[1:]:
            if isinstance(base, ClassInfo) and base.module.origin == "project":
                family.derived.setdefault(base, []).append(cls)
        return
    used = cls.member("form")
    if isinstance(used, Value) and used.expr is not None and resolver.is_subclass(cls, _ADMIN):
        form = resolver.expr(used.code, used.expr, cls)
        if isinstance(form, ClassInfo):
            family.admins.setdefault(form, []).append(cls)


def _is_in_admin(project: Project, cls: ClassInfo, name: str) -> bool:
    """Whether an admin class that uses the form may show the field it makes for `name` as something else.

    An inline hides the link to its parent; `raw_id_fields` and others name fields that list nothing.
    """
    resolver = project.resolver
    for user in _family(project).admins.get(cls, ()):
        if resolver.is_subclass(user, _INLINE):
            return True
        for option in ("raw_id_fields", "autocomplete_fields"):
            found = resolver.class_attribute(user, option)
            listed = names(found[1]) if found is not None and isinstance(found[1], Value) else None
            if listed is None or name in listed:
                return True
    return False


def _only_validates(frame: Frame, cls: ClassInfo) -> bool:
    """Whether the form is mentioned somewhere, and wherever it is, it is made of a request's data."""
    mentions = list(_mentions(frame, cls))
    return bool(mentions) and all(_is_of_request(call) for call in mentions)


def _mentions(frame: Frame, cls: ClassInfo) -> Iterator[ir.Call | None]:
    """The calls of a form class in modules that have a name for it; None for any other mention."""
    resolver = frame.project.resolver
    for module in frame.project.modules.values():
        if cls.name not in module.symbols.names or resolver.name(module, cls.name) is not cls:
            continue
        outlines = [chunk.outline for chunk in module.facts.chunks]
        for block in (*outlines, *(info.statements for info in module.functions())):
            called = {
                id(node.func): node
                for node in walk(block)
                if isinstance(node, ir.Call) and isinstance(node.func, ir.Name)
            }
            for node in walk(block):
                if isinstance(node, ir.Name) and node.id == cls.name:
                    yield called.get(id(node))


def _is_of_request(call: ir.Call | None) -> bool:
    """Whether a form is made of what was posted, and so shown only when that is wrong."""
    if call is None:
        return False
    data = call.args[0] if call.args else call.keyword("data")
    return isinstance(data, ir.Attr) and data.name in ("POST", "GET", "data", "query_params")


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


# --- selects that Django makes ----------------------------------------------------------------------------


def made_select(frame: Frame, field: Field, code: Code, node: ir.Node) -> Select | None:
    """The select that Django makes for a relation: all rows of the target's default manager."""
    target = frame.project.graph.get(field.target)
    cls = frame.project.resolver.dotted(CHOICE_FIELD)
    if target is None or not isinstance(cls, ClassInfo):
        return None
    manager = ManagerValue(target.label, target.managers.get(target.default_manager), None)
    rows = as_rows(frame, manager)
    return None if rows is None else Select(field.name, rows, cls, code, node, made=True)


@models(
    "django.forms.formsets.formset_factory",
    "django.forms.models.modelformset_factory",
    "django.forms.models.inlineformset_factory",
)
def _factory(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """A formset class, of which nothing is known; what it does rests on the form classes it is given."""
    for value in (*args.positional, *args.keywords.values()):
        if isinstance(value, ClassValue):
            for base in frame.project.resolver.mro(value.cls):
                if isinstance(base, ClassInfo) and base.module.origin == "project":
                    frame.run.modules.add(base.module.path)
    return UNKNOWN
