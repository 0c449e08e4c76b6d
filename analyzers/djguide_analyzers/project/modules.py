"""A file's facts as a module: its symbol table, its classes and functions.

Everything here is lazy and read-only. Positions are never stored: a `Code` turns a node's number into a range
when a finding needs one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import decode_body
from djguide_analyzers.facts.spans import span
from djguide_analyzers.facts.walk import Statements, walk
from djguide_analyzers.project.bindings import ImportedModule, ImportedName, Value
from djguide_analyzers.project.module_keys import TakenOver, differing
from djguide_analyzers.project.typing_in import functions_edited
from djguide_analyzers.source.changes import Change
from djguide_analyzers.source.positions import Position, Range

if TYPE_CHECKING:
    from djguide_analyzers.project.resolve import External

BODIES_READ: ContextVar[set[str] | None] = ContextVar("bodies_read", default=None)
"""Collects what is looked at besides outlines, which a result rests on: paths of files, of which everything counts,
and in files that are being edited single functions (`Module.key`)."""

QUESTIONS: ContextVar[set[str] | None] = ContextVar("questions", default=None)
"""Collects the questions that were put to all files of the project: a result rests on every answer."""

Origin = Literal["project", "environment", "bundled"]
T = TypeVar("T")


class Module:
    """One Python file under its import name.

    Attributes:
        name: Dotted name, without ``.__init__``.
        path: Absolute POSIX path.
        origin: ``project`` for files of the workspace, ``environment`` for third-party packages, ``bundled``
            for the Django that comes with djguide.
        edited: Whether somebody edits the file: then what reads a function rests on that function, not on all.
    """

    def __init__(self, name: str, path: str, facts: ir.PyFacts, origin: Origin) -> None:
        self.name = name
        self.path = path
        self.facts = facts
        self.origin = origin
        self.is_package = path.endswith("/__init__.py")
        self.edited = False
        self._numbers: dict[int, int] = {}

    def take_over(self, facts: ir.PyFacts, change: Change | None) -> TakenOver | None:
        """Go on with `facts` of an edited text that differ in nothing but positions and function bodies,
        which must ask for the same relations to be loaded.

        None, and nothing changed, when the outlines differ: then whoever read this module must be linked anew.
        Chunks are updated in place, so that everything found in them keeps its identity. `change` is what the edit
        did to the text, None when nobody knows.
        """
        if not facts.has_outline_of(self.facts):
            return None
        places = functions_edited(self.facts, facts, change) if self.edited and change is not None else None
        old = self.facts.chunks
        for number, (a, b) in enumerate(zip(old, facts.chunks, strict=True)):
            if places is not None and a.bodies != b.bodies:
                places |= differing(number, a.bodies, b.bodies)
            a.bodies = [x if x == y else y for x, y in zip_longest(a.bodies, b.bodies) if y is not None]
            a.line, a.lines, a.spans, a.body_spans = b.line, b.lines, b.spans, b.body_spans
        self.facts = ir.PyFacts(old, facts.comments, facts.problems)
        if places is None:
            return TakenOver(self.keys(), None)
        edited = (self._key(*place) for place in places)
        return TakenOver(frozenset({self.path, self.moving_key, *edited}), change)

    def key(self, chunk: ir.Chunk, body: int) -> str:
        """What a result rests on that read a body of `chunk`."""
        return self.place(chunk, body) if self.edited else self.path

    def place(self, chunk: ir.Chunk, body: int) -> str:
        """A name of a body of `chunk` that stays the same as long as the outlines do."""
        if not self._numbers:
            self._numbers = {id(chunk): number for number, chunk in enumerate(self.facts.chunks)}
        number = self._numbers.get(id(chunk))
        return self.path if number is None else self._key(number, body)

    @property
    def moving_key(self) -> str:
        """What a value rests on that holds places in this file."""
        return f"{self.path}@"

    def keys(self) -> frozenset[str]:
        """All that a result can rest on in this file."""
        chunks = enumerate(self.facts.chunks)
        bodies = (self._key(n, m) for n, chunk in chunks for m in range(len(chunk.bodies)))
        return frozenset({self.path, self.moving_key, *bodies})

    def _key(self, chunk: int, body: int) -> str:
        return f"{self.path}#{chunk}.{body}"

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
        return iter(self._classes)

    @cached_property
    def _classes(self) -> list[ClassInfo]:
        return [
            cls
            for bindings in self.symbols.names.values()
            for binding in bindings
            if isinstance(binding, ClassInfo)
            for cls in binding.with_nested()
        ]

    def functions(self) -> Iterator[FunctionInfo]:
        """All functions at the top level and all methods, in order of name."""
        return iter(self._functions)

    @cached_property
    def _functions(self) -> list[FunctionInfo]:
        found: list[FunctionInfo] = []
        for bindings in self.symbols.names.values():
            for binding in bindings:
                if isinstance(binding, FunctionInfo):
                    found.append(binding)
                elif isinstance(binding, ClassInfo):
                    for cls in binding.with_nested():
                        found += cls.methods()
        return found


class Code:
    """One table of nodes: a chunk's outline, or the body of one of its functions."""

    __slots__ = ("body", "chunk", "module")

    def __init__(self, module: Module, chunk: ir.Chunk, body: int = -1) -> None:
        self.module = module
        self.chunk = chunk
        self.body = body

    def range(self, node: ir.Node | int) -> Range:
        """Where a node of this table stands in the file."""
        module = self.module
        if module.edited and (read := BODIES_READ.get()) is not None:
            read.add(module.moving_key)
        line, column, end_line, end_column = span(
            self.chunk.spans if self.body < 0 else self.chunk.body_spans[self.body],
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
    _kept: tuple[bytes, list[ir.Stmt], Code, dict[Any, Any]] | None = field(default=None, repr=False)

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
    def _encoded(self) -> bytes:
        chunk = self.code.chunk
        if (bodies_read := BODIES_READ.get()) is not None:
            function: FunctionInfo | None = self
            while function is not None:  # where a nested one stands is for those around it to say
                bodies_read.add(self.module.key(chunk, function.node.body))
                function = function.parent
        return chunk.bodies[self.node.body]

    def may_mention(self, name: str) -> bool:
        """Whether `name` may occur in the statements; told without decoding them."""
        return name.encode() in self._encoded

    @property
    def _decoded(self) -> tuple[bytes, list[ir.Stmt], Code, dict[Any, Any]]:
        blob = self._encoded
        if self._kept is None or self._kept[0] is not blob:
            table = Code(self.module, self.code.chunk, self.node.body)
            self._kept = (blob, Statements(decode_body(blob)), table, {})
        return self._kept

    @property
    def statements(self) -> list[ir.Stmt]:
        """The function's statements, decoded when first asked for."""
        return self._decoded[1]

    @property
    def body_code(self) -> Code:
        return self._decoded[2]

    def once(self, make: Callable[[FunctionInfo], T]) -> T:
        """What `make` says about the signature and the statements, asked once as long as these are the same.

        It must look at nothing else, positions included.
        """
        kept = self._decoded[3]
        if make not in kept:
            kept[make] = make(self)
        return kept[make]

    @property
    def nested(self) -> list[FunctionInfo]:
        """The functions defined in this one, those defined in them left out."""
        return self.once(_nested)


def _nested(info: FunctionInfo) -> list[FunctionInfo]:
    definitions = (node for node in walk(info.statements) if isinstance(node, ir.FunctionDef))
    return [FunctionInfo(node, info.body_code, None, info) for node in definitions]


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
        return iter(self._methods)

    @cached_property
    def _methods(self) -> list[FunctionInfo]:
        bound = (binding for bindings in self.members.names.values() for binding in bindings)
        return [binding for binding in bound if isinstance(binding, FunctionInfo)]

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
