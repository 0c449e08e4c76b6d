"""Formsets and admin inlines, and the selects that each of their forms has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.rules.admin_selects import (
    INLINE,
    is_left_alone,
    is_select,
    names,
    option,
    related_labels,
)
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.trace.frame import BudgetSpent, Frame, Run
from djguide_analyzers.trace.frameworks import admin, forms
from djguide_analyzers.trace.frameworks.model_forms import has_form_field

_FORMSET = "django.forms.formsets.formset_factory"
_MODEL = "django.forms.models.modelformset_factory"
_INLINE = "django.forms.models.inlineformset_factory"
_FORM_AT = {_FORMSET: 0, _MODEL: 1, _INLINE: 2}
"""Position of the form class among the arguments."""
_MODEL_AT = {_MODEL: 0, _INLINE: 1}
_FORMSET_AT = {_FORMSET: 1, _MODEL: 3, _INLINE: 3}
_MAKES_FORMS = ("add_fields", "_construct_form")
"""Methods of a formset in which choices can be shared."""
_MANY_FORMS = ("has_add_permission", "has_change_permission", "has_view_permission", "get_formset", "get_fields",
               "get_fieldsets", "get_readonly_fields", "get_max_num", "get_exclude", "form", "formset",
               "template", "fieldsets")  # fmt: skip
"""What an inline may have to show other fields, or none that can be edited."""


@dataclass(frozen=True)
class Repeated:
    """Names of the fields that every form has a select for, and where the finding goes."""

    place: Place
    names: tuple[str, ...]


# --- factories -------------------------------------------------------------------------------------------


def factories(file: FileContext, node: ir.Call, code: Code) -> Repeated | None:
    """The selects in the forms of a formset class that a call makes; None for any other call."""
    func = file.resolve(code, node.func)
    if func not in _FORM_AT or any(k.name is None for k in node.keywords) or _is_single(node):
        return None
    if any(node.keyword(name) is not None for name in ("formfield_callback", "field_classes")):
        return None
    if any(isinstance(arg, ir.Star) for arg in node.args):
        return None
    formset = _class(file, code, _argument(node, _FORMSET_AT[func], "formset"))
    if formset is not None and any(_is_own(file, formset, name) for name in _MAKES_FORMS):
        return None
    form = _argument(node, _FORM_AT[func], "form")
    hidden = _parents(file, node, code) if func == _INLINE else set[str]()
    found = [*_of_model(file, node, code, func)] if form is None else [*_of_form(file, node, code, form)]
    listed = tuple(dict.fromkeys(name for name, target in found if target not in hidden))
    return Repeated(file.place(code, node), listed) if listed else None


def _argument(node: ir.Call, position: int, name: str) -> ir.Expr | None:
    return node.args[position] if position < len(node.args) else node.keyword(name)


def _is_single(node: ir.Call) -> bool:
    most = node.keyword("max_num")
    return isinstance(most, ir.Const) and isinstance(most.value, int) and most.value <= 1


def _class(file: FileContext, code: Code, node: ir.Expr | None) -> ClassInfo | None:
    symbol = file.project.resolver.expr(code, node) if node is not None else None
    return symbol if isinstance(symbol, ClassInfo) else None


def _is_own(file: FileContext, cls: ClassInfo, name: str) -> bool:
    found = file.project.resolver.class_attribute(cls, name)
    return found is None or not found[0].module.name.startswith("django.forms.")


def _parents(file: FileContext, node: ir.Call, code: Code) -> set[str]:
    """Labels of what the hidden foreign key of an inline formset leads to."""
    parent = _class(file, code, _argument(node, 0, "parent_model"))
    model = file.project.graph.of_class(parent) if parent is not None else None
    return related_labels(file.project, model) if model is not None else set()


def _of_form(file: FileContext, node: ir.Call, code: Code, form: ir.Expr) -> Iterator[tuple[str, str | None]]:
    """The selects of a form class, each with the model that it lists; none where the call changes fields."""
    cls = _class(file, code, form)
    changed = any(node.keyword(name) is not None for name in ("fields", "exclude", "widgets"))
    if cls is None or changed or not forms.is_form(file.project, cls):
        return
    frame = Frame(Run(file.project), cls.code, owner=cls)
    try:
        yield from ((select.name, select.queryset.query.model) for select in forms.selects(frame, cls))
    except (BudgetSpent, RecursionError):
        return


def _of_model(file: FileContext, node: ir.Call, code: Code, func: str) -> Iterator[tuple[str, str | None]]:
    """The selects that Django makes for the fields that the call names."""
    cls = _class(file, code, _argument(node, _MODEL_AT[func], "model")) if func in _MODEL_AT else None
    model = file.project.graph.of_class(cls) if cls is not None else None
    given, left_out, widgets = node.keyword("fields"), node.keyword("exclude"), node.keyword("widgets")
    if model is None or (widgets is not None and not isinstance(widgets, ir.Dict)):
        return
    keys = {key.value for key in widgets.keys if isinstance(key, ir.Const)} if widgets is not None else set()
    if isinstance(given, ir.Const) and given.value == "__all__":
        named = list(model.fields)
    elif given is not None:
        named = list(names(Value(given, code, given.at)) or ())
    elif left_out is not None:
        excluded = names(Value(left_out, code, left_out.at))
        named = [] if excluded is None else [name for name in model.fields if name not in excluded]
    else:
        return
    for name in named:
        field = model.fields.get(name)
        if field is not None and name not in keys and has_form_field(file.project, field):
            yield name, field.target


# --- inlines ---------------------------------------------------------------------------------------------


def inlines(file: FileContext, cls: ClassInfo) -> Repeated | None:
    """The selects in the rows of an admin inline; None for other classes, and where they are not known."""
    project = file.project
    if not project.resolver.is_subclass(cls, INLINE) or not project.resolver.fully_known(cls):
        return None
    parents = list(_shown_by(file, cls))
    if not parents or not is_left_alone(project, cls, *_MANY_FORMS):
        return None
    model = _inline_model(file, cls)
    most = option(project, cls, "max_num")
    few = most is not None and not (isinstance(most.expr, ir.Const) and most.expr.value is None)
    if model is None or few:
        return None
    fields, left_out = option(project, cls, "fields"), option(project, cls, "exclude")
    named, excluded = names(fields), names(left_out)
    fixed = names(option(project, cls, "readonly_fields"))
    if named is None or excluded is None or fixed is None:
        return None
    hidden = set[str]().union(*(related_labels(project, parent) for parent in parents))
    found = [
        name
        for name in (named if fields is not None else model.fields)
        if name not in excluded and name not in fixed and is_select(project, cls, field := model.fields.get(name))
        and field is not None and field.target not in hidden
    ]  # fmt: skip
    if not found:
        return None
    if any(_is_unique_link(model, target) for target in hidden):
        return None
    if fields is not None and cls.member("fields") is fields:
        return Repeated(file.place(fields.code, named[found[0]]), tuple(found))
    return Repeated(name_place(file, cls.code, cls.node), tuple(found))


def _shown_by(file: FileContext, cls: ClassInfo) -> Iterator[Model]:
    """The models whose pages show an inline."""
    for owner, models in admin.registered(file.project).items():
        value = option(file.project, owner, "inlines")
        if value is not None and isinstance(value.expr, ir.Display):
            for item in value.expr.items:
                if file.project.resolver.expr(value.code, item, owner) is cls:
                    yield from models


def _inline_model(file: FileContext, cls: ClassInfo) -> Model | None:
    value = option(file.project, cls, "model")
    if value is None or value.expr is None:
        return None
    symbol = file.project.resolver.expr(value.code, value.expr, cls)
    return file.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None


def _is_unique_link(model: Model, target: str) -> bool:
    """Whether there is at most one row of `model` for each of `target`."""
    return any(
        field.is_forward_one and field.target == target and (field.unique or field.kind == "o2o")
        for field in model.fields.values()
    )
