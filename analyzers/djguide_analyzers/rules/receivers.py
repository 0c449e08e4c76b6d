"""Receivers of signals: who connects what, by decorator or by ``connect()``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.resolve import ModuleRef, Resolver, Symbol, ValueRef
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.model_classes import assigned

RECEIVER = "django.dispatch.dispatcher.receiver"
SIGNAL = "django.dispatch.dispatcher.Signal"
_SIGNALS = "django.db.models.signals"
_CONNECT = "connect"
Find = Callable[[Code, ir.Expr], Symbol | None]
POST_INIT = f"{_SIGNALS}.post_init"
PRE_SAVE, POST_SAVE = f"{_SIGNALS}.pre_save", f"{_SIGNALS}.post_save"


@dataclass(frozen=True, slots=True)
class Receiver:
    """One connection: `function` is called for `signal` (dotted name) of `sender`.

    `sender` is None for any sender and ``?`` for one that is not known. `node` in `code` connects them.
    """

    signal: str
    sender: ClassInfo | str | None
    function: FunctionInfo
    code: Code
    node: ir.Call

    def hears(self, model: Model) -> bool:
        """Whether it certainly is called for rows of `model`."""
        return self.sender is None or self.sender is model.cls

    @property
    def instance(self) -> str | None:
        """What the function calls the row: its ``instance`` parameter."""
        names = [param.name for param in self.function.node.params.items]
        return "instance" if "instance" in names else None


def receivers(file: FileContext) -> list[Receiver]:
    """The receivers that the project's own code connects, test code left out."""
    return file.everywhere(connected_in)


def receivers_of(file: FileContext) -> list[Receiver]:
    """The receivers that importing `file` connects: those decorated in it, and calls at its top level."""
    return [receiver for receiver in file.answer(connected_in) if receiver.code.body < 0]


def connected_in(file: FileContext) -> list[Receiver]:
    """The receivers that code of `file` connects."""
    return list(_connected_in(file))


def _connected_in(file: FileContext) -> Iterator[Receiver]:
    for found in file.of_functions(_of_function):
        yield from found
    for chunk in file.module.facts.chunks:
        yield from _connects(file, chunk.outline, Code(file.module, chunk), None)


def _of_function(file: FileContext, info: FunctionInfo) -> list[Receiver]:
    resolver, found = file.project.resolver, list[Receiver]()
    for node in info.node.decorators:
        if isinstance(node, ir.Call) and is_receiver(resolver, info.code, node, info.owner):
            found += _decorated(resolver, info, node)
    if info.may_mention(_CONNECT):
        found += _connects(file, info.statements, info.body_code, info)
    return found


def is_receiver(resolver: Resolver, code: Code, node: ir.Expr, owner: ClassInfo | None = None) -> bool:
    """Whether a decorator is Django's ``@receiver(...)``."""
    if not isinstance(node, ir.Call):
        return False
    symbol = resolver.expr(code, node.func, owner)
    return symbol is not None and symbol.dotted == RECEIVER


def _decorated(resolver: Resolver, info: FunctionInfo, node: ir.Call) -> Iterator[Receiver]:
    listed = node.args[0] if node.args else node.keyword("signal")
    signals = listed.items if isinstance(listed, ir.Display) else [listed]
    for signal in signals:
        symbol = resolver.expr(info.code, signal, info.owner) if signal is not None else None
        if symbol is not None:
            sender = _sender(resolver.expr, info.code, node.keyword("sender"))
            yield Receiver(symbol.dotted, sender, info, info.code, node)


def _connects(
    file: FileContext, block: list[ir.Stmt], code: Code, info: FunctionInfo | None
) -> Iterator[Receiver]:
    local = _Local(file.project.resolver, block, code) if info is not None else None
    for node in walk(block):
        if not (isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name == _CONNECT):
            continue
        find = local.expr if local is not None else file.project.resolver.expr
        signal = find(code, node.func.value)
        target = node.args[0] if node.args else node.keyword("receiver")
        function = find(code, target) if target is not None else None
        if isinstance(signal, ValueRef) and isinstance(function, FunctionInfo):
            given = node.args[1] if len(node.args) > 1 else node.keyword("sender")
            yield Receiver(signal.dotted, _sender(find, code, given), function, code, node)


class _Local:
    """Resolves names in a function that may import them itself."""

    def __init__(self, resolver: Resolver, block: list[ir.Stmt], code: Code) -> None:
        self._resolver = resolver
        self._imports: dict[str, Symbol | None] = {}
        for node in walk(block):
            if isinstance(node, ir.ImportFrom):
                source = code.module.absolute(node.module, node.level)
                module = resolver.module(source) if source is not None else None
                for alias in node.names:
                    found = resolver.attribute(ModuleRef(module), alias.name) if module is not None else None
                    self._imports[alias.asname or alias.name] = found
            elif isinstance(node, ir.Import):
                for alias in node.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    module = resolver.module(alias.name if alias.asname else bound)
                    self._imports[bound] = ModuleRef(module) if module is not None else None

    def expr(self, code: Code, node: ir.Expr) -> Symbol | None:
        if isinstance(node, ir.Name) and node.id in self._imports:
            return self._imports[node.id]
        if isinstance(node, ir.Attr):
            base = self.expr(code, node.value)
            return self._resolver.attribute(base, node.name) if base is not None else None
        return self._resolver.expr(code, node)


def _sender(find: Find, code: Code, node: ir.Expr | None) -> ClassInfo | str | None:
    if node is None or (isinstance(node, ir.Const) and node.value is None):
        return None
    symbol = find(code, node)
    return symbol if isinstance(symbol, ClassInfo) else "?"


def fills_before_save(file: FileContext, cls: ClassInfo, name: str) -> bool:
    """Whether a receiver of ``pre_save`` or ``post_init`` sets attribute `name` of rows of `cls`."""
    resolver = file.project.resolver
    for receiver in receivers(file):
        if receiver.signal not in (PRE_SAVE, POST_INIT) or receiver.instance is None:
            continue
        heard = not isinstance(receiver.sender, ClassInfo) or cls in resolver.mro(receiver.sender)
        if heard and not {name, f"{name}_id", "*"}.isdisjoint(assigned(receiver.function, receiver.instance)):
            return True
    return False
