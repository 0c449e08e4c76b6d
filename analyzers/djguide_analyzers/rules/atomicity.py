"""Where a function runs inside a transaction, as far as it tells by itself.

Followed are ``atomic`` as a decorator and in ``with``, an ``ExitStack``, ``method_decorator``, and the project's
own decorators and context managers that enter ``atomic`` in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import External
from djguide_analyzers.rules.bodies import Body, functions_of
from djguide_analyzers.rules.model_classes import is_name
from djguide_analyzers.rules.remembered import Remembered

ATOMIC = "django.db.transaction.atomic"
_ATOMIC_CLASS = "django.db.transaction.Atomic"
_METHOD_DECORATOR = "django.utils.decorators.method_decorator"
_MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
_HINTS = ("atomic", "transaction", "unit_of_work", "commit", "savepoint")
"""Words in the names of what cannot be read that make it likely to open a transaction."""
_REVISIONS = frozenset(
    {"reversion.create_revision", "reversion.revisions.create_revision", "reversion.views.create_revision"}
)
"""``create_revision()`` of django-reversion, a decorator and context manager, is atomic unless told otherwise."""
_MAX_DEPTH = 4
COMPUTED = "?"


@dataclass(frozen=True, slots=True)
class Atomic:
    """A transaction or savepoint that is opened at `node` (a decorator, or what a ``with`` enters) of `code`.

    `using` is the alias of the database: None for the default one, ``?`` for one that is computed. `certain` is
    False where just the name suggests it. `block` is the statement whose body it covers; None for a function.
    `rolled_back` is True for one that never commits.
    """

    code: Code
    node: ir.Node
    using: str | None = None
    certain: bool = True
    block: ir.With | None = None
    durable: bool = False
    rolled_back: bool = False

    def protects(self, using: str | None) -> bool:
        """Whether it covers what happens on the database with this alias."""
        return COMPUTED in (using, self.using) or (self.using or "default") == (using or "default")


class Regions:
    """The transactions open at each node of one function."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self._where: dict[int, tuple[Atomic, ...] | None] = {}
        self._visit(body.statements, self.decorators)

    @cached_property
    def decorators(self) -> tuple[Atomic, ...]:
        """What the function as a whole runs in, the outermost first."""
        found = decorating(self.body.project, self.body.info)
        return tuple(found)

    def at(self, node: ir.Node | int) -> tuple[Atomic, ...]:
        """The transactions open when `node` runs, the outermost first; nothing is known inside a lambda."""
        return self._where.get(node if isinstance(node, int) else node.at) or ()

    def is_deferred(self, node: ir.Node | int) -> bool:
        """Whether `node` stands in a lambda, which runs nobody knows when."""
        return self._where.get(node if isinstance(node, int) else node.at, ()) is None

    @cached_property
    def blocks(self) -> list[Atomic]:
        """The transactions opened by ``with`` in this function."""
        found: dict[int, Atomic] = {}
        for open_here in self._where.values():
            for atomic in open_here or ():
                if atomic.block is not None:
                    found.setdefault(atomic.node.at, atomic)
        return list(found.values())

    def _visit(self, block: list[ir.Stmt], now: tuple[Atomic, ...]) -> None:
        for node in block:
            if isinstance(node, ir.With):
                self._with(node, now)
                continue
            self._where[node.at] = now
            for name in ("body", "orelse", "final"):
                inner = getattr(node, name, None)
                if isinstance(inner, list) and not isinstance(node, ir.FunctionDef):
                    self._visit(inner, now)
            for part in [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]:
                self._visit(part.body, now)
            self._mark(node, now)
            entered = self._entered(node)
            if entered is not None:
                now = (*now, entered)

    def _with(self, node: ir.With, now: tuple[Atomic, ...]) -> None:
        self._where[node.at] = now
        for item in node.items:
            self._mark(item.context, now)
            opened = opened_by(self.body, item.context)
            if opened is not None:
                now = (*now, replace(opened, block=node))
        self._visit(node.body, now)

    def _mark(self, node: ir.Node, now: tuple[Atomic, ...]) -> None:
        """Note `now` for what is not noted yet: the expressions of a statement."""
        for part in walk(node):
            self._where.setdefault(part.at, now)
            if isinstance(part, ir.Lambda):
                for inner in walk(part.body):
                    self._where[inner.at] = None

    def _entered(self, node: ir.Stmt) -> Atomic | None:
        """The transaction that a statement leaves open behind it: ``stack.enter_context(atomic())``."""
        for part in walk(node):
            match part:
                case ir.Call(func=ir.Attr(name="enter_context" | "enter_async_context"), args=[entered, *_]):
                    opened = opened_by(self.body, entered)
                    if opened is not None:
                        return opened if isinstance(node, (ir.ExprStmt, ir.Assign)) else _maybe(opened)
                case _:
                    pass
        return None


def regions_of(project: Project, info: FunctionInfo) -> Regions:
    """The transactions that `info` opens itself."""
    known: Remembered[Regions] = project.shared(Regions, Remembered)
    return known.get(info.body_code, lambda: Regions(Body(project, info)))


def _maybe(opened: Atomic) -> Atomic:
    return replace(opened, certain=False)


def opened_by(body: Body, node: ir.Expr, depth: int = 0) -> Atomic | None:
    """The transaction that entering `node` with ``with`` opens; None when it opens none."""
    if body.depth + depth > _MAX_DEPTH:
        return None
    match node:
        case ir.Call():
            return _opened_by_call(body, node, depth)
        case ir.IfExp(body=one, orelse=other):
            sides = [opened_by(body, side, depth + 1) for side in (one, other)]
            opened = sides[0] or sides[1]
            return opened if opened is None or all(sides) else _maybe(opened)
        case ir.Name(id=name):
            value = body.names.value(name)
            return opened_by(body, value[0], depth + 1) if value and value[1] == body.code else None
        case ir.Attr(name=name):
            return Atomic(body.code, node, COMPUTED, certain=False) if _hints(name) else None
        case _:
            return None


def _opened_by_call(body: Body, node: ir.Call, depth: int) -> Atomic | None:
    info = body.function(node.func)
    dotted = info.dotted if info is not None else body.dotted(node.func)
    if dotted == ATOMIC:
        durable = node.keyword("durable")
        certain = isinstance(durable, ir.Const) and durable.value is True
        return Atomic(body.code, node, alias_of(node), durable=certain)
    if dotted in _REVISIONS:
        return _of_revision(body.code, node)
    symbol = body.names.symbol(body.code, node.func)
    if isinstance(symbol, ClassInfo):
        return _of_class(body, node, symbol)
    if info is not None and info.module.origin == "project":
        inner = _managed(body.project, info, body.depth + depth + 1)
        return replace(inner, code=body.code, node=node, block=None) if inner is not None else None
    if _hints((dotted or _last_name(node.func)).rpartition(".")[2]):
        return Atomic(body.code, node, COMPUTED, certain=False)
    return None


def _of_revision(code: Code, node: ir.Call) -> Atomic | None:
    asked = node.keyword("atomic") or (node.args[2] if len(node.args) > 2 else None)
    if asked is None or (isinstance(asked, ir.Const) and asked.value is True):
        return Atomic(code, node)
    return None if isinstance(asked, ir.Const) else Atomic(code, node, certain=False)


def _of_class(body: Body, node: ir.Call, cls: ClassInfo) -> Atomic | None:
    """The same for an instance of a class that is a context manager."""
    if body.project.resolver.is_subclass(cls, _ATOMIC_CLASS):
        return Atomic(body.code, node, alias_of(node))
    enter = body.project.resolver.class_attribute(cls, "__enter__")
    if enter is None or not isinstance(enter[1], FunctionInfo):
        return Atomic(body.code, node, COMPUTED, certain=False) if _hints(cls.name) else None
    methods = [m for m in cls.methods() if m.name in ("__init__", "__enter__", "__call__")]
    mentioned = any(
        Body(body.project, info).dotted(call.func) == ATOMIC
        for info in methods
        for call in Body(body.project, info).calls
    )
    return Atomic(body.code, node, COMPUTED, certain=False) if mentioned or _hints(cls.name) else None


def _managed(project: Project, info: FunctionInfo, depth: int) -> Atomic | None:
    """The transaction in which the body of a ``with`` over ``info()`` runs."""
    inner = Body(project, info, depth)
    if any(_name(project, info, d) in _MANAGERS for d in info.node.decorators):
        yields = [node for node in inner.nodes.values() if isinstance(node, ir.Yield)]
        regions = Regions(inner)
        opened = [regions.at(node) for node in yields]
        found = next((atomics[0] for atomics in opened if atomics), None)
        if found is not None and any(_rolls_back(regions, node) for node in inner.nodes.values()):
            found = replace(found, rolled_back=True)
        return found if found is None or all(opened) else _maybe(found)
    returned = [n.value for n in inner.nodes.values() if isinstance(n, ir.Return) and n.value is not None]
    found_all = [opened_by(inner, value) for value in returned]
    found = next((atomic for atomic in found_all if atomic is not None), None)
    return found if found is None or all(found_all) else _maybe(found)


def _rolls_back(regions: Regions, node: ir.Node) -> bool:
    """Whether a statement of a context manager ends the transaction it opened without a commit."""
    match node:
        case ir.With(body=body):
            number = next((n for n, each in enumerate(body) if _yields(each)), len(body))
            return bool(regions.at(body[0])) and any(
                isinstance(each, ir.Raise) for each in body[number + 1 :]
            )
        case ir.Call(args=[ir.Const(value=True)]):
            return _last_name(node.func) == "set_rollback" and bool(regions.at(node))
        case _:
            return False


def _yields(node: ir.Stmt) -> bool:
    return any(isinstance(part, ir.Yield) for part in walk(node))


def alias_of(call: ir.Call) -> str | None:
    """The alias given to ``atomic``: None for the default database."""
    using = call.args[0] if call.args else call.keyword("using")
    if using is None:
        return COMPUTED if any(keyword.name is None for keyword in call.keywords) else None
    if isinstance(using, ir.Const):
        return using.value if isinstance(using.value, str) and using.value != "default" else None
    return COMPUTED


# --- decorators ------------------------------------------------------------------------------------------


def decorating(project: Project, info: FunctionInfo) -> Iterator[Atomic]:
    """The transactions in which the decorators of a function, or of its class, make it run."""
    if info.owner is not None:
        yield from _by_class(project, info.owner, info.name)
    for node in info.node.decorators:
        opened = decorates(project, info.code, node, info.owner)
        if opened is not None:
            yield opened


def _by_class(project: Project, cls: ClassInfo, name: str) -> Iterator[Atomic]:
    """``@method_decorator(atomic, name=...)``, and a ``dispatch()`` that is atomic and calls all handlers."""
    for base in project.resolver.mro(cls):
        if isinstance(base, External) and _hints(base.dotted.rpartition(".")[2]):
            yield Atomic(cls.code, cls.node, COMPUTED, certain=False)
        if not isinstance(base, ClassInfo) or base.module.origin != "project":
            continue
        for node in base.node.decorators:
            if not isinstance(node, ir.Call) or _name_of(project, base.code, node.func) != _METHOD_DECORATOR:
                continue
            given = node.keyword("name") or (node.args[1] if len(node.args) > 1 else None)
            target = given.value if isinstance(given, ir.Const) else None
            opened = decorates(project, base.code, node, None)
            if opened is not None and target == name:
                yield opened
            elif opened is not None and target == "dispatch":
                yield _maybe(opened)
        dispatch = base.member("dispatch")
        if name != "dispatch" and isinstance(dispatch, FunctionInfo):
            for node in dispatch.node.decorators:
                opened = decorates(project, base.code, node, base)
                if opened is not None:
                    yield _maybe(opened)


def decorates(project: Project, code: Code, node: ir.Expr, owner: ClassInfo | None) -> Atomic | None:
    """The transaction in which a decorator runs what it decorates."""
    target = node.func if isinstance(node, ir.Call) else node
    symbol = project.resolver.expr(code, target, owner)
    dotted = symbol.dotted if symbol is not None else None
    if dotted == ATOMIC:
        return Atomic(
            code, node, alias_of(node) if isinstance(node, ir.Call) and node.func is target else None
        )
    if dotted in _REVISIONS and isinstance(node, ir.Call):
        return _of_revision(code, node)
    if dotted == _METHOD_DECORATOR and isinstance(node, ir.Call) and node.args:
        listed = node.args[0].items if isinstance(node.args[0], ir.Display) else [node.args[0]]
        found = (decorates(project, code, each, owner) for each in listed)
        inner = next((atomic for atomic in found if atomic is not None), None)
        return replace(inner, node=node) if inner is not None else None
    if isinstance(symbol, FunctionInfo):
        if symbol.module.origin != "project":
            return None
        inner = _managed(project, symbol, 1) or _wrapping(project, symbol)
        return replace(inner, code=code, node=node, block=None) if inner is not None else None
    if symbol is None or isinstance(symbol, External):
        return Atomic(code, node, COMPUTED, certain=False) if _hints(_last_name(target)) else None
    return None


def _wrapping(project: Project, info: FunctionInfo) -> Atomic | None:
    """The transaction in which a decorator of the project calls the function it is given."""
    given = {param.name for param in info.node.params.items}
    for inner in functions_of(info):
        body = Body(project, inner, 1)
        given |= {param.name for param in inner.node.params.items} if inner is not info else set()
        regions = Regions(body)
        for call in body.calls:
            if any(is_name(call.func, name) for name in given) and regions.at(call):
                return regions.at(call)[0]
            if body.dotted(call.func) == ATOMIC and any(
                is_name(arg, name) for arg in call.args for name in given
            ):
                return Atomic(body.code, call)
    return None


def _name(project: Project, info: FunctionInfo, node: ir.Expr) -> str | None:
    return _name_of(project, info.code, node.func if isinstance(node, ir.Call) else node)


def _name_of(project: Project, code: Code, node: ir.Expr) -> str | None:
    symbol = project.resolver.expr(code, node)
    return symbol.dotted if symbol is not None else None


def _last_name(node: ir.Expr) -> str:
    if isinstance(node, ir.Call):
        return _last_name(node.func)
    return node.id if isinstance(node, ir.Name) else node.name if isinstance(node, ir.Attr) else ""


def _hints(name: str) -> bool:
    """Whether a name says that a transaction is opened; ``on_commit`` and ``non_atomic_requests`` say otherwise."""
    lowered = name.lower()
    return any(word in lowered for word in _HINTS) and not lowered.startswith(
        ("on_commit", "non_atomic", "no_")
    )
