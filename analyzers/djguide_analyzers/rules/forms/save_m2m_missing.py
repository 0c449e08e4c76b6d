"""A form is saved in two steps, and its many-to-many fields are left out."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.form_classes import MODEL_FORM, form_class, form_model, model_field_names
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.nodes import mentions, statement_of
from djguide_analyzers.rules.places import line_end, line_start

RULE = Rule(
    summary="`save(commit=False)` is followed by `save()`, but `save_m2m()` is never called",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_FORM_VIEW = "django.views.generic.edit.ModelFormMixin"
_RENDERS = ("render", "redirect", "get_context_data", "render_to_response")


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if scope.function is None:
        return
    names = of_scope(file, scope)
    for node, code in scope.nodes(ir.Assign):
        hit = _judge(file, scope, names, code, node)
        if hit is not None:
            yield hit


def _judge(file: FileContext, scope: Scope, names: Names, code: Code, node: ir.Assign) -> Hit | None:
    if len(node.targets) != 1 or not isinstance(node.targets[0], (ir.Name, ir.Attr)):
        return None
    form = _unsaved_form(node.value)
    info = scope.function
    if form is None or info is None:
        return None
    cls = _class_of(file, names, info, form)
    relation = _many_to_many(file, cls) if cls is not None else None
    if relation is None:
        return None
    variable = file.text(code, node.targets[0])
    saved = _saved(file, scope, variable)
    if saved is None or _is_done_elsewhere(scope, form):
        return None
    return Hit(
        file.place(code, node.value) if node.value is not None else file.place(code, node),
        "`commit=False` leaves the many-to-many fields for later, and nobody calls `save_m2m()`: what "
        "was chosen for "
        f"`{relation}` is lost",
        related=(Related("saved without them", file.place(saved[0], saved[1])),),
        fixes=(_fix(file, scope, saved, form),),
    )


def _unsaved_form(node: ir.Expr | None) -> str | None:
    """The form's variable in ``form.save(commit=False)``; ``self`` for ``super().save(commit=False)``."""
    match node:
        case ir.Call(func=ir.Attr(value=owner, name="save")):
            given = node.keyword("commit") or (node.args[0] if node.args else None)
            if not isinstance(given, ir.Const) or given.value is not False:
                return None
            match owner:
                case ir.Name(id=name):
                    return name
                case ir.Call(func=ir.Name(id="super")):
                    return "self"
    return None


def _class_of(file: FileContext, names: Names, info: FunctionInfo, form: str) -> ClassInfo | None:
    """The class of the form: where it is made, or what the view says."""
    resolver = file.project.resolver
    if form == "self":
        owner = info.owner
        return owner if owner is not None and resolver.is_subclass(owner, MODEL_FORM) else None
    bound = names.bindings(form)
    if len(bound) == 1 and bound[0].how == "assigned" and isinstance(bound[0].value, ir.Call):
        return form_class(file, names.symbol(bound[0].code, bound[0].value.func))
    if info.name == "form_valid" and info.owner is not None and resolver.is_subclass(info.owner, _FORM_VIEW):
        found = resolver.class_attribute(info.owner, "form_class")
        if found is not None and isinstance(found[1], Value) and found[1].expr is not None:
            return form_class(file, resolver.expr(found[1].code, found[1].expr, found[0]))
    return None


def _many_to_many(file: FileContext, cls: ClassInfo) -> str | None:
    model, fields = form_model(file, cls), model_field_names(file, cls)
    if model is None or fields is None:
        return None
    return next(
        (name for name, field in model.fields.items() if field.kind == "m2m" and name in fields), None
    )


def _saved(file: FileContext, scope: Scope, variable: str) -> tuple[Code, ir.Call] | None:
    """The call that saves the instance."""
    for call, code in scope.nodes(ir.Call):
        func = call.func
        if isinstance(func, ir.Attr) and func.name == "save" and file.text(code, func.value) == variable:
            return code, call
    return None


def _is_done_elsewhere(scope: Scope, form: str) -> bool:
    """Whether `save_m2m()` is called, the form is saved as a whole, or is handed to somebody who may."""
    for node, _ in scope.nodes(ir.Attr):
        if node.name in ("save_m2m", "_save_m2m"):
            return True
    for call, _ in scope.nodes(ir.Call):
        func = call.func
        name = func.name if isinstance(func, ir.Attr) else func.id if isinstance(func, ir.Name) else ""
        if name == "save" and isinstance(func, ir.Attr) and _unsaved_form(call) is None:
            if isinstance(func.value, ir.Name) and func.value.id == form and form != "self":
                return True
            if form == "self" and isinstance(func.value, ir.Call):
                return True
        if name == "form_valid":
            return True
        args = [*call.args, *(keyword.value for keyword in call.keywords)]
        handed = form != "self" and any(isinstance(arg, ir.Name) and arg.id == form for arg in args)
        if handed and name not in _RENDERS:
            return True
    return False


def _fix(file: FileContext, scope: Scope, saved: tuple[Code, ir.Call], form: str) -> Fix:
    title = "Call `save_m2m()` after it"
    code, call = saved
    assert scope.function is not None
    statement = statement_of(scope.function.statements, call)
    place = line_start(file, code, statement) if isinstance(statement, ir.ExprStmt) else None
    if statement is None or place is None or not mentions(statement, *_root(call)):
        return Fix(title, Safety.MANUAL)
    end = line_end(file, code.range(statement).end)
    return Fix(title, Safety.SAFE, (insert(file, end, f"\n{place[0]}{form}.save_m2m()"),))


def _root(call: ir.Call) -> list[str]:
    return [node.id for node in walk(call.func) if isinstance(node, ir.Name)]
