"""What the ``__str__`` of a model returns."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.model_classes import declared_models, is_name, self_name, targets


def text_methods(file: FileContext) -> Iterator[tuple[ClassInfo, FunctionInfo]]:
    """The ``__str__`` methods of the models in `file`, undecorated ones."""
    for cls in declared_models(file):
        info = cls.member("__str__")
        if isinstance(info, FunctionInfo) and not info.node.decorators and self_name(info) is not None:
            yield cls, info


def returned(info: FunctionInfo) -> Iterator[ir.Expr]:
    """The expressions that may be returned: branches of conditional expressions, last operands of ``or``."""
    for node in walk(info.statements):
        if isinstance(node, ir.Return) and node.value is not None:
            yield from _outcomes(info, node.value)


def _outcomes(info: FunctionInfo, node: ir.Expr) -> Iterator[ir.Expr]:
    if isinstance(node, ir.IfExp):
        yield from _outcomes(info, node.body)
        yield from _outcomes(info, node.orelse)
    elif isinstance(node, ir.Bool) and node.op == "or":
        yield from _outcomes(info, node.values[-1])
    elif isinstance(node, ir.Name) and (value := _only_value(info, node.id)) is not None:
        yield from _outcomes(info, value)
    else:
        yield node


def _only_value(info: FunctionInfo, name: str) -> ir.Expr | None:
    """What a local variable is assigned, when only once."""
    bound = [
        node
        for node in walk(info.statements)
        for target in targets(node)
        if isinstance(target, ir.Name) and target.id == name
    ]
    if len(bound) != 1 or not isinstance(bound[0], ir.Assign) or len(bound[0].targets) != 1:
        return None
    plain = isinstance(bound[0].targets[0], ir.Name) and not isinstance(bound[0].value, ir.Name)
    if any(param.name == name for param in info.node.params.items):
        return None
    return bound[0].value if plain else None


def column(project: Project, cls: ClassInfo, info: FunctionInfo, node: ir.Expr) -> Field | None:
    """The field that ``self.a.b.c`` reads, relations followed; None for anything else."""
    names: list[str] = []
    while isinstance(node, ir.Attr):
        names.insert(0, node.name)
        node = node.value
    if not names or not is_name(node, self_name(info)):
        return None
    model = project.graph.of_class(cls) or project.graph.abstract_models.get(cls)
    for name in names[:-1]:
        field = model.fields.get(name) if model is not None else None
        if field is None or not field.is_forward_one:
            return None
        model = project.graph.get(field.target)
    if model is None:
        return None
    last = model.pk if names[-1] == "pk" else names[-1]
    return model.fields.get(last) or model.field_of_attname(last)


def is_looked_at(info: FunctionInfo, node: ir.Expr) -> bool:
    """Whether the method tests or sets what `node` reads, so that more is known about it than its column says."""
    own = _path(node)
    if own is None:
        return True
    for part in walk(info.statements):
        looked: list[ir.Expr] = []
        match part:
            case ir.If(test=test) | ir.While(test=test) | ir.IfExp(test=test) | ir.Assert(test=test):
                looked = [test]
            case ir.Bool(op="and", values=values):
                looked = values[:-1]
            case ir.Match(subject=subject):
                looked = [subject]
            case ir.Try():
                return True  # perhaps the very error is expected
            case _:
                looked = [target for target in targets(part) if isinstance(target, ir.Attr)]
        if any(_path(inner) == own for test in looked for inner in walk(test)):
            return True
        if any(
            isinstance(inner, ir.Name) and _is_copy(info, inner.id, own) for t in looked for inner in walk(t)
        ):
            return True
    return False


def _is_copy(info: FunctionInfo, name: str, path: str) -> bool:
    value = _only_value(info, name)
    return value is not None and _path(value) == path


def _path(node: ir.Node) -> str | None:
    """``self.a.b`` as text; None for anything but names and attributes."""
    if isinstance(node, ir.Name):
        return node.id
    if isinstance(node, ir.Attr):
        base = _path(node.value)
        return f"{base}.{node.name}" if base is not None else None
    return None
