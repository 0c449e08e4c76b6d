"""A view does not expect that a row may be missing."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, import_name, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.lookups import conditions
from djguide_analyzers.rules.queryset_calls import QuerySetCall, queryset_calls
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.decorators import TRANSPARENT, decorator_names
from djguide_analyzers.trace.events import QueryRun
from djguide_analyzers.trace.values import ClassValue, ManagerValue

RULE = Rule(
    summary="`get()` with a value from the URL or the form fails with a server error for an unknown row",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_VIEW = "django.views.generic.base.View"
_HANDLERS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "dispatch", "setup"})
_HOOKS = frozenset(
    {
        "get_object",
        "get_queryset",
        "get_context_data",
        "get_form_kwargs",
        "get_form",
        "get_initial",
        "form_valid",
    }
)
_SENT = frozenset({"GET", "POST", "data", "query_params", "COOKIES", "headers"})
_CONVERTING = frozenset(
    {"int", "str", "UUID", "get", "strip", "lower", "upper", "force_str", "urlsafe_base64_decode"}
)
_CATCHING = frozenset({"DoesNotExist", "ObjectDoesNotExist", "Exception", "BaseException"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    info = scope.function
    if info is None or info.parent is not None or not _is_view(file, scope, info):
        return
    sent = _Sent(scope, info)
    caught = _caught(scope)
    for call in queryset_calls(scope, "get"):
        if (call.code, call.node.at) in caught or not call.node.keywords:
            continue
        values = [keyword.value for keyword in conditions(call.node)]
        if any(sent.holds(value) for value in values) and not _is_checked(scope, call):
            yield _hit(file, scope, call)


def _is_view(file: FileContext, scope: Scope, info: FunctionInfo) -> bool:
    """Whether URLs lead to a function: a view by its first parameter and place, or a method of a view class."""
    if not TRANSPARENT.issuperset(decorator_names(file.project, info)):
        return False
    names = [param.name for param in info.node.params.items]
    if info.owner is not None:
        known = info.name in _HANDLERS or info.name in _HOOKS
        return known and file.project.resolver.is_subclass(info.owner, _VIEW) and not _catches_all(info)
    folder_or_file = any("view" in part for part in file.path[len(file.project.root) :].split("/"))
    return bool(names) and names[0] == "request" and folder_or_file and not info.name.startswith("_")


def _catches_all(info: FunctionInfo) -> bool:
    """Whether the view's own ``dispatch`` handles what its methods raise."""
    dispatch = info.owner.member("dispatch") if info.owner is not None else None
    return isinstance(dispatch, FunctionInfo) and any(
        isinstance(node, ir.Try) and any(_catches(handler.type) for handler in node.handlers)
        for node in walk(dispatch.statements)
    )


def _caught(scope: Scope) -> set[tuple[Code, int]]:
    """Nodes whose missing rows are handled around them."""
    found: set[tuple[Code, int]] = set()
    for attempt, code in scope.nodes(ir.Try):
        if any(_catches(handler.type) for handler in attempt.handlers):
            found |= {(code, node.at) for node in walk(attempt.body)}
    for block, code in scope.nodes(ir.With):
        if any(isinstance(item.context, ir.Call) for item in block.items):
            contexts = [item.context.func for item in block.items if isinstance(item.context, ir.Call)]
            if any(
                (f.id if isinstance(f, ir.Name) else getattr(f, "name", "")) == "suppress" for f in contexts
            ):
                found |= {(code, node.at) for node in walk(block.body)}
    return found


def _catches(node: ir.Expr | None) -> bool:
    if node is None:
        return True
    parts = node.items if isinstance(node, ir.Display) else [node]
    for part in parts:
        name = part.id if isinstance(part, ir.Name) else part.name if isinstance(part, ir.Attr) else None
        if name is None or name in _CATCHING or not name.endswith(("Error", "Returned")):
            return True
    return False


def _is_checked(scope: Scope, call: QuerySetCall) -> bool:
    """Whether the function has looked for such a row before."""
    return any(
        isinstance(event, QueryRun)
        and event.query.model == call.model
        and event.operation in ("exists", "count")
        for event in scope.trace.events
    )


class _Sent:
    """What in a view comes from the visitor: parameters of the URL, the query string, the form."""

    def __init__(self, scope: Scope, info: FunctionInfo) -> None:
        self._scope = scope
        params = info.node.params.items
        in_class = info.owner is not None
        from_url = not in_class or info.name in _HANDLERS
        skipped = 2 if in_class else 1
        self._names = {p.name for p in params[skipped:] if p.kind not in ("*",)} if from_url else set()
        if in_class:
            self._names |= {param.name for param in params if param.kind == "**"}
        while self._follow(scope):
            pass

    def _follow(self, scope: Scope) -> bool:
        """Learn variables that are set to what was sent; whether there was a new one."""
        before = len(self._names)
        for node, _ in scope.nodes(ir.Assign):
            if node.value is not None and self.holds(node.value):
                self._names |= {target.id for target in node.targets if isinstance(target, ir.Name)}
        return len(self._names) > before

    def holds(self, node: ir.Expr) -> bool:
        """Whether an expression is something that the visitor sent, converted perhaps."""
        match node:
            case ir.Name(id=name):
                return name in self._names
            case ir.Subscript(value=value):
                return self._is_container(value) or self.holds(value)
            case ir.Call(func=ir.Attr(value=value, name="get" | "pop" | "getlist"), args=[_, *_]):
                return self._is_container(value) or self.holds(value)
            case ir.Call(func=ir.Name(id=name), args=[first]) if name in _CONVERTING:
                return self.holds(first)
            case ir.Call(func=ir.Attr(value=value, name=name), args=[]) if name in _CONVERTING:
                return self.holds(value)
            case _:
                return False

    def _is_container(self, node: ir.Expr) -> bool:
        match node:
            case ir.Attr(value=ir.Name(id="self"), name="kwargs"):
                return True
            case ir.Attr(value=ir.Name(id="request") | ir.Attr(name="request"), name=name):
                return name in _SENT
            case ir.Attr(name="cleaned_data" | "validated_data"):
                return False  # forms and serializers look rows up themselves
            case _:
                return False


def _hit(file: FileContext, scope: Scope, call: QuerySetCall) -> Hit:
    return Hit(
        file.place(call.code, call.node),
        "For a row that does not exist this raises DoesNotExist, and the visitor sees a server error "
        "instead of a 404",
        fixes=(_fix(file, scope, call),),
        data={"model": call.model},
    )


def _fix(file: FileContext, scope: Scope, call: QuerySetCall) -> Fix:
    title = "Use get_object_or_404()"
    imported = import_name(file, "django.shortcuts", "get_object_or_404")
    if call.func.name != "get" or imported is None:
        return Fix(title, Safety.MANUAL)
    code, receiver = call.code, call.func.value
    inside = arguments_range(file, code, call.node)
    start = Range(code.range(call.node).start, inside.start)
    rows = _rows(file, scope, code, receiver)
    if "#" in file.slice(start):
        return Fix(title, Safety.MANUAL)
    text = file.slice(Range(inside.start, inside.end))
    if text.startswith(("\n", "\r")):  # one argument per line
        indent = text[: len(text) - len(text.lstrip())]
        edits = [replace(file, start, f"{imported[0]}({indent}{rows},")]
    else:
        edits = [replace(file, start, f"{imported[0]}({rows}, ")]
    return Fix(title, Safety.SAFE, (*edits, *imported[1]))


def _rows(file: FileContext, scope: Scope, code: Code, receiver: ir.Expr) -> str:
    """What to look in: the model itself in place of its default manager."""
    value = scope.value(code, receiver)
    if isinstance(receiver, ir.Attr) and isinstance(value, ManagerValue) and value.related is None:
        model = file.project.graph.get(value.model)
        owner = scope.value(code, receiver.value)
        if model is not None and receiver.name == model.default_manager and isinstance(owner, ClassValue):
            return file.text(code, receiver.value)
    return file.text(code, receiver)
