"""Abstract values: what an expression may be, as far as it matters to the database.

Values are immutable and compared by content. `UNKNOWN` is a value like any other: whatever is not proven
is unknown, and nothing is ever reported about it. They are made by the million: as structs, which cost a tenth of
what frozen dataclasses do, except where a field must not be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, structs

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import ManagerInfo
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Module

if TYPE_CHECKING:
    from djguide_analyzers.trace.events import Loop
    from djguide_analyzers.trace.frame import Frame

ObjectKey = tuple[int, tuple[str, ...]]
"""Tells objects with attributes apart: identity of where they come from, and the path from there."""

Shape = Literal["instances", "dicts", "tuples", "scalars"]


class Site(Struct, frozen=True):
    """A node in the code: where something happens."""

    code: Code
    at: int


class AbstractValue:
    """Base of all values."""

    __slots__ = ()


class Unknown(AbstractValue, Struct, frozen=True):
    pass


UNKNOWN = Unknown()


class Scalar(AbstractValue, Struct, frozen=True):
    """A plain value from the database or a computation (text, number, date): known to be no row."""


SCALAR = Scalar()


class Constant(AbstractValue, Struct, frozen=True):
    """A literal."""

    value: Any


class ModuleValue(AbstractValue, Struct, frozen=True):
    module: Module


class ExternalValue(AbstractValue, Struct, frozen=True):
    """Something of a module that cannot be read, by dotted name; its attributes extend the name."""

    dotted: str


class ClassValue(AbstractValue, Struct, frozen=True):
    cls: ClassInfo


@dataclass(frozen=True, slots=True)
class FunctionValue(AbstractValue):
    """A project or library function; nested ones carry the frame they were defined in."""

    info: FunctionInfo
    frame: Frame | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LambdaValue(AbstractValue):
    node: ir.Lambda = field(compare=False)
    site: Site
    frame: Frame = field(compare=False)


class BoundMethod(AbstractValue, Struct, frozen=True):
    """A function of a readable class bound to a receiver."""

    info: FunctionInfo
    receiver: AbstractValue


class BuiltinMethod(AbstractValue, Struct, frozen=True):
    """A method that the engine models itself (of querysets, managers, rows, sequences, ...)."""

    receiver: AbstractValue
    name: str


class Partial(AbstractValue, Struct, frozen=True):
    """``functools.partial(func, *args, **keywords)``."""

    func: AbstractValue
    args: tuple[AbstractValue, ...]
    keywords: tuple[tuple[str, AbstractValue], ...]


class SuperValue(AbstractValue, Struct, frozen=True):
    """``super()``: attributes of `receiver` looked up behind `after` in its class's hierarchy."""

    receiver: AbstractValue
    cls: ClassInfo
    after: ClassInfo


class ObjectValue(AbstractValue, Struct, frozen=True):
    """An instance of a readable class that is no model, queryset or manager.

    `identity` tells apart objects with attributes of their own; 0 is any instance of the class.
    """

    cls: ClassInfo
    identity: int = 0

    @property
    def key(self) -> ObjectKey:
        return (self.identity, ()) if self.identity else (0, (self.cls.dotted,))


class RequestValue(AbstractValue, Struct, frozen=True):
    """The HTTP request: there is one at a time, so all of them are the same object."""

    @property
    def key(self) -> ObjectKey:
        return 0, ("request",)


class ConditionValue(AbstractValue, Struct, frozen=True):
    """A ``Q`` object; `empty` False when it certainly holds a condition."""

    empty: bool


class AtomicValue(AbstractValue, Struct, frozen=True):
    """What ``transaction.atomic(...)`` returns."""

    using: str | None
    durable: bool = False


class PrefetchValue(AbstractValue, Struct, frozen=True):
    """``Prefetch(path, queryset=..., to_attr=...)``; None parts were not given."""

    path: str
    queryset: QuerySetValue | None
    to_attr: str | None
    opaque: bool = False


# --- the object-relational part --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """One method call of a queryset's chain."""

    name: str
    site: Site
    node: ir.Call = field(compare=False, hash=False)


class PrefetchEntry(Struct, frozen=True):
    """One prefetched path with the queryset given for it and the attribute it fills, if any."""

    path: str
    inner: Query | None
    to_attr: str | None


class Query(Struct, frozen=True):
    """The state of a queryset.

    Attributes:
        model: Label of the model its rows are of.
        origin: Where it starts: the manager or queryset class expression.
        chain: Its method calls in order, as far as they were followed.
        own: Number of the first calls that a related manager makes by itself: what was prefetched has them already.
        select: Paths joined by ``select_related``, with all their prefixes.
        select_all: ``select_related()`` without arguments: all foreign keys that are not null.
        prefetch: What ``prefetch_related`` loads.
        only, deferred: Names given to ``only`` (None: not used) and ``defer``.
        annotations: Names added to the rows.
        null: Paths that its conditions say are NULL for every row.
        ordered: Whether an order is set (None: the model's own).
        known: Relations set on each row from the start: a related manager's own object.
        opaque: What it loads is not fully known, so nothing is said about its rows.
        single: It yields at most one row.
        limit: Most rows that a slice with literal bounds leaves, or that keys written out one by one find.
        assumed: Part of it rests on a class that could not be read.
        cls: The project's own queryset class.
    """

    model: str
    origin: Site | None = None
    chain: tuple[Link, ...] = ()
    own: int = 0
    select: frozenset[str] = frozenset()
    select_all: bool = False
    prefetch: tuple[PrefetchEntry, ...] = ()
    only: frozenset[str] | None = None
    deferred: frozenset[str] = frozenset()
    annotations: frozenset[str] = frozenset()
    filters: frozenset[str] = frozenset()
    null: frozenset[str] = frozenset()
    ordered: bool | None = None
    order: tuple[str, ...] = ()
    sliced: bool = False
    limit: int | None = None
    distinct: bool = False
    combined: bool = False
    locked: bool = False
    shape: Shape = "instances"
    known: frozenset[str] = frozenset()
    opaque: bool = False
    single: bool = False
    assumed: bool = False
    fetch_mode: str | None = None
    cls: ClassInfo | None = None

    def but(self, **changes: Any) -> Query:
        """A copy with `changes`."""
        return structs.replace(self, **changes)


class Related(Struct, frozen=True):
    """A related manager's side: the row it hangs on and the accessor.

    `back` is the name of the foreign key on the children that points back, for reverse foreign keys. `cache` is the
    relation whose prefetch cache answers, where the accessor is a property that picks another manager for it.
    """

    row: Row
    accessor: str
    back: str | None
    prefetched: bool
    cache: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which it may be prefetched."""
        return (self.accessor,) if self.cache is None else (self.accessor, self.cache)


class ManagerValue(AbstractValue, Struct, frozen=True):
    """A manager, or a related manager when `related` is set."""

    model: str
    info: ManagerInfo | None
    site: Site | None
    related: Related | None = None


class QuerySetValue(AbstractValue, Struct, frozen=True):
    """A queryset. `identity` tells apart objects with a result cache of their own."""

    query: Query
    identity: int
    related: Related | None = None
    cached: bool = False
    """Answered from the prefetch cache of its row."""
    certain: bool = True
    """False where it may be None or a list instead, which have none of a queryset's methods."""


class RowRoot(Struct, frozen=True):
    """Where rows come from: one evaluated queryset (`many`), or one object."""

    identity: int
    query: Query | None
    many: bool
    related: Related | None = None


class Row(AbstractValue, Struct, frozen=True):
    """An instance of `model`: one of the rows of `root`, or reached from them through `path`.

    `provenance_known` is False for parameters and ``self``: whoever passed it may have loaded anything.
    """

    model: str
    root: RowRoot
    path: tuple[str, ...] = ()
    provenance_known: bool = True

    @property
    def key(self) -> ObjectKey:
        return self.root.identity, self.path


@dataclass(frozen=True, slots=True)
class Sequence(AbstractValue):
    """A list, tuple, set or iterator; `items` when its members are known one by one."""

    element: AbstractValue
    items: tuple[AbstractValue, ...] | None = None
    rows_of: int | None = None
    """Identity of the queryset whose rows these are."""
    made_in: tuple[Loop, ...] = field(default=(), compare=False)
    """Loops of the comprehension that makes its elements one by one."""
    few: bool = field(default=False, compare=False)
    """Whether the code itself says how many there are."""


class Paginator(AbstractValue, Struct, frozen=True):
    """Django's ``Paginator`` over `items`."""

    items: AbstractValue


class Page(AbstractValue, Struct, frozen=True):
    """One page of a paginator; `items` are those on it."""

    items: AbstractValue


class Mapping(AbstractValue, Struct, frozen=True):
    """A dictionary: known constant keys, and what the other values may be."""

    entries: tuple[tuple[Any, AbstractValue], ...]
    element: AbstractValue = UNKNOWN
    key: AbstractValue = UNKNOWN

    def get(self, key: Any) -> AbstractValue:
        for name, value in self.entries:
            if name == key:
                return value
        return self.element


class Assumed(Constant, frozen=True):
    """A constant that holds for the request that is looked at: code tests it to tell requests apart."""


NONE = Constant(None)
TRUE = Constant(True)
