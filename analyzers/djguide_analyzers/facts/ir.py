"""The intermediate form of Python code: what a file says, as plain values.

A file is a list of *chunks*, one per top-level statement (statements that share a line share a chunk). A chunk
holds its *outline* (the statement with class bodies, but without function bodies), the *bodies* of its
functions, each encoded by itself so that only what is asked for is decoded, and the *spans* of their nodes.

Every expression and statement carries ``at``, the number of its node inside the table it belongs to: the
chunk's outline, or one function's body. Spans are kept apart and relative to the chunk's first line, so two
chunks that say the same compare equal wherever they stand, and typing inside a function changes neither the
outline nor any other body.
"""

from __future__ import annotations

from typing import Union

from msgspec import Struct

Scalar = Union[None, bool, int, float, str]


class Node(Struct, array_like=True, gc=False, tag_field="t"):
    """Base of all nodes; `at` is the node's number in its span table."""

    at: int


# --- expressions -----------------------------------------------------------------------------------------


class Const(Node, tag=1):
    """A literal; bytes, integers beyond 64 bits, complex numbers and ``...`` become `Opaque`."""

    value: Scalar


class Name(Node, tag=2):
    id: str


class Attr(Node, tag=3):
    """``value.name``; the name is the last ``len(name)`` characters of the node's span."""

    value: Expr
    name: str


class Keyword(Node, tag=4):
    """One keyword argument; ``name`` is None for ``**value``."""

    name: str | None
    value: Expr


class Call(Node, tag=5):
    func: Expr
    args: list[Expr]
    keywords: list[Keyword]

    def keyword(self, name: str) -> Expr | None:
        """Value of the keyword argument `name`, None when it is not given by name."""
        for keyword in self.keywords:
            if keyword.name == name:
                return keyword.value
        return None


class Star(Node, tag=6):
    """``*value`` in a call, a display or a target."""

    value: Expr


class Subscript(Node, tag=7):
    value: Expr
    index: Expr


class Slice(Node, tag=8):
    lower: Expr | None
    upper: Expr | None
    step: Expr | None


class Bool(Node, tag=9):
    """``a and b and c`` / ``a or b or c``; `op` is the word."""

    op: str
    values: list[Expr]


class Unary(Node, tag=10):
    """``not x``, ``-x``, ``+x``, ``~x``."""

    op: str
    operand: Expr


class Binary(Node, tag=11):
    """An arithmetic or bitwise operation; `op` is the operator as written."""

    left: Expr
    op: str
    right: Expr


class Compare(Node, tag=12):
    """``left op right [op right ...]``; operators as written, e.g. ``is not``."""

    left: Expr
    ops: list[str]
    rights: list[Expr]


class IfExp(Node, tag=13):
    test: Expr
    body: Expr
    orelse: Expr


class Display(Node, tag=14):
    """A list, tuple or set display; `kind` is ``list``, ``tuple`` or ``set``."""

    kind: str
    items: list[Expr]


class Dict(Node, tag=15):
    """A dictionary display; a None key marks ``**value``."""

    keys: list[Expr | None]
    values: list[Expr]


class Clause(Node, tag=16):
    """One ``for target in iter if ...`` of a comprehension."""

    target: Expr
    iter: Expr
    ifs: list[Expr]
    is_async: bool


class Comp(Node, tag=17):
    """A comprehension; `kind` is ``list``, ``set``, ``dict`` or ``generator``; `value` only for ``dict``."""

    kind: str
    element: Expr
    value: Expr | None
    clauses: list[Clause]


class Lambda(Node, tag=18):
    params: Params
    body: Expr


class FString(Node, tag=19):
    """An f-string: constant pieces and formatted values in order (format specs follow their value)."""

    parts: list[Expr]


class Await(Node, tag=20):
    value: Expr


class Yield(Node, tag=21):
    value: Expr | None
    is_from: bool


class Walrus(Node, tag=22):
    target: str
    value: Expr


class Opaque(Node, tag=23):
    """Something that no analysis looks into."""


Expr = Union[
    Const, Name, Attr, Keyword, Call, Star, Subscript, Slice, Bool, Unary, Binary, Compare, IfExp, Display, Dict,
    Clause, Comp, Lambda, FString, Await, Yield, Walrus, Opaque,
]  # fmt: skip


class Param(Struct, array_like=True, gc=False):
    """One parameter; `kind` is ``pos`` (positional only), ``any``, ``kw``, ``*`` or ``**``."""

    name: str
    kind: str
    annotation: Expr | None
    default: Expr | None


class Params(Struct, array_like=True, gc=False):
    items: list[Param]


# --- statements ------------------------------------------------------------------------------------------


class ExprStmt(Node, tag=40):
    value: Expr


class Assign(Node, tag=41):
    """``a = b = value``, or with an annotation ``a: T [= value]`` (value None when there is none)."""

    targets: list[Expr]
    value: Expr | None
    annotation: Expr | None


class AugAssign(Node, tag=42):
    target: Expr
    op: str
    value: Expr


class Return(Node, tag=43):
    value: Expr | None


class Raise(Node, tag=44):
    exc: Expr | None
    cause: Expr | None


class Delete(Node, tag=45):
    targets: list[Expr]


class Assert(Node, tag=46):
    test: Expr
    message: Expr | None


class If(Node, tag=47):
    test: Expr
    body: list[Stmt]
    orelse: list[Stmt]


class For(Node, tag=48):
    target: Expr
    iter: Expr
    body: list[Stmt]
    orelse: list[Stmt]
    is_async: bool


class While(Node, tag=49):
    test: Expr
    body: list[Stmt]
    orelse: list[Stmt]


class WithItem(Struct, array_like=True, gc=False):
    context: Expr
    target: Expr | None


class With(Node, tag=50):
    items: list[WithItem]
    body: list[Stmt]
    is_async: bool


class Handler(Node, tag=51):
    """One ``except type as name``; `type` is None for a bare ``except``."""

    type: Expr | None
    name: str | None
    body: list[Stmt]


class Try(Node, tag=52):
    body: list[Stmt]
    handlers: list[Handler]
    orelse: list[Stmt]
    final: list[Stmt]


class Case(Struct, array_like=True, gc=False):
    """One case of a match statement: the names its pattern binds, its guard and body."""

    names: list[str]
    guard: Expr | None
    body: list[Stmt]


class Match(Node, tag=53):
    subject: Expr
    cases: list[Case]


class Alias(Struct, array_like=True, gc=False):
    """One name of an import; `name` is ``*`` for a star import."""

    name: str
    asname: str | None


class Import(Node, tag=54):
    names: list[Alias]


class ImportFrom(Node, tag=55):
    """``from [level dots][module] import names``."""

    module: str
    level: int
    names: list[Alias]


class FunctionDef(Node, tag=56):
    """A function: its signature. `body` is its number in the chunk's list of bodies.

    `sets` are the attributes of names that the body assigns, as written (``self.order``, ``request.user.team``),
    sorted: part of what a class or a request has for others to read.
    """

    name: str
    params: Params
    decorators: list[Expr]
    returns: Expr | None
    is_async: bool
    is_generator: bool
    body: int
    sets: list[str] = []


class ClassDef(Node, tag=57):
    name: str
    bases: list[Expr]
    keywords: list[Keyword]
    decorators: list[Expr]
    body: list[Stmt]


class Jump(Node, tag=58):
    """``pass``, ``break`` or ``continue``; `kind` is the word."""

    kind: str


class Scope(Node, tag=59):
    """``global`` or ``nonlocal``; `kind` is the word."""

    kind: str
    names: list[str]


Stmt = Union[
    ExprStmt, Assign, AugAssign, Return, Raise, Delete, Assert, If, For, While, With, Handler, Try, Match, Import,
    ImportFrom, FunctionDef, ClassDef, Jump, Scope,
]  # fmt: skip


# --- containers ------------------------------------------------------------------------------------------


class Chunk(Struct, array_like=True, gc=False):
    """One top-level statement: `line` is its first line (decorators included), zero-based, `lines` how many.

    `bodies` are the statements of its functions, each function's encoded by themselves, `body_spans` their span
    tables: where a function stands changes nothing in its body.
    `loads` are the relation paths that it asks to be loaded, sorted: arguments of ``select_related``,
    ``prefetch_related`` and ``Prefetch``, and texts in lists that read like paths. A ``Prefetch`` whose queryset
    is not spelled out in place counts with ``*`` for whatever that loads.
    """

    line: int
    lines: int
    outline: list[Stmt]
    spans: bytes
    bodies: list[bytes]
    loads: list[str] = []
    body_spans: list[bytes] = []


class Comment(Struct, array_like=True, gc=False):
    """A comment that speaks to djguide, at its place in the file (zero-based line and column)."""

    line: int
    column: int
    text: str
    alone: bool


class Problem(Struct, array_like=True, gc=False):
    """A stretch of the file that could not be read, with the parser's message."""

    line: int
    column: int
    message: str


class PyFacts(Struct, array_like=True, gc=False):
    """What one Python file says."""

    chunks: list[Chunk]
    comments: list[Comment]
    problems: list[Problem]

    def has_outline_of(self, other: PyFacts) -> bool:
        """Whether the two differ in nothing but positions and function bodies that load the same relations."""
        return len(self.chunks) == len(other.chunks) and all(
            a.outline == b.outline and a.loads == b.loads
            for a, b in zip(self.chunks, other.chunks, strict=True)
        )
