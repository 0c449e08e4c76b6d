"""What a function does to the database: the vocabulary that all behavioural rules share.

It is the vocabulary of a query tracer at run time: this line loaded that relation, of a row of that queryset,
inside that loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.trace.values import (
    AbstractValue,
    ObjectValue,
    Query,
    QuerySetValue,
    Related,
    Row,
    Site,
)

if TYPE_CHECKING:
    from djguide_analyzers.trace.summaries import Summary

LoadKind = Literal["fk", "o2o", "reverse_o2o", "gfk", "deferred"]


class Loop(Struct, frozen=True):
    """A running loop: where it stands, and the rows it binds, by identity of their root.

    `once` is True when the body always ends in the first round; `comprehension` for comprehensions, and for
    functions such as ``sorted`` that call their argument once per item. `few` is True when the code itself spells
    out what is iterated, so that the number of rounds does not grow with the data. `by` says what goes through the
    rows: the project's own code, a template, a serializer, the admin's list, or a form field's choices. `depth`
    is the length of the call chain it runs under.
    """

    site: Site
    rows: int | None
    depth: int
    once: bool = False
    comprehension: bool = False
    few: bool = False
    by: Literal["code", "template", "serializer", "admin", "choices"] = "code"


class CallSite(Struct, frozen=True):
    """One step of the call chain: where the call stands, and what it enters.

    `varies` is the number of the running loops up to the innermost whose variables the call mentions.
    """

    site: Site
    callee: FunctionInfo
    varies: int = 0


class Context(Struct, frozen=True):
    """Where an event happens: the running loops, the call chain and the open transactions, outermost first.

    `memoised` is True where the code does not come in every round: in a branch that is taken only when something is
    not remembered yet, or has changed, and in the handler of an exception.
    """

    loops: tuple[Loop, ...]
    stack: tuple[CallSite, ...]
    transactions: tuple[str | None, ...]
    memoised: bool = False


class RelationLoad(Struct, frozen=True):
    """A relation or deferred column of `row` is loaded because nothing has loaded it before.

    `key_only` is True when nothing but the target's primary key is read from it. `proven` says that it is loaded
    even if the row came from elsewhere.
    """

    site: Site
    context: Context
    row: Row
    name: str
    kind: LoadKind
    key_only: bool = False
    proven: bool = True


class RelationRead(Struct, frozen=True):
    """A relation of `row` that is loaded already is read."""

    site: Site
    context: Context
    row: Row
    name: str
    key_only: bool = False


class Served(Struct, frozen=True):
    """What a called function would load per row, were it called by itself, is there already: its caller loaded it.

    `site` is where it is read, `name` the relation.
    """

    site: Site
    name: str


class QueryRun(Struct, frozen=True):
    """A queryset is evaluated by `operation`: ``iterate``, ``len``, ``bool``, ``index``, or a method's name.

    `cached` is True when the prefetch cache answers, so that no query runs. `varies` is the number of the running
    loops up to the innermost whose variables the query's expression mentions. `proven` is that of `RelationLoad`,
    for the row of a related manager.
    """

    site: Site
    context: Context
    query: Query
    identity: int
    operation: str
    related: Related | None = None
    cached: bool = False
    varies: int = 0
    proven: bool = True


class Write(Struct, frozen=True):
    """Rows of `model` are written by `operation` (a queryset's, manager's or instance's method).

    `given` are the rows that the written ones refer to or are picked by, with the relation's name where it is
    known: arguments, what was assigned to a row before it is saved, the row of a related manager.
    """

    site: Site
    context: Context
    model: str
    operation: str
    receiver: AbstractValue
    given: tuple[tuple[str, Row], ...] = ()


class QuerySetUse(Struct, frozen=True):
    """A queryset held in a variable is used; `harmless` when the use neither runs nor hands on the object."""

    site: Site
    queryset: QuerySetValue
    harmless: bool


class TransactionBoundary(Struct, frozen=True):
    """``atomic`` is entered or left."""

    site: Site
    context: Context
    entered: bool
    using: str | None


class CallMade(Struct, frozen=True):
    """A call of something by name: a library function, a task's ``delay``, an unknown method.

    `target` is the dotted name as far as it is known. `entered` is True for functions whose own events say what
    they do.
    """

    site: Site
    context: Context
    target: str
    args: tuple[AbstractValue, ...]
    entered: bool = False


class Called(Struct, frozen=True, eq=False):
    """A function was called that does more than the events around this one say.

    `summary` holds it (see `summaries.expanded`), `rows` the rows that its stand-ins are for.
    """

    site: Site
    context: Context
    call: CallSite
    summary: Summary
    rows: dict[int, Row | ObjectValue]


Event = (
    RelationLoad
    | RelationRead
    | Served
    | QueryRun
    | Write
    | QuerySetUse
    | TransactionBoundary
    | CallMade
    | Called
)
