"""`JsonResponse` is given something that is no dictionary."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import append_argument
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope

RULE = Rule(
    summary="`JsonResponse` refuses everything but dictionaries without `safe=False`",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_RESPONSE = "django.http.response.JsonResponse"
_LISTS = frozenset({"list", "sorted", "tuple"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    calls = [(node, code) for node, code in scope.nodes(ir.Call) if _may_be_response(node)]
    names = of_scope(file, scope) if calls else None
    for node, code in calls:
        if names is None or names.called(code, node) != _RESPONSE:
            continue
        data = node.args[0] if node.args else node.keyword("data")
        if len(node.args) > 2 or any(keyword.name in (None, "safe") for keyword in node.keywords):
            continue
        if data is not None and _is_no_dict(names, data):
            yield Hit(
                file.place(code, node),
                "`JsonResponse` raises TypeError for anything but a dictionary, unless `safe=False` says "
                "that another value is meant",
                fixes=(
                    Fix(
                        "Pass `safe=False`",
                        Safety.SAFE,
                        (append_argument(file, code, node, "safe=False"),),
                    ),
                ),
            )


def _may_be_response(node: ir.Call) -> bool:
    name = node.func.id if isinstance(node.func, ir.Name) else getattr(node.func, "name", "")
    return name.endswith("Response") and bool(node.args or node.keywords)


def _is_no_dict(names: Names, data: ir.Expr) -> bool:
    """Whether a value certainly is a list, a tuple, a text or a number."""
    if isinstance(data, ir.Name):
        bound = names.bindings(data.id)
        value = names.value(data.id) if len(bound) == 1 and bound[0].how == "assigned" else None
        return value is not None and not isinstance(value[0], ir.Name) and _is_no_dict(names, value[0])
    match data:
        case ir.Display() | ir.FString() | ir.Const():
            return True
        case ir.Comp(kind=kind):
            return kind != "dict"
        case ir.Call(func=ir.Name(id=name)):
            return name in _LISTS and not names.bindings(name)
    return False
