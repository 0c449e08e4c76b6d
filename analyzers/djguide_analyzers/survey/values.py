"""What a survey of a project says: plain values, for any front end."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal[
    "model", "view", "endpoint", "service", "task", "command", "serializer", "form", "admin", "receiver"
]
"""What part a component plays."""

Area = Literal["access", "database", "background", "caching"]
"""What a feature is about: who may do what, database optimisation, background work, caching."""


class Spot(Struct, frozen=True, order=True):
    """A line of a file: absolute POSIX path, zero-based line."""

    path: str
    line: int


class Component(Struct, frozen=True):
    """A class or function that plays a known part; `detail` is what it works on or how it is reached."""

    kind: Kind
    name: str
    app: str
    spot: Spot
    detail: str = ""


class Feature(Struct, frozen=True):
    """Something that the project makes use of: how often in its code (0: a setting), and where first."""

    area: Area
    name: str
    detail: str
    count: int = 0
    spot: Spot | None = None


class Cost(Struct, frozen=True):
    """How many queries something runs: `terms[p]` of them for each of N**p combinations of rows.

    Branches count together, and every relation and list is taken to hold N rows, so this is what a request may
    come to. `writes` has the statements that change rows in the same form. `complete` is False where the code does
    more than was followed.
    """

    terms: tuple[int, ...] = (0,)
    writes: tuple[int, ...] = (0,)
    complete: bool = True

    def queries(self, rows: int) -> int:
        """Number of queries that read, where every list holds `rows` rows."""
        return sum(count * rows**power for power, count in enumerate(self.terms))

    def changes(self, rows: int) -> int:
        """Number of statements that write, where every list holds `rows` rows."""
        return sum(count * rows**power for power, count in enumerate(self.writes))


class Template(Struct, frozen=True):
    """A template that a view renders, with the variables that the view gives it: name and what is in it."""

    name: str
    spot: Spot
    variables: tuple[tuple[str, str], ...]


class View(Struct, frozen=True):
    """What answers requests.

    Attributes:
        name: Dotted within its module: ``BookList`` or ``home``.
        kind: Whether it is a function, a class of Django's, or an API view.
        routes: Paths with the name that each is reversed by, if it has one.
        methods: HTTP methods in upper case; empty when they are not known.
        serializers: Names of the serializers it uses.
        model: Label of the model it lists; None when it is none, or not known.
        access: Who may use it, in words; None when nothing restricts it, as far as that can be told.
        cost: Queries of answering a GET request; None when nothing is known of them.
    """

    name: str
    kind: Literal["function", "class", "api"]
    app: str
    spot: Spot
    routes: tuple[tuple[str, str | None], ...] = ()
    methods: tuple[str, ...] = ()
    serializers: tuple[str, ...] = ()
    model: str | None = None
    access: str | None = None
    cost: Cost | None = None
    templates: tuple[Template, ...] = ()


class Survey(Struct):
    """One project: its components, what it makes use of, and what answers its requests."""

    root: str
    components: list[Component]
    features: list[Feature]
    views: list[View]
