"""Rows are shown to people as ``Order object (7)``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.fields import is_literal_true
from djguide_analyzers.rules.finding import Fix, Place, Safety, Severity
from djguide_analyzers.rules.meta import text_of, texts
from djguide_analyzers.rules.model_classes import MODEL, is_readable, nodes_within, targets
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.ruff import ruff_reports
from djguide_analyzers.source.positions import Position
from djguide_analyzers.trace.values import ClassValue, ExternalValue, ManagerValue, QuerySetValue, Row

RULE = Rule(
    summary="A model that people see has no `__str__`",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_SITE = "django.contrib.admin.sites.AdminSite"
_REGISTER = "django.contrib.admin.decorators.register"
_MODEL_FORM = "django.forms.models.BaseModelForm"
_CHOICE_FIELD = "django.forms.models.ModelChoiceField"
_CHOICE_WIDGET = "django.forms.widgets.ChoiceWidget"
_LOGS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
_SECRET = re.compile(r"key|token|secret|password|hash|guid|uuid")
_NAMES = ("name", "title", "label", "display_name", "full_name", "subject", "username", "code", "slug", "number",
          "reference", "email")  # fmt: skip
_TEXTS = frozenset({"CharField", "TextField", "SlugField", "EmailField", "URLField"})


def check(file: FileContext) -> Iterator[Hit]:
    """Looked for where rows are shown: the models without a text are reported at their own class."""
    if file.is_test:
        return
    seen: set[str] = set()
    for model, place, where in _shown(file):
        if model.label not in seen:
            seen.add(model.label)
            yield from _hit(file, model, place, where)


def _hit(file: FileContext, model: Model, place: Place, where: str) -> Iterator[Hit]:
    graph = file.project.graph
    while model.proxy and (parent := graph.get(model.proxy_for)) is not None:
        model = parent
    cls = model.cls
    if cls.module.path not in file.project.modules or cls.node.decorators:
        return
    home = file.sibling(cls.module)
    if file.project.resolver.class_attribute(cls, "__unicode__") is not None:
        return  # written for Python 2, where that is its text
    found = file.project.resolver.class_attribute(cls, "__str__")
    if found is None or found[0].dotted != MODEL or home.is_test or not is_readable(file.project, cls):
        return
    fix = _fix(home, model)
    known = ruff_reports(home, "DJ008")
    if known and not fix.edits:
        return
    own = name_place(home, cls.code, cls.node)
    yield Hit(
        own,
        f"{where} shows rows of {model.name} as “{model.name} object (1)”: the model has no `__str__`",
        access=place if place.path != own.path else None,
        fixes=(fix,),
        severity=Severity.HINT if known else None,
    )


# --- where rows are shown --------------------------------------------------------------------------------


def _shown(file: FileContext) -> Iterator[tuple[Model, Place, str]]:
    """Models whose rows this file shows, with where and how."""
    for cls in file.classes():
        yield from _decorated(file, cls)
        yield from _of_form(file, cls)
    for scope in file.scopes:
        logged = {part.at for node, _ in scope.nodes(ir.Call) if _is_log(node) for part in walk(node)}
        for node, code in scope.nodes(ir.Call):
            if node.at not in logged:
                yield from _of_call(file, scope, code, node)
        for node, code in scope.nodes(ir.FString):
            if node.at in logged:
                continue
            for part in node.parts:
                if (model := _row(file, scope, code, part)) is not None:
                    yield model, file.place(code, part), "This text"
        for node, code in scope.nodes(ir.Binary):
            if (
                node.at not in logged
                and node.op == "%"
                and isinstance(node.left, ir.Const)
                and isinstance(node.left.value, str)
            ):
                for part in node.right.items if isinstance(node.right, ir.Display) else [node.right]:
                    if (model := _row(file, scope, code, part)) is not None:
                        yield model, file.place(code, part), "This text"


def _is_log(node: ir.Call) -> bool:
    """Whether a call writes to a log, whose readers know models and keys."""
    return isinstance(node.func, ir.Attr) and node.func.name in _LOGS


def _decorated(file: FileContext, cls: ClassInfo) -> Iterator[tuple[Model, Place, str]]:
    """``@admin.register(Model)``."""
    resolver = file.project.resolver
    for node in cls.node.decorators:
        if isinstance(node, ir.Call) and file.resolve(cls.code, node.func, cls.owner) == _REGISTER:
            for arg in node.args:
                symbol = resolver.expr(cls.code, arg, cls.owner)
                model = file.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None
                if model is not None:
                    yield model, file.place(cls.code, node), "The admin"


def _of_form(file: FileContext, cls: ClassInfo) -> Iterator[tuple[Model, Place, str]]:
    """The targets of relations in a ModelForm: its selects list their rows."""
    project = file.project
    if not project.resolver.is_subclass(cls, _MODEL_FORM) or _labels_rows(cls):
        return
    meta = cls.member("Meta")
    own, fields = (
        (meta.member("model"), meta.member("fields")) if isinstance(meta, ClassInfo) else (None, None)
    )
    if not isinstance(own, Value) or own.expr is None or not isinstance(fields, Value):
        return
    symbol = project.resolver.expr(own.code, own.expr, cls)
    model = project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None
    named = texts(fields.expr)
    if model is None or (named is None and text_of(fields.expr) != "__all__"):
        return
    for name in named if named is not None else list(model.fields):
        field = model.fields.get(name)
        if field is None or field.target is None or cls.member(name) is not None or field.parent_link:
            continue
        if _is_made_anew(cls, name):
            continue
        call = field.call
        if call is not None and any(k.name == "editable" for k in call.keywords):
            continue
        target = project.graph.get(field.target)
        if field.kind in ("fk", "o2o", "m2m") and target is not None and not _is_hidden(meta, name):
            yield target, file.place(fields.code, fields.at), "This form"


def _form_of(file: FileContext, scope: Scope, field: ir.Call) -> ClassInfo | None:
    """The class in whose body or method a field is made."""
    if scope.function is not None:
        return scope.function.owner
    return next((cls for cls in file.classes() if contains(cls.node.body, field)), None)


def _labels_rows(cls: ClassInfo | None) -> bool:
    """Whether a form gives one of its fields another ``label_from_instance()``."""
    return cls is not None and any(
        isinstance(target, ir.Attr) and target.name == "label_from_instance"
        for info in cls.methods()
        for node, _ in nodes_within(info)
        for target in targets(node)
    )


def _is_made_anew(cls: ClassInfo, name: str) -> bool:
    """Whether a form's methods put another field in the place of `name`, or give it another widget."""
    for info in cls.methods():
        for node, _ in nodes_within(info):
            for target in targets(node):
                match target:
                    case (
                        ir.Subscript(index=ir.Const(value=key))
                        | ir.Attr(value=ir.Subscript(index=ir.Const(value=key)), name="widget" | "choices")
                    ) if key == name:
                        return True
    return False


def _is_hidden(meta: object, name: str) -> bool:
    """Whether the form has a widget of its own for the field, which may not list rows at all."""
    widgets = meta.member("widgets") if isinstance(meta, ClassInfo) else None
    if widgets is None:
        return False
    keys = widgets.expr.keys if isinstance(widgets, Value) and isinstance(widgets.expr, ir.Dict) else None
    return keys is None or any(key is None or text_of(key) in (name, None) for key in keys)


def _of_call(
    file: FileContext, scope: Scope, code: Code, node: ir.Call
) -> Iterator[tuple[Model, Place, str]]:
    func = scope.value(code, node.func)
    if isinstance(func, ClassValue) and file.project.resolver.is_subclass(func.cls, _CHOICE_FIELD):
        queryset = node.args[0] if node.args else node.keyword("queryset")
        value = scope.value(code, queryset) if queryset is not None else None
        label = _label(value)
        model = file.project.graph.get(label)
        labels = file.project.resolver.class_attribute(func.cls, "label_from_instance")
        if model is None or labels is None or labels[0].dotted != _CHOICE_FIELD:
            return
        if not _labels_rows(_form_of(file, scope, node)) and _lists_rows(file, scope, code, node):
            yield model, file.place(code, node), "This field"
        return
    if (
        isinstance(node.func, ir.Attr)
        and node.func.name == "register"
        and node.args
        and _is_site(file, code, node.func)
    ):
        listed = node.args[0]
        for item in listed.items if isinstance(listed, ir.Display) else [listed]:
            value = scope.value(code, item)
            model = file.project.graph.of_class(value.cls) if isinstance(value, ClassValue) else None
            if model is not None:
                yield model, file.place(code, node), "The admin"
        return
    printed = isinstance(func, ExternalValue) and func.dotted in ("builtins.str", "builtins.print")
    match node.func:
        case ir.Attr(value=ir.Const(value=str()), name="format"):
            printed = True
        case _:
            pass
    for arg in node.args if printed else ():
        if (model := _row(file, scope, code, arg)) is not None:
            yield model, file.place(code, arg), "This text"


def _lists_rows(file: FileContext, scope: Scope, code: Code, field: ir.Call) -> bool:
    """Whether a field for a choice has a widget that shows the choices, rather than a key to type in."""
    widget = field.keyword("widget")
    if widget is None:
        return True
    value = scope.value(code, widget.func if isinstance(widget, ir.Call) else widget)
    return isinstance(value, ClassValue) and file.project.resolver.is_subclass(value.cls, _CHOICE_WIDGET)


def _label(value: object) -> str | None:
    if isinstance(value, ManagerValue):
        return value.model
    return (
        value.query.model if isinstance(value, QuerySetValue) and value.query.shape == "instances" else None
    )


def _is_site(file: FileContext, code: Code, func: ir.Attr) -> bool:
    """Whether ``something.register`` is that of an admin site."""
    symbol = file.project.resolver.expr(code, func.value)
    if symbol is None:
        return False
    if symbol.dotted in ("django.contrib.admin.site", "django.contrib.admin.sites.site"):
        return True
    expr = getattr(getattr(symbol, "value", None), "expr", None)
    if not isinstance(expr, ir.Call):
        return False
    made = file.project.resolver.expr(symbol.value.code, expr.func)  # type: ignore[union-attr]
    return isinstance(made, ClassInfo) and file.project.resolver.is_subclass(made, _SITE)


def _row(file: FileContext, scope: Scope, code: Code, node: ir.Expr) -> Model | None:
    value = scope.value(code, node)
    return file.project.graph.get(value.model) if isinstance(value, Row) else None


# --- the fix ---------------------------------------------------------------------------------------------


def _fix(home: FileContext, model: Model) -> Fix:
    """A ``__str__`` that returns the best text column, at the end of the class."""
    name = _best(model)
    body = model.cls.node.body
    code = model.cls.code
    start = code.range(body[0]).start
    indent = home.lines.line(start.line)[: start.column]
    if name is None or indent.strip() or "__str__" in model.cls.members.names:
        return Fix("Add a `__str__`", Safety.MANUAL)
    end = code.range(body[-1]).end
    end = Position(end.line, len(home.lines.line(end.line).rstrip("\r\n")))
    text = f"\n\n{indent}def __str__(self):\n{indent}    return self.{name}"
    return Fix(f"Add a `__str__` that returns `{name}`", Safety.REVIEW, (insert(home, end, text),))


def _best(model: Model) -> str | None:
    candidates = [
        field.name
        for field in model.fields.values()
        if field.django_base in _TEXTS
        and field.class_name.startswith("django.")
        and not field.null
        and field.call is not None
        and field.call.keyword("choices") is None
        and not is_literal_true(field.call.keyword("blank"))
        and not _SECRET.search(field.name)
    ]
    return next((name for name in _NAMES if name in candidates), candidates[0] if candidates else None)
