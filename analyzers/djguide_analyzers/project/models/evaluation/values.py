"""What evaluated code can mean.

Strings, numbers, booleans, None, tuples, lists, dictionaries and sets are themselves; classes, functions and
modules are the symbols of `project.resolve`. The rest is here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.resolve import External


class Unknown:
    """The value nobody can know; there is one, `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


class More:
    """Marks a list, tuple, set or dictionary (as a key) that may hold more than is listed; there is one, `MORE`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MORE"


UNKNOWN = Unknown()
MORE = More()
UNBOUND = object()
"""Stands for the value of a name that no statement turned out to bind."""


class Raised(Exception):
    """The evaluated code raises; `kind` is the name of the exception's class."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Exhausted(Exception):
    """An evaluation took more steps than it may."""


@dataclass(eq=False, slots=True)
class Instance:
    """An object of a class of the project, of a package or of Django.

    `args` and `kwargs` are what its class was called with; `code` and `call` where. An object of a class whose
    hierarchy could not be read has a known constructor call, but its `attrs` are not to be relied on:
    `opaque` is True. `rests_on` are the settings of uncertain value that decided an argument, by position or
    keyword; those that decided something else are under ``"*"``.
    """

    cls: ClassInfo | External
    attrs: dict[str, Any] = field(default_factory=dict)
    args: tuple[Any, ...] = ()
    kwargs: dict[Any, Any] = field(default_factory=dict)
    code: Code | None = None
    call: ir.Call | None = None
    opaque: bool = False
    rests_on: dict[Any, frozenset[str]] | None = None

    def __repr__(self) -> str:
        return f"<instance of {self.cls.dotted}>"


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model known by its label, such as what ``get_user_model()`` returns."""

    label: str


@dataclass(eq=False, slots=True)
class Frame:
    """The names that code sees while it is evaluated.

    `owner` is the class whose body it is, or whose method; `receiver` the method's first argument. `enclosing` is
    the frame of the function around it. A `lazy` frame of a class looks its members up one by one. `uncertain`
    names may not be bound; `rests_on` are the settings of uncertain value that decided what names mean.
    """

    code: Code
    names: dict[str, Any]
    enclosing: Frame | None = None
    owner: ClassInfo | None = None
    receiver: Any = None
    is_class: bool = False
    lazy: bool = False
    maybe_returned: list[Any] = field(default_factory=list)
    uncertain: set[str] = field(default_factory=set)
    globals: frozenset[str] = frozenset()
    rests_on: dict[str, frozenset[str]] | None = None

    def note(self, name: str, settings: frozenset[str]) -> None:
        """What `name` means now was decided by `settings`."""
        if settings:
            if self.rests_on is None:
                self.rests_on = {}
            self.rests_on[name] = settings
        elif self.rests_on:
            self.rests_on.pop(name, None)


@dataclass(eq=False, slots=True)
class Closure:
    """A function defined in another function, or a lambda, with the frame it was made in."""

    function: FunctionInfo | ir.Lambda
    frame: Frame

    @property
    def name(self) -> str:
        return self.function.name if isinstance(self.function, FunctionInfo) else "<lambda>"


@dataclass(eq=False, slots=True)
class Bound:
    """A function with the object it is called on; `owner` is the class it was found in."""

    function: FunctionInfo | Closure
    receiver: Any
    owner: ClassInfo | None


@dataclass(eq=False, slots=True)
class Super:
    """``super()`` inside a method of `owner`, called on `receiver`."""

    owner: ClassInfo
    receiver: Any


@dataclass(eq=False, slots=True)
class Native:
    """A function that is written here: ``call(interpreter, args, kwargs)``."""

    name: str
    call: Callable[[Any, list[Any], dict[Any, Any]], Any]


@dataclass(eq=False, slots=True)
class Partial:
    """``functools.partial(function, *args, **kwargs)``."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[Any, Any]


@dataclass(eq=False, slots=True)
class Descriptor:
    """A function wrapped as a property, static method or class method by a call; `kind` is the word."""

    kind: str
    function: Any


@dataclass(eq=False, slots=True)
class Method:
    """A method of a plain value: ``"text".lower``."""

    value: Any
    name: str


@dataclass(eq=False, slots=True)
class Signal:
    """A signal whose receivers are called when models are defined."""

    receivers: list[Any] = field(default_factory=list)


class Settings:
    """``django.conf.settings``; there is one, `SETTINGS`."""

    __slots__ = ()


class Apps:
    """``django.apps.apps``; there is one, `APPS`."""

    __slots__ = ()


class Connection:
    """``django.db.connection``; there is one, `CONNECTION`."""

    __slots__ = ()


CONNECTION = Connection()
SETTINGS = Settings()
APPS = Apps()

SCALARS = (str, int, float, bool, type(None))
"""Types of the constants that are themselves."""


def truth(value: Any) -> bool | None:
    """Whether `value` is true; None when that cannot be known."""
    if isinstance(value, SCALARS):
        return bool(value)
    if isinstance(value, (list, tuple, set, dict)):
        if len(value) == 1 and MORE in value:
            return None
        return bool(value)
    if isinstance(value, (Unknown, External, More)):
        return None
    if isinstance(value, Instance):
        return None if value.opaque or isinstance(value.cls, External) else True
    return True


def is_told(value: Any) -> bool:
    """Whether a value that should be plain, and all that is in it, could be evaluated."""
    if isinstance(value, (list, tuple, set)):
        return all(is_told(item) for item in value)
    if isinstance(value, Instance):
        return not value.opaque and not isinstance(value.cls, External)
    return not isinstance(value, (Unknown, External, More))


def is_whole(value: Any) -> bool:
    """Whether a list, tuple, set or dictionary is known to hold exactly what is listed."""
    return MORE not in value


def same(left: Any, right: Any) -> bool:
    """Whether two values are certainly the same one."""
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, (*SCALARS, External, ModelRef)):
        return left == right
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return False


def join(left: Any, right: Any) -> Any:
    """The value that is one of the two, depending on something unknown."""
    return left if same(left, right) else UNKNOWN
