"""A test asserts on an object that it has not read again since the row was changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_function, of_scope
from djguide_analyzers.rules.nodes import statement_of
from djguide_analyzers.rules.places import line_start
from djguide_analyzers.source.positions import Position

RULE = Rule(
    summary="A test asserts on an object that was not read again after a request changed its row",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "generic"})
_CLIENTS = ("client", "api_client", "async_client", "admin_client", "auth_client", "app", "api")
_REFRESHES = frozenset({"refresh_from_db", "arefresh_from_db"})
_CREATES = frozenset({"create", "acreate", "get_or_create"})
_UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class _Use:
    """One thing that happens to a variable, in order of the text."""

    at: Position
    kind: str
    node: ir.Node
    code: Code


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if not file.is_test:
        return
    info = scope.function
    if info is None or info.parent is not None or not info.name.startswith("test"):
        return
    if not any(True for _ in _requests(scope)):
        return
    names = of_scope(file, scope)
    for variable, values in _created(file, scope, names, info).items():
        hit = _judge(file, scope, info, variable, values)
        if hit is not None:
            yield hit


# --- what the object holds --------------------------------------------------------------------------------


def _created(
    file: FileContext, scope: Scope, names: Names, info: FunctionInfo
) -> dict[str, tuple[Model, dict[str, ir.Expr]]]:
    """Variables with a row made in the test or its ``setUp()``: the model, and the values it was made with."""
    found: dict[str, tuple[Model, dict[str, ir.Expr]]] = {}
    for name, bound in names.bound.items():
        if bound[0].how == "assigned" and bound[0].value is not None:
            made = _made(file, names, bound[0].code, bound[0].value)
            if made is not None:
                found[name] = made
    owner = info.owner
    for set_up in ("setUp", "setUpTestData") if owner is not None else ():
        method = owner.member(set_up) if owner is not None else None
        if isinstance(method, FunctionInfo) and method.node.params.items:
            own = method.node.params.items[0].name
            inner = of_function(file.project.resolver, method)
            for node in walk(method.statements):
                match node:
                    case ir.Assign(targets=[ir.Attr(value=ir.Name(id=receiver), name=name)], value=value) if (
                        receiver == own and value is not None
                    ):
                        made = _made(file, inner, method.body_code, value)
                        if made is not None:
                            found[f"self.{name}"] = made
    return found


def _made(
    file: FileContext, names: Names, code: Code, node: ir.Expr
) -> tuple[Model, dict[str, ir.Expr]] | None:
    """``Model.objects.create(...)``, with the values given by name."""
    if isinstance(node, ir.Await):
        node = node.value
    match node:
        case ir.Call(func=ir.Attr(value=ir.Attr(value=owner, name="objects"), name=name), args=[]) if (
            name in _CREATES
        ):
            symbol = names.symbol(code, owner)
        case _:
            return None
    model = file.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None
    if model is None or any(keyword.name is None for keyword in node.keywords):
        return None
    return model, {keyword.name: keyword.value for keyword in node.keywords if keyword.name is not None}


def _initial(model: Model, values: dict[str, ir.Expr], name: str) -> object:
    """The value of a column before the request; `_UNKNOWN` when it is not written."""
    field = model.fields.get(name)
    if field is None or field.kind != "column" or field.call is None:
        return _UNKNOWN
    given = values.get(name)
    if given is not None:
        return given.value if isinstance(given, ir.Const) else _UNKNOWN
    default = field.call.keyword("default")
    if default is not None:
        return default.value if isinstance(default, ir.Const) else _UNKNOWN
    if field.null:
        return None
    return (
        ""
        if field.django_base in ("CharField", "TextField", "SlugField", "URLField", "EmailField")
        else _UNKNOWN
    )


# --- what happens to it -----------------------------------------------------------------------------------


def _requests(scope: Scope) -> Iterator[tuple[ir.Call, Code]]:
    """Requests of a test client."""
    for call, code in scope.nodes(ir.Call):
        func = call.func
        if isinstance(func, ir.Attr) and func.name in _VERBS:
            owner = func.value
            name = (
                owner.name if isinstance(owner, ir.Attr) else owner.id if isinstance(owner, ir.Name) else ""
            )
            if name in _CLIENTS or name.endswith("client"):
                yield call, code


def _judge(
    file: FileContext,
    scope: Scope,
    info: FunctionInfo,
    variable: str,
    made: tuple[Model, dict[str, ir.Expr]],
) -> Hit | None:
    """The first assertion on a value that only a fresh object could have."""
    model, values = made
    requested: Place | None = None
    for use in sorted(_uses(file, scope, info, variable), key=lambda use: use.at):
        if use.kind == "request":
            requested = file.place(use.code, use.node)
        elif use.kind == "fresh":
            requested = None
        elif use.kind == "gone":
            return None
        elif use.kind == "assert" and requested is not None:
            name = _contradicted(file, use.code, use.node, variable, model, values)
            if name is not None:
                return _hit(file, info, use, variable, name, requested)
    return None


def _uses(file: FileContext, scope: Scope, info: FunctionInfo, variable: str) -> Iterator[_Use]:
    for call, code in _requests(scope):
        yield _Use(code.range(call).end, "request", call, code)
    code = info.body_code
    for node in walk(info.statements):
        at = code.range(node).start
        match node:
            case ir.Assign(targets=targets):
                for target in targets:
                    if _is(target, variable):
                        yield _Use(code.range(node).end, "fresh", node, code)
                    elif isinstance(target, ir.Attr) and _is(target.value, variable):
                        yield _Use(at, "gone", node, code)  # the test sets it itself
            case ir.Call(func=ir.Attr(value=owner, name=name)) if _is(owner, variable):
                # A method of the object may change it.
                yield _Use(at, "fresh" if name in _REFRESHES else "fine" if name.startswith("get_") else "gone",
                           node, code)  # fmt: skip
            case ir.ExprStmt() | ir.Assert():
                yield _Use(at, "assert", node, code)
            case ir.Call(args=args, keywords=keywords) if not _is_assertion(node):
                given = [*args, *(keyword.value for keyword in keywords)]
                if any(_is(arg, variable) for arg in given):
                    yield _Use(at, "gone", node, code)  # whoever gets the object may change it


def _is(node: ir.Expr, variable: str) -> bool:
    match node:
        case ir.Name(id=name):
            return name == variable
        case ir.Attr(value=ir.Name(id="self"), name=name):
            return f"self.{name}" == variable
    return False


def _is_assertion(call: ir.Call) -> bool:
    return isinstance(call.func, ir.Attr) and call.func.name.startswith("assert")


def _contradicted(
    file: FileContext,
    code: Code,
    node: ir.Node,
    variable: str,
    model: Model,
    values: dict[str, ir.Expr],
) -> str | None:
    """The column of which an assertion expects another value than the object has."""
    for actual, operator, expected in _comparisons(node):
        if not isinstance(actual, ir.Attr) or not _is(actual.value, variable):
            continue
        initial = _initial(model, values, actual.name)
        if initial is _UNKNOWN:
            continue
        if (operator == "true" and not initial) or (operator == "false" and initial):
            return actual.name
        if operator == "none" and initial is not None:
            return actual.name
        if operator == "not none" and initial is None:
            return actual.name
        if isinstance(expected, ir.Const):
            same = type(expected.value) is type(initial) and expected.value == initial
            if (operator == "==" and not same) or (operator == "!=" and same):
                return actual.name
    return None


def _comparisons(node: ir.Node) -> Iterator[tuple[ir.Expr, str, ir.Expr | None]]:
    match node:
        case ir.ExprStmt(
            value=ir.Call(func=ir.Attr(name="assertEqual" | "assertEquals"), args=[one, other, *_])
        ):
            yield one, "==", other
            yield other, "==", one
        case ir.ExprStmt(value=ir.Call(func=ir.Attr(name="assertNotEqual"), args=[one, other, *_])):
            yield one, "!=", other
            yield other, "!=", one
        case ir.ExprStmt(value=ir.Call(func=ir.Attr(name="assertTrue"), args=[one, *_])):
            yield one, "true", None
        case ir.ExprStmt(value=ir.Call(func=ir.Attr(name="assertFalse"), args=[one, *_])):
            yield one, "false", None
        case ir.ExprStmt(value=ir.Call(func=ir.Attr(name="assertIsNone"), args=[one, *_])):
            yield one, "none", None
        case ir.ExprStmt(value=ir.Call(func=ir.Attr(name="assertIsNotNone"), args=[one, *_])):
            yield one, "not none", None
        case ir.Assert(test=ir.Compare(left=left, ops=[op], rights=[right])):
            if op in ("is", "is not") and isinstance(right, ir.Const):
                words = {None: ("none", "not none"), True: ("true", "false"), False: ("false", "true")}
                if right.value in words:
                    yield left, words[right.value][op == "is not"], None
            elif op in ("==", "!="):
                yield left, op, right
                yield right, op, left
        case ir.Assert(test=ir.Unary(op="not", operand=operand)):
            yield operand, "false", None
        case ir.Assert(test=test):
            yield test, "true", None


def _hit(file: FileContext, info: FunctionInfo, use: _Use, variable: str, name: str, requested: Place) -> Hit:
    statement = statement_of(info.statements, use.node)
    place = line_start(file, use.code, statement) if statement is not None else None
    title = "Read it again before"
    fix = Fix(title, Safety.MANUAL)
    if place is not None:
        call = (
            f"await {variable}.arefresh_from_db()" if info.node.is_async else f"{variable}.refresh_from_db()"
        )
        fix = Fix(title, Safety.SAFE, (insert(file, place[1], f"{place[0]}{call}\n"),))
    return Hit(
        file.place(use.code, use.node),
        f"`{variable}` was made before the request and still has the old `{name}`: the view has changed "
        "the row, not "
        "this object",
        related=(Related("the request", requested),),
        fixes=(fix,),
    )
