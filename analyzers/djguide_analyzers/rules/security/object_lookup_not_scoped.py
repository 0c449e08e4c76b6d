"""A view for members fetches somebody's row by the key in the URL, whoever it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.rules.access import (
    ACCESS_MIXIN,
    LOGIN_MIXIN,
    LOGIN_REQUIRED,
    class_decorations,
    function_decorations,
)
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope

RULE = Rule(
    summary="A view for logged-in users fetches a row by its key without looking at its owner",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
    default=False,
)

_OWNERS = frozenset({"owner", "user", "customer", "member", "client", "patient", "student", "account_owner"})
_KEYS = frozenset({"pk", "id"})
_GET_OR_404 = "django.shortcuts.get_object_or_404"
_SINGLE = "django.views.generic.detail.SingleObjectMixin"
_HARMLESS_DECORATORS = ("django.views.decorators.", "django.db.transaction.", "django.utils.decorators.")
_RENDERS = frozenset(
    {"django.shortcuts.render", "django.shortcuts.redirect", "django.template.loader.render_to_string",
     "django.template.response.TemplateResponse"}
)  # fmt: skip
_OWN_WAYS = ("get_queryset", "get_object", "dispatch", "test_func", "has_permission", "setup")


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for scope in file.scopes:
        info = scope.function
        if info is not None and info.parent is None and _is_for_members(file, info):
            names = of_scope(file, scope)
            if not _looks_at_user(names, scope):
                yield from _lookups(file, scope, names)
    for cls in file.classes():
        hit = _generic_view(file, cls)
        if hit is not None:
            yield hit


# --- views that look a row up themselves -----------------------------------------------------------------


def _is_for_members(file: FileContext, info: FunctionInfo) -> bool:
    """Whether all that is asked for is a login."""
    if info.owner is not None:
        return _is_member_class(file, info.owner)
    names = [name for name, _ in function_decorations(file, info)]
    if len(names) != len(info.node.decorators) or LOGIN_REQUIRED not in names:
        return False
    return all(name == LOGIN_REQUIRED or name.startswith(_HARMLESS_DECORATORS) for name in names)


def _is_member_class(file: FileContext, cls: ClassInfo) -> bool:
    """Whether a view class asks for a login and for nothing else, as far as its hierarchy is known."""
    resolver = file.project.resolver
    line = resolver.mro(cls)
    if not resolver.fully_known(cls):
        return False
    guards = [
        base for base in line if isinstance(base, ClassInfo) and resolver.is_subclass(base, ACCESS_MIXIN)
    ]
    own_guards = [
        base for base in guards if base.dotted not in (LOGIN_MIXIN, ACCESS_MIXIN) and base is not cls
    ]
    if any(base.module.origin != "project" for base in own_guards):
        return False
    decorated = [name for name, _ in class_decorations(file, cls)]
    if len(decorated) < len(cls.node.decorators) or any(
        name != LOGIN_REQUIRED and not name.startswith(_HARMLESS_DECORATORS) for name in decorated
    ):
        return False
    asks = LOGIN_REQUIRED in decorated or any(base.dotted == LOGIN_MIXIN for base in line)
    return asks and not _has_own_way(file, cls)


def _has_own_way(file: FileContext, cls: ClassInfo) -> bool:
    """Whether a class of the project decides by itself which rows, or who."""
    for base in file.project.resolver.mro(cls):
        if not isinstance(base, ClassInfo) or base.module.origin != "project":
            continue
        for name in _OWN_WAYS:
            found = base.member(name)
            if found is not None and not _only_delegates(found, name):
                return True
        if any(_mentions_user(method.statements) for method in base.methods()):
            return True
    return False


def _only_delegates(binding: object, name: str) -> bool:
    """Whether ``dispatch()`` is there for its decorators only."""
    if not isinstance(binding, FunctionInfo) or name != "dispatch" or len(binding.statements) != 1:
        return False
    return isinstance(binding.statements[0], ir.Return)


def _mentions_user(statements: list[ir.Stmt]) -> bool:
    for node in walk(statements):
        if isinstance(node, ir.Attr) and node.name in ("user", "member", "tenant", "organization", "account"):
            return True
        if isinstance(node, ir.Attr) and node.name in ("has_perm", "has_perms", "is_staff", "is_superuser"):
            return True
    return False


def _looks_at_user(names: Names, scope: Scope) -> bool:
    """Whether the function asks who is there, or hands row and request to something that may."""
    info = scope.function
    assert info is not None
    if _mentions_user(info.statements):
        return True
    for node, code in names.nodes():
        if isinstance(node, ir.Raise) and "PermissionDenied" in _name_of(node.exc):
            return True
        if isinstance(node, ir.Call) and names.called(code, node) not in _RENDERS:
            args = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(isinstance(arg, ir.Name) and arg.id == "request" for arg in args):
                return True
    return False


def _name_of(node: ir.Expr | None) -> str:
    target = node.func if isinstance(node, ir.Call) else node
    if isinstance(target, ir.Name):
        return target.id
    return target.name if isinstance(target, ir.Attr) else ""


def _lookups(file: FileContext, scope: Scope, names: Names) -> Iterator[Hit]:
    for call, code in scope.nodes(ir.Call):
        found = _looked_up(file, names, code, call)
        if found is None:
            continue
        model, keys = found
        owner = _owner(file, model)
        if owner is not None and keys and all(_is_from_url(names, key) for key in keys):
            yield _hit(file, file.place(code, call), model, owner)


def _looked_up(
    file: FileContext, names: Names, code: Code, call: ir.Call
) -> tuple[Model, list[ir.Expr]] | None:
    """The model and the key of ``get_object_or_404(Model, pk=...)`` or ``Model.objects.get(pk=...)``."""
    if any(keyword.name not in _KEYS for keyword in call.keywords) or not call.keywords:
        return None
    keys = [keyword.value for keyword in call.keywords]
    if names.called(code, call) == _GET_OR_404:
        model = _model(file, names, code, call.args[0]) if len(call.args) == 1 else None
    elif isinstance(call.func, ir.Attr) and call.func.name in ("get", "aget", "filter") and not call.args:
        model = _model(file, names, code, call.func.value, manager=True)
    else:
        model = None
    return (model, keys) if model is not None else None


def _model(
    file: FileContext, names: Names, code: Code, node: ir.Expr, *, manager: bool = False
) -> Model | None:
    """The model of ``Model``, ``Model.objects`` or ``Model.objects.all()``, with nothing filtered."""
    match node:
        case ir.Call(func=ir.Attr(value=value, name="all" | "select_related" | "prefetch_related")):
            return _model(file, names, code, value, manager=True)
        case ir.Attr(value=value, name="objects" | "_default_manager"):
            return _model(file, names, code, value)
    if manager:
        return None
    symbol = names.symbol(code, node)
    return file.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None


def _is_from_url(names: Names, node: ir.Expr) -> bool:
    """Whether a key is a parameter of the view, or one of ``self.kwargs``."""
    match node:
        case ir.Subscript(value=ir.Attr(name="kwargs")):
            return True
        case ir.Name(id=name):
            bound = names.bindings(name)
            if len(bound) == 1 and bound[0].how == "assigned" and bound[0].value is not None:
                return _is_from_url(names, bound[0].value)
            return len(bound) == 1 and bound[0].how == "parameter" and name not in ("self", "request")
    return False


def _owner(file: FileContext, model: Model) -> Field | None:
    """The column that says whose row it is."""
    if not model.complete or model.label == file.project.graph.auth_user:
        return None
    key = model.fields.get(model.pk)
    if key is not None and key.django_base == "UUIDField":
        return None  # nobody guesses it
    for name, field in model.fields.items():
        if name in _OWNERS and field.is_forward_one and field.target == file.project.graph.auth_user:
            # What may be nobody's is everybody's: the column then names who is responsible.
            return field if not field.null and field.sure("null") else None
    return None


# --- generic views ---------------------------------------------------------------------------------------


def _generic_view(file: FileContext, cls: ClassInfo) -> Hit | None:
    resolver = file.project.resolver
    if not resolver.is_subclass(cls, _SINGLE) or not _is_member_class(file, cls):
        return None
    if resolver.is_subclass(cls, "django.views.generic.edit.BaseCreateView"):
        return None
    binding = cls.member("model") or cls.member("queryset")
    if not isinstance(binding, Value) or binding.expr is None:
        return None
    key = resolver.class_attribute(cls, "slug_field")
    if key is not None and key[0].module.origin == "project":
        return None
    names = Names(resolver, None, [])
    model = _model(file, names, binding.code, binding.expr)
    owner = _owner(file, model) if model is not None else None
    if model is None or owner is None:
        return None
    return _hit(file, file.place(binding.code, binding.at), model, owner)


def _hit(file: FileContext, place: Place, model: Model, owner: Field) -> Hit:
    related: tuple[Related, ...] = ()
    if owner.code is not None and owner.node is not None:
        related = (Related("whose row it is", file.place(owner.code, owner.node)),)
    return Hit(
        place,
        f"Any logged-in user opens any `{model.name}` by changing the number in the URL: the lookup leaves out "
        f"`{owner.name}`",
        related=related,
        fixes=(Fix(f"Filter by `{owner.name}=request.user`", Safety.MANUAL),),
    )
