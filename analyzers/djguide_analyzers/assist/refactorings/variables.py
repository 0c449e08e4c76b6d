"""Which variables statements bind and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import FunctionInfo


def bound_in(info: FunctionInfo) -> set[str]:
    """Names that are local to a function: parameters, and what its statements bind, nested functions included."""
    names = {param.name for param in info.node.params.items} | assigned(info.statements)
    for node in walk(info.statements):
        if isinstance(node, ir.FunctionDef):
            names |= bound_in(FunctionInfo(node, info.body_code, None, info))
    return names


def assigned(statements: Iterable[ir.Node]) -> set[str]:
    """Names that statements bind, those of comprehensions left out: nobody else sees them."""
    found: set[str] = set()
    for node in walk(list(statements)):
        match node:
            case ir.Assign(targets=targets) | ir.Delete(targets=targets):
                for target in targets:
                    found |= set(_targets(target))
            case ir.AugAssign(target=target) | ir.For(target=target):
                found |= set(_targets(target))
            case ir.With(items=items):
                for item in items:
                    found |= set(_targets(item.target)) if item.target is not None else set()
            case ir.Walrus(target=name) | ir.Handler(name=str(name)):
                found.add(name)
            case ir.FunctionDef(name=name) | ir.ClassDef(name=name):
                found.add(name)
            case ir.Match(cases=cases):
                found.update(name for case in cases for name in case.names)
            case ir.Import(names=names) | ir.ImportFrom(names=names):
                found.update(alias.asname or alias.name.partition(".")[0] for alias in names)
    return found


def read(node: ir.Node | list[ir.Stmt]) -> list[str]:
    """Names that a node mentions, each once, in order; variables of comprehensions and lambdas left out."""
    own = {
        name
        for part in walk(node)
        if isinstance(part, (ir.Clause, ir.Lambda))
        for name in (_targets(part.target) if isinstance(part, ir.Clause) else _parameters(part))
    }
    names = (part.id for part in walk(node) if isinstance(part, ir.Name))
    return [name for name in dict.fromkeys(names) if name not in own]


def _parameters(node: ir.Lambda) -> Iterator[str]:
    yield from (param.name for param in node.params.items)


def _targets(target: ir.Expr) -> Iterator[str]:
    match target:
        case ir.Name(id=name):
            yield name
        case ir.Display(items=items):
            for item in items:
                yield from _targets(item)
        case ir.Star(value=value):
            yield from _targets(value)
