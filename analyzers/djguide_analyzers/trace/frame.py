"""The state of one interpretation: a run for a root function, and a frame for each function being executed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import BODIES_READ, ClassInfo, Code, FunctionInfo
from djguide_analyzers.trace.events import CallSite, Context, Event, Loop
from djguide_analyzers.trace.joining import join
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    Mapping,
    ObjectKey,
    ObjectValue,
    Query,
    RequestValue,
    Row,
    RowRoot,
    Site,
)

if TYPE_CHECKING:
    from djguide_analyzers.project.project import Project
    from djguide_analyzers.project.templates import TemplateSource

Holder = Row | ObjectValue | RequestValue
"""What has attributes that a run keeps track of."""

MAX_DEPTH = 8
"""Nested calls that are followed."""

MAX_STEPS = 40_000
"""Expressions evaluated for one root, calls included."""


class BudgetSpent(Exception):
    """A root needs more steps than allowed; what was found so far stays."""


class Run:
    """One interpretation of a root, with all functions it enters.

    Attributes:
        events: What happens, in order.
        values: What the nodes of each table were found to be; nodes that stay unknown are left out.
        loaded: Relations and attributes read or set so far: what each holds, by key of the object, by name.

    Identities are counted from `first`.
    """

    def __init__(self, project: Project, first: int = 0) -> None:
        self.project = project
        self.events: list[Event] = []
        self.values: dict[Code, dict[int, AbstractValue]] = {}
        self.loaded: dict[ObjectKey, dict[str, AbstractValue]] = {}
        self.holders: dict[ObjectKey, Holder] = {}
        """The objects that `loaded` speaks of, by key."""
        self.once: set[tuple[ObjectKey, str]] = set()
        """Relations, by row key and name, that the running branch reads only when their key is a new one."""
        self.guarded: set[ObjectKey] = set()
        """Rows whose prefetch cache the code looks into or fills by itself, by key."""
        self.refreshed: set[ObjectKey] = set()
        """Rows that were read anew by themselves and have lost what was prefetched for them, by key."""
        self.rows: dict[int, int] = {}
        """Identity of the rows of each evaluated queryset, by the queryset's identity."""
        self.elsewhere: dict[Site, AbstractValue] = {}
        """Module-level and class-level expressions evaluated so far."""
        self.members: dict[tuple[ClassInfo, str], AbstractValue | None] = {}
        """What attributes of instances of a class were found to hold."""
        self.modules: set[str] = set()
        """What was looked at besides outlines: keys of modules (`Module.key`), and paths of templates."""
        self.rendered: list[tuple[TemplateSource, Mapping]] = []
        """Templates that were rendered, each with the variables it was given."""
        self.steps = 0
        self._identity = first

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Everything that is looked at meanwhile is noted in `modules`."""
        token = BODIES_READ.set(self.modules)
        try:
            yield
        finally:
            BODIES_READ.reset(token)

    def new_identity(self) -> int:
        self._identity += 1
        return self._identity

    def rows_identity(self, queryset: int) -> int:
        """Identity of the rows of a queryset object: the same however often it is iterated."""
        if queryset not in self.rows:
            self.rows[queryset] = self.new_identity()
        return self.rows[queryset]

    def renewed(self, row: Row) -> Row:
        """`row`, or one that was read by itself where what was prefetched for it is gone."""
        if row.key not in self.refreshed:
            return row
        return Row(row.model, RowRoot(self.new_identity(), Query(row.model, single=True), False), (), True)

    def get_loaded(self, holder: Holder, name: str) -> AbstractValue | None:
        held = self.loaded.get(holder.key)
        return None if held is None else held.get(name)

    def set_loaded(self, holder: Holder, name: str, value: AbstractValue) -> None:
        self.loaded.setdefault(holder.key, {})[name] = value
        self.holders[holder.key] = holder


class Frame:
    """One function being executed: its variables and where it stands."""

    def __init__(
        self,
        run: Run,
        code: Code,
        *,
        function: FunctionInfo | None = None,
        parent: Frame | None = None,
        loops: tuple[Loop, ...] = (),
        stack: tuple[CallSite, ...] = (),
        transactions: tuple[str | None, ...] = (),
        owner: ClassInfo | None = None,
        receiver: AbstractValue | None = None,
    ) -> None:
        self.run = run
        self.code = code
        self._values = run.values.setdefault(code, {})
        self.function = function
        self.parent = parent
        self.loops = loops
        self.stack = stack
        self.transactions = transactions
        self.owner = owner
        self.receiver = receiver
        self.env: dict[str, AbstractValue] = {}
        self.all_given = False
        """Whether a call is followed all of whose arguments are known: other parameters have their defaults."""
        self.varying: dict[str, int] = {}
        """Variables bound inside loops: the number of loops that ran when they were."""
        self.memoised = False
        """Whether this runs only when something is not remembered yet."""
        self.missed: set[int] = set()
        """The ``if`` statements that are about something a dictionary did not have, by node."""
        self.returns: list[AbstractValue] = []
        self.yields: list[AbstractValue] = []
        self.exits: list[list[dict[str, AbstractValue]]] = []
        """Variables at each ``break`` and ``continue`` of the running loops."""

    def move_to(self, code: Code) -> None:
        """Go on with statements of another table: the next chunk of a module's top level."""
        self.code = code
        self._values = self.run.values.setdefault(code, {})

    def record(self, at: int, value: AbstractValue) -> None:
        """Note that a node is `value`; a node with several values keeps what they have in common."""
        known = self._values.get(at)
        if known is None:
            self._values[at] = value
        elif known is not value and known != value:
            self._values[at] = join(known, value)

    def value_at(self, node: ir.Node) -> AbstractValue:
        """What a node of this table was found to be."""
        return self._values.get(node.at, UNKNOWN)

    @property
    def project(self) -> Project:
        return self.run.project

    @property
    def context(self) -> Context:
        return Context(self.loops, self.stack, self.transactions, self.memoised)

    def site(self, node: ir.Node) -> Site:
        return Site(self.code, node.at)

    def emit(self, event: Event) -> None:
        self.run.events.append(event)

    def bind(self, name: str, value: AbstractValue) -> None:
        """Give a local variable a value."""
        self.env[name] = value
        if self.loops or name in self.varying:
            self.varying[name] = len(self.loops)

    def varies(self, node: ir.Node) -> int:
        """Number of the running loops up to the innermost in which a variable that `node` mentions was bound."""
        if not self.loops:
            return 0
        found = 0
        for part in walk(node):
            if isinstance(part, ir.Name):
                frame: Frame | None = self
                while frame is not None and part.id not in frame.varying:
                    frame = frame.parent
                found = max(found, frame.varying[part.id] if frame is not None else 0)
        return min(found, len(self.loops))

    def lookup(self, name: str) -> AbstractValue | None:
        """A local or enclosing variable; None when no frame binds it."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.env:
                return frame.env[name]
            frame = frame.parent
        return None

    def join_env(self, *environments: dict[str, AbstractValue]) -> None:
        """Go on with what holds in all `environments`; a name missing in one keeps its value."""
        first, *rest = environments
        result = dict(first)
        for other in rest:
            for name, value in other.items():
                if name not in result:
                    result[name] = value
                elif result[name] is not value:
                    result[name] = join(result[name], value)
        self.env = result

    def forget(self, names: list[str]) -> None:
        for name in names:
            self.env[name] = UNKNOWN
