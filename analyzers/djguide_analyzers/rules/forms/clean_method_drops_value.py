"""A ``clean_<field>()`` method ends without returning the value."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.form_classes import FORM, field_names
from djguide_analyzers.rules.guards import conditions, falls_through
from djguide_analyzers.rules.places import line_end, line_start, name_place
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary="A `clean_<field>()` method does not return the value on every path",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_PREFIX = "clean_"


def check(file: FileContext) -> Iterator[Hit]:
    for cls in file.classes():
        if not file.project.resolver.is_subclass(cls, FORM):
            continue
        fields = field_names(file, cls)
        for method in cls.methods():
            name = method.name.removeprefix(_PREFIX)
            if method.name != name and name in fields and not method.node.is_generator:
                hit = _judge(file, cls, method, name)
                if hit is not None:
                    yield hit


def _judge(file: FileContext, cls: ClassInfo, method: FunctionInfo, name: str) -> Hit | None:
    bare = [
        node
        for node in walk(method.statements)
        if isinstance(node, ir.Return) and node.value is None and not _is_for_nothing(method, node)
    ]
    open_end = _ends_open(method.statements, name) and not _filters(method)
    if (not bare and not open_end) or _says_so(method) or _takes_out(method, name):
        return None
    related = tuple(Related("returns nothing", file.place(method.body_code, node)) for node in bare)
    return Hit(
        name_place(file, method.code, method.node),
        f"`{method.name}()` has a path that returns nothing: Django takes that for the value, and "
        f'`cleaned_data["{name}"]` becomes `None`',
        related=related,
        fixes=(_fix(file, method, name, bare, open_end=open_end),),
    )


def _ends_open(block: list[ir.Stmt], name: str) -> bool:
    """Whether the end of a method may be reached; its field is in ``cleaned_data``, whoever asks."""
    match block[-1:]:
        case [
            ir.If(
                test=ir.Compare(left=ir.Const(value=key), ops=["in"], rights=[ir.Attr(name="cleaned_data")]),
                body=body,
                orelse=[],
            )
        ] if key == name:
            return _ends_open(body, name)
    return falls_through(block)


def _takes_out(method: FunctionInfo, name: str) -> bool:
    """Whether the method takes its value out of ``cleaned_data``: it is not meant to stay there."""
    for node in walk(method.statements):
        match node:
            case ir.Call(
                func=ir.Attr(value=ir.Attr(name="cleaned_data"), name="pop"), args=[ir.Const(value=key), *_]
            ) if key == name:
                return True
    return False


def _says_so(method: FunctionInfo) -> bool:
    """Whether the method is annotated to return nothing."""
    returns = method.node.returns
    return isinstance(returns, ir.Const) and returns.value is None


def _filters(method: FunctionInfo) -> bool:
    """Whether the method lets some values through and drops the others, refusing none."""
    nodes = list(walk(method.statements))
    returned = any(isinstance(node, ir.Return) and node.value is not None for node in nodes)
    return returned and not any(isinstance(node, ir.Raise) for node in nodes)


def _is_for_nothing(method: FunctionInfo, node: ir.Return) -> bool:
    """Whether a bare ``return`` is reached only where there is no value anyway."""
    for test in conditions(method.statements, node):
        match test:
            case (
                ir.Unary(op="not")
                | ir.Compare(ops=["not in"], rights=[ir.Attr(name="cleaned_data" | "fields")])
            ):
                return True  # Django calls the method for fields of the form only
            case ir.Compare(ops=["is"], rights=[ir.Const(value=None)]):
                return True
    return False


def _fix(file: FileContext, method: FunctionInfo, name: str, bare: list[ir.Return], *, open_end: bool) -> Fix:
    title = "Return the value"
    code = method.body_code
    value = _value(method, name)
    edits: list[Edit] = [replace(file, code.range(node), f"return {value}") for node in bare]
    if open_end:
        last = method.statements[-1]
        place = line_start(file, code, method.statements[0])
        if place is None:
            return Fix(title, Safety.MANUAL)
        if isinstance(last, ir.Jump):
            edits.append(replace(file, code.range(last), f"return {value}"))
        else:
            end = line_end(file, code.range(last).end)
            edits.append(insert(file, end, f"\n{place[0]}return {value}"))
    return Fix(title, Safety.SAFE, tuple(edits))


def _value(method: FunctionInfo, name: str) -> str:
    """What to return: the variable that took the value at the start, or the cleaned value itself."""
    for node in method.statements:
        if isinstance(node, ir.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ir.Name):
            match node.value:
                case ir.Subscript(value=ir.Attr(name="cleaned_data"), index=ir.Const(value=key)) if (
                    key == name
                ):
                    return node.targets[0].id
                case ir.Call(
                    func=ir.Attr(value=ir.Attr(name="cleaned_data"), name="get"),
                    args=[ir.Const(value=key), *_],
                ) if key == name:
                    return node.targets[0].id
        if any(isinstance(part, ir.Return) for part in walk(node)):
            break
    self_name = method.node.params.items[0].name if method.node.params.items else "self"
    return f'{self_name}.cleaned_data["{name}"]'
