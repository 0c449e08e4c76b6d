"""A file's facts as a module: its symbol table, its classes and functions.

Everything here is lazy and read-only. Positions are never stored: a `Code` turns a node's number into a range
when a finding needs one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import decode_body
from djguide_analyzers.facts.spans import span
from djguide_analyzers.source.positions import Position, Range

if TYPE_CHECKING:
    from djguide_analyzers.project.resolve import External

BODIES_READ: ContextVar[set[str] | None] = ContextVar("bodies_read", default=None)
"""Collects the paths of modules whose function bodies are looked at: what a result rests on."""

QUESTIONS: ContextVar[set[str] | None] = ContextVar("questions", default=None)
"""Collects the questions that were put to all files of the project: a result rests on every answer."""

Origin = Literal["project", "environment", "bundled"]


class Module:
    """One Python file under its import name.

    Attributes:
        name: Dotted name, without ``.__init__``.
        path: Absolute POSIX path.
        origin: ``project`` for files of the workspace, ``environment`` for third-party packages, ``bundled``
            for the Django that comes with djguide.
    """

    def __init__(self, name: str, path: str, facts: ir.PyFacts, origin: Origin) -> None:
        self.name = name
        self.path = path
        self.facts = facts
        self.origin = origin
        self.is_package = path.endswith("/__init__.py")

    def take_over(self, facts: ir.PyFacts) -> bool:
        """Go on with `facts` of an edited text that differ in nothing but positions and function bodies,
        which must ask for the same relations to be loaded.

        False, and nothing changed, when the outlines differ: then whoever read this module must be linked anew.
        Chunks are updated in place, so that everything found in them keeps its identity.
        """
        if not facts.has_outline_of(self.facts):
            return False
        old = self.facts.chunks
        for a, b in zip(old, facts.chunks, strict=True):
            a.line, a.lines, a.spans, a.bodies = b.line, b.lines, b.spans, b.bodies
        self.facts = ir.PyFacts(old, facts.comments, facts.problems)
        return True

    def __repr__(self) -> str:
        return f"<Module {self.name}>"

    @property
    def package(self) -> str:
        """Name of the package that relative imports start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @cached_property
    def symbols(self) -> SymbolTable:
        """What the module's top level binds."""
        table = SymbolTable()
        for chunk in self.facts.chunks:
            _collect(table, chunk.outline, Code(self, chunk), None, fallback=False)
        return table

    def absolute(self, module: str, level: int) -> str | None:
        """Dotted name of ``from <level dots><module>``; None when it climbs out of the package."""
        if not level:
            return module
        parts = self.package.split(".") if self.package else []
        if level > len(parts):
            return None
        base = parts[: len(parts) - level + 1]
        return ".".join([*base, module] if module else base)

    def classes(self) -> Iterator[ClassInfo]:
        """All classes at the top level and nested in classes, conditional ones included, in order."""
        for bindings in self.symbols.names.values():
            for binding in bindings:
                if isinstance(binding, ClassInfo):
                    yield from binding.with_nested()

    def functions(self) -> Iterator[FunctionInfo]:
        """All functions at the top level and all methods, in order of name."""
        for bindings in self.symbols.names.values():
            for binding in bindings:
                if isinstance(binding, FunctionInfo):
                    yield binding
                elif isinstance(binding, ClassInfo):
                    for cls in binding.with_nested():
                        yield from cls.methods()


class Code:
    """One table of nodes: a chunk's outline, or the body of one of its functions."""

    __slots__ = ("_spans", "body", "chunk", "module")

    def __init__(self, module: Module, chunk: ir.Chunk, body: int = -1, spans: bytes | None = None) -> None:
        self.module = module
        self.chunk = chunk
        self.body = body
        self._spans = spans

    def range(self, node: ir.Node | int) -> Range:
        """Where a node of this table stands in the file."""
        line, column, end_line, end_column = span(
            self.chunk.spans if self._spans is None else self._spans,
            node if isinstance(node, int) else node.at,
        )
        first = self.chunk.line
        return Range(Position(first + line, column), Position(first + end_line, end_column))

    def name_range(self, node: ir.Attr) -> Range:
        """Where the attribute's own name stands."""
        end = self.range(node).end
        return Range(Position(end.line, end.column - len(node.name)), end)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Code)
            and self.chunk is other.chunk
            and self.body == other.body
            and self.module is other.module
        )

    def __hash__(self) -> int:
        return hash((id(self.chunk), self.body))


@dataclass(slots=True, eq=False)
class ImportedModule:
    """``import a.b [as c]``: binds module `dotted`."""

    dotted: str
    code: Code
    at: int
    fallback: bool = False


@dataclass(slots=True, eq=False)
class ImportedName:
    """``from module import name``."""

    module: str
    name: str
    code: Code
    at: int
    fallback: bool = False


@dataclass(slots=True, eq=False)
class Value:
    """``name = expr``; `annotation` for annotated ones. `expr` None: bound in a way nobody follows."""

    expr: ir.Expr | None
    code: Code
    at: int
    annotation: ir.Expr | None = None
    fallback: bool = False


@dataclass(eq=False)
class FunctionInfo:
    """A function or method, found statically.

    `code` is the table its own statement (signature, decorators) stands in; `owner` the class it is a
    method of; `body_code` the table of its statements.
    """

    node: ir.FunctionDef
    code: Code
    owner: ClassInfo | None = None
    parent: FunctionInfo | None = None
    fallback: bool = False
    _kept: tuple[bytes, list[ir.Stmt], Code] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"<function {self.dotted}>"

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def module(self) -> Module:
        return self.code.module

    @cached_property
    def qualname(self) -> str:
        if self.parent is not None:
            return f"{self.parent.qualname}.<locals>.{self.node.name}"
        return f"{self.owner.qualname}.{self.node.name}" if self.owner else self.node.name

    @cached_property
    def dotted(self) -> str:
        return f"{self.module.name}.{self.qualname}"

    @property
    def _decoded(self) -> tuple[list[ir.Stmt], Code]:
        if (bodies_read := BODIES_READ.get()) is not None:
            bodies_read.add(self.module.path)
        blob = self.code.chunk.bodies[self.node.body]
        if self._kept is None or self._kept[0] is not blob:
            body = decode_body(blob)
            code = Code(self.module, self.code.chunk, self.node.body, body.spans)
            self._kept = (blob, body.statements, code)
        return self._kept[1], self._kept[2]

    @property
    def statements(self) -> list[ir.Stmt]:
        """The function's statements, decoded when first asked for."""
        return self._decoded[0]

    @property
    def body_code(self) -> Code:
        return self._decoded[1]


@dataclass(eq=False)
class ClassInfo:
    """A class statement, found statically.

    `known_bases` are its bases where their names alone do not tell them: classes defined in functions, or made
    by a call.
    """

    node: ir.ClassDef
    code: Code
    owner: ClassInfo | None = None
    fallback: bool = False
    known_bases: tuple[ClassInfo | External, ...] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"<class {self.dotted}>"

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def module(self) -> Module:
        return self.code.module

    @cached_property
    def qualname(self) -> str:
        return f"{self.owner.qualname}.{self.node.name}" if self.owner else self.node.name

    @cached_property
    def dotted(self) -> str:
        return f"{self.module.name}.{self.qualname}"

    @cached_property
    def members(self) -> SymbolTable:
        """What the class body binds."""
        table = SymbolTable()
        _collect(table, self.node.body, self.code, self, fallback=False)
        return table

    def member(self, name: str) -> Binding | None:
        """The binding of `name` in this class body itself."""
        return self.members.get(name)

    def methods(self) -> Iterator[FunctionInfo]:
        for bindings in self.members.names.values():
            for binding in bindings:
                if isinstance(binding, FunctionInfo):
                    yield binding

    def with_nested(self) -> Iterator[ClassInfo]:
        """This class and the classes nested in it."""
        yield self
        for bindings in self.members.names.values():
            for binding in bindings:
                if isinstance(binding, ClassInfo):
                    yield from binding.with_nested()


Binding = ImportedModule | ImportedName | Value | FunctionInfo | ClassInfo


class SymbolTable:
    """Names bound by a module or class body, in order of first binding."""

    __slots__ = ("loose", "names", "stars")

    def __init__(self) -> None:
        self.names: dict[str, list[Binding]] = {}
        self.stars: list[str] = []
        """Modules whose names are imported with ``*``."""
        self.loose: list[tuple[ir.Stmt, Code]] = []
        """Statements that bind nothing: calls, augmented assignments, item assignments."""

    def add(self, name: str, binding: Binding) -> None:
        self.names.setdefault(name, []).append(binding)

    def get(self, name: str) -> Binding | None:
        """The binding in effect at the end: the last one that is not a fallback, else the last."""
        bindings = self.names.get(name)
        if not bindings:
            return None
        for binding in reversed(bindings):
            if not binding.fallback:
                return binding
        return bindings[-1]


def _collect(
    table: SymbolTable, statements: list[ir.Stmt], code: Code, owner: ClassInfo | None, *, fallback: bool
) -> None:
    """Enter what `statements` bind; branches of ``else`` and ``except`` count as fallbacks."""
    for node in statements:
        match node:
            case ir.FunctionDef():
                table.add(node.name, FunctionInfo(node, code, owner, None, fallback))
            case ir.ClassDef():
                table.add(node.name, ClassInfo(node, code, owner, fallback))
            case ir.Import() | ir.ImportFrom():
                _collect_import(table, node, code, fallback)
            case ir.Assign(value=value):
                for target in node.targets:
                    _collect_target(
                        table, target, value, Value(value, code, node.at, node.annotation, fallback), node
                    )
            case ir.If():
                _collect(table, node.body, code, owner, fallback=fallback)
                _collect(table, node.orelse, code, owner, fallback=True)
            case ir.Try():
                _collect(table, node.body, code, owner, fallback=fallback)
                for handler in node.handlers:
                    _collect(table, handler.body, code, owner, fallback=True)
                _collect(table, node.orelse, code, owner, fallback=fallback)
                _collect(table, node.final, code, owner, fallback=fallback)
            case ir.With():
                _collect(table, node.body, code, owner, fallback=fallback)
            case ir.For() | ir.While():
                if isinstance(node, ir.For):
                    _collect_target(table, node.target, None, Value(None, code, node.at, None, True), node)
                _collect(table, node.body, code, owner, fallback=True)
            case _:
                table.loose.append((node, code))


def _collect_import(table: SymbolTable, node: ir.Import | ir.ImportFrom, code: Code, fallback: bool) -> None:
    for alias in node.names:
        if isinstance(node, ir.Import):
            bound = alias.asname or alias.name.partition(".")[0]
            dotted = alias.name if alias.asname else bound
            table.add(bound, ImportedModule(dotted, code, node.at, fallback))
            continue
        source = code.module.absolute(node.module, node.level)
        if source is None:
            continue
        if alias.name == "*":
            table.stars.append(source)
        else:
            table.add(alias.asname or alias.name, ImportedName(source, alias.name, code, node.at, fallback))


def _collect_target(
    table: SymbolTable, target: ir.Expr, value: ir.Expr | None, binding: Value, node: ir.Stmt
) -> None:
    if isinstance(target, ir.Name):
        table.add(target.id, binding)
    elif isinstance(target, ir.Display):
        items = (
            value.items if isinstance(value, ir.Display) and len(value.items) == len(target.items) else None
        )
        for number, item in enumerate(target.items):
            part = items[number] if items else None
            inner = item.value if isinstance(item, ir.Star) else item
            _collect_target(
                table, inner, part, Value(part, binding.code, binding.at, None, binding.fallback), node
            )
    else:
        table.loose.append((node, binding.code))
