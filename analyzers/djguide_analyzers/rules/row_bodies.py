"""Functions as they handle rows: which expressions hold which row, what is read from it, when it is stored.

A row is known by a key, the same for all expressions of one function that hold it. In a function whose trace is at
hand those are the trace's own; in one that gets the row from its caller there is just one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import Scope
from djguide_analyzers.rules.flow import reaches
from djguide_analyzers.trace.values import BoundMethod, FunctionValue, Row

ROW = "row"
"""Key of the row that a function gets from its caller."""

_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "**", "|", "&", "^", "<<", ">>"})
_CHOOSING = frozenset({"max", "min"})


class Body(ABC):
    """The code of one function (or one block of a module) and the rows in it."""

    def __init__(self, project: Project, statements: list[ir.Stmt], code: Code) -> None:
        self.project = project
        self.statements = statements
        self.code = code

    @abstractmethod
    def key(self, node: ir.Expr) -> Hashable | None:
        """Key of the row that `node` holds; None when it is none, or not known."""

    @abstractmethod
    def model(self, node: ir.Expr) -> Model | None:
        """The model of the row that `node` holds."""

    @abstractmethod
    def entered(self, call: ir.Call) -> Iterator[tuple[ir.Expr, GivenBody]]:
        """Functions of the project that `call` hands a row to: what holds it here, and the function's own body."""


class TracedBody(Body):
    """A function that is looked at by itself, with its trace."""

    def __init__(self, project: Project, scope: Scope, statements: list[ir.Stmt], code: Code) -> None:
        super().__init__(project, statements, code)
        self.scope = scope

    def row(self, node: ir.Expr) -> Row | None:
        value = self.scope.value(self.code, node)
        return value if isinstance(value, Row) else None

    def key(self, node: ir.Expr) -> Hashable | None:
        row = self.row(node)
        return row.key if row is not None else None

    def model(self, node: ir.Expr) -> Model | None:
        row = self.row(node)
        return self.project.graph.get(row.model) if row is not None else None

    def entered(self, call: ir.Call) -> Iterator[tuple[ir.Expr, GivenBody]]:
        func = self.scope.value(self.code, call.func)
        if isinstance(func, BoundMethod) and isinstance(call.func, ir.Attr) and self.row(call.func.value):
            yield from self._given(call.func.value, func.info, 0)
            return
        if not isinstance(func, (BoundMethod, FunctionValue)):
            return
        first = 1 if isinstance(func, BoundMethod) else 0
        for number, arg in enumerate(call.args):
            if self.row(arg) is not None:
                yield from self._given(arg, func.info, first + number)

    def _given(self, node: ir.Expr, info: FunctionInfo, number: int) -> Iterator[tuple[ir.Expr, GivenBody]]:
        model = self.model(node)
        params = info.node.params.items
        if model is None or info.module.origin != "project" or info.node.is_generator:
            return
        if number < len(params) and params[number].kind in ("pos", "any"):
            yield node, GivenBody(self.project, info, model, params[number].name)


class GivenBody(Body):
    """A function that gets a row in the parameter called `name`."""

    def __init__(self, project: Project, info: FunctionInfo, model: Model, name: str) -> None:
        super().__init__(project, info.statements, info.body_code)
        self.info = info
        self._model = model
        self._name = name

    def key(self, node: ir.Expr) -> Hashable | None:
        return ROW if isinstance(node, ir.Name) and node.id == self._name else None

    def model(self, node: ir.Expr) -> Model | None:
        return self._model if self.key(node) is not None else None

    def entered(self, call: ir.Call) -> Iterator[tuple[ir.Expr, GivenBody]]:
        func = call.func
        if isinstance(func, ir.Attr) and self.key(func.value) is not None:
            info = method_of(self.project, self._model, func.name)
            own = info.node.params.items if info is not None else []
            if info is not None and info is not self.info and own:
                yield func.value, GivenBody(self.project, info, self._model, own[0].name)


def bodies(project: Project, scope: Scope) -> Iterator[TracedBody]:
    """The body of a function's scope; nothing for a module's top level, which runs when it is imported."""
    if scope.function is not None:
        for statements, code in scope.blocks:
            yield TracedBody(project, scope, statements, code)


def method_of(project: Project, model: Model, name: str) -> FunctionInfo | None:
    """A method or property that the project gives the instances of `model`."""
    found = project.resolver.class_attribute(model.cls, name)
    if found is None or not isinstance(found[1], FunctionInfo) or found[1].module.origin != "project":
        return None
    return found[1]


# --- what is read ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """An attribute of a row that an expression depends on; `computed` when something is computed from it."""

    key: Hashable
    name: str
    computed: bool = False


class Reads:
    """Which attributes of rows the expressions of a body depend on, over its local variables as well."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._held: dict[str, list[tuple[ir.Node, set[Read]]]] = {}
        self.sources: dict[str, ir.Expr] = {}
        """The last expression that each variable was computed with."""
        for node in walk(body.statements):
            match node:
                case ir.Assign(targets=[ir.Name(id=name)], value=value) if value is not None:
                    self._hold(name, node, value, self.of(value))
                case ir.Walrus(target=name, value=value):
                    self._hold(name, node, value, self.of(value))
                case ir.AugAssign(target=ir.Name(id=name) as old, value=value) if name in self._held:
                    more = {Read(read.key, read.name, True) for read in self.of(old) | self.of(value)}
                    self._hold(name, node, value, more)
                case _:
                    pass

    def _hold(self, name: str, bound: ir.Node, value: ir.Expr, reads: set[Read]) -> None:
        if reads:
            self._held.setdefault(name, []).append((bound, reads))
            self.sources[name] = value

    def _held_at(self, name: ir.Name) -> set[Read]:
        """What a variable depends on where it is read: what another branch puts into it says nothing."""
        return {
            read
            for bound, reads in self._held.get(name.id, ())
            if isinstance(bound, ir.Walrus) or reaches(self._body.statements, bound, name)
            for read in reads
        }

    def of(self, node: ir.Expr) -> set[Read]:
        """What `node` depends on."""
        computes = any(_computes(part) for part in walk(node))
        found: set[Read] = set()
        for part in walk(node):
            if isinstance(part, ir.Attr) and (key := self._body.key(part.value)) is not None:
                found.add(Read(key, part.name, computes))
            elif isinstance(part, ir.Name):
                held = self._held_at(part)
                found.update(Read(read.key, read.name, read.computed or computes) for read in held)
        return found


def _computes(node: ir.Node) -> bool:
    match node:
        case ir.Binary(op=op):
            return op in _ARITHMETIC
        case ir.Call(func=ir.Name(id=name), args=args):
            return name in _CHOOSING and len(args) > 1
        case ir.Unary(op=op):
            return op == "not"
    return False


def attributes_read(project: Project, model: Model, name: str) -> set[str]:
    """Attributes of its instance that a property or method of the project's reads."""
    info = method_of(project, model, name)
    params = info.node.params.items if info is not None else []
    if info is None or not params:
        return set()
    own = params[0].name
    return {
        node.name
        for node in walk(info.statements)
        if isinstance(node, ir.Attr) and isinstance(node.value, ir.Name) and node.value.id == own
    }


# --- when it is stored -----------------------------------------------------------------------------------


def stores(body: Body, key: Hashable, field: Field, depth: int = 2) -> Iterator[ir.Call]:
    """Calls that store the column `field` of a row: ``save()``, ``bulk_update()``, and functions that do it."""
    for call in walk(body.statements):
        if not isinstance(call, ir.Call):
            continue
        func = call.func
        if isinstance(func, ir.Attr) and func.name in ("save", "asave") and body.key(func.value) == key:
            if names_column(call.keyword("update_fields"), field):
                yield call
        elif _updates_in_bulk(body, call, field) or (depth and _hands_on(body, call, key, field, depth)):
            yield call


def _hands_on(body: Body, call: ir.Call, key: Hashable, field: Field, depth: int) -> bool:
    """Whether a call gives the row to a function that stores it."""
    return any(
        body.key(given) == key and next(stores(inner, ROW, field, depth - 1), None) is not None
        for given, inner in body.entered(call)
    )


def names_column(listed: ir.Expr | None, field: Field) -> bool:
    """Whether a list of columns may name `field`; no list at all means all columns."""
    if not isinstance(listed, ir.Display):
        return True
    names = [item.value if isinstance(item, ir.Const) else None for item in listed.items]
    return None in names or field.name in names or field.attname in names


def _updates_in_bulk(body: Body, call: ir.Call, field: Field) -> bool:
    if not isinstance(body, TracedBody) or not isinstance(call.func, ir.Attr):
        return False
    if call.func.name not in ("bulk_update", "abulk_update"):
        return False
    listed = call.keyword("fields") or (call.args[1] if len(call.args) > 1 else None)
    return isinstance(listed, ir.Display) and names_column(listed, field)


def stored_after(body: Body, node: ir.Node, key: Hashable, field: Field) -> list[ir.Call]:
    """The calls that store what `node` puts into the column `field` of a row."""
    return [call for call in stores(body, key, field) if reaches(body.statements, node, call)]
