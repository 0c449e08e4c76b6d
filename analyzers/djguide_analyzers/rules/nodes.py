"""Questions about nodes alone, without knowing what their names mean."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk

_BLOCKS = ("body", "orelse", "final")


def alike(one: ir.Expr | None, other: ir.Expr | None) -> bool:
    """Whether two expressions say the same, however they are laid out."""
    if one is None or other is None:
        return one is other
    return _words(one) == _words(other)


def _words(node: ir.Expr) -> list[tuple[object, ...]]:
    words: list[tuple[object, ...]] = []
    for part in walk(node):
        names = (getattr(part, name) for name in ("id", "name", "op", "kind") if hasattr(part, name))
        value = part.value if isinstance(part, ir.Const) else None
        words.append((type(part), type(value), value, *names))
    return words


def mentions(node: ir.Node | list[ir.Stmt], *names: str) -> bool:
    """Whether one of the variables called `names` occurs in `node`."""
    return any(isinstance(part, ir.Name) and part.id in names for part in walk(node))


def blocks(statements: list[ir.Stmt]) -> Iterator[list[ir.Stmt]]:
    """`statements`, and every block in them; bodies of nested functions are not entered."""
    yield statements
    for node in walk(statements):
        if isinstance(node, ir.ClassDef):
            continue
        for name in _BLOCKS:
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                yield inner


def block_of(statements: list[ir.Stmt], statement: ir.Stmt) -> tuple[list[ir.Stmt], int] | None:
    """The block that `statement` stands in, and its number there."""
    for block in blocks(statements):
        for number, each in enumerate(block):
            if each is statement:
                return block, number
    return None


def statement_of(statements: list[ir.Stmt], node: ir.Node) -> ir.Stmt | None:
    """The innermost statement that `node` is or is part of."""
    found: ir.Stmt | None = None
    for block in blocks(statements):
        for each in block:
            if contains(each, node):
                found = each
    return found


def parts_of(statement: ir.Stmt) -> list[list[ir.Stmt]]:
    """The blocks of a compound statement, those of definitions left out; none for a simple one."""
    match statement:
        case (
            ir.If(body=body, orelse=orelse)
            | ir.For(body=body, orelse=orelse)
            | ir.While(body=body, orelse=orelse)
        ):
            return [body, orelse]
        case ir.With(body=body):
            return [body]
        case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
            return [body, *(handler.body for handler in handlers), orelse, final]
        case ir.Match(cases=cases):
            return [case.body for case in cases]
    return []


def attributes_set(block: list[ir.Stmt], name: str) -> Iterator[str]:
    """The attributes that `block` sets on what it calls `name`, each time that it does."""
    for node in walk(block):
        targets: list[ir.Expr] = []
        if isinstance(node, ir.Assign):
            targets = node.targets
        elif isinstance(node, ir.AugAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ir.Attr) and isinstance(target.value, ir.Name) and target.value.id == name:
                yield target.name


def is_made_if_missing(statements: list[ir.Stmt], made: ir.Call) -> bool:
    """Whether `made` stands in one branch of a test, and the other takes what is there for the same variable."""
    for node in walk(statements):
        if isinstance(node, ir.If):
            for block, other in ((node.body, node.orelse), (node.orelse, node.body)):
                name = next((bound for bound, value in _bound(block) if value is made), None)
                there = [value for bound, value in _bound(other) if bound == name]
                if name is not None and there and not any(isinstance(value, ir.Call) for value in there):
                    return True
    return False


def _bound(block: list[ir.Stmt]) -> Iterator[tuple[str, ir.Expr]]:
    """The variables that the statements of a block set, with their values."""
    for node in block:
        match node:
            case ir.Assign(targets=[ir.Name(id=name)], value=value) if value is not None:
                yield name, value
