"""Modules from texts, without a disk: for the tests of symbol tables and of the resolver."""

from __future__ import annotations

from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.project.modules import Binding, ClassInfo, Module, Origin
from djguide_analyzers.project.resolve import External, Resolver, Symbol, ValueRef


def module(text: str, name: str = "app", *, package: bool = False, origin: Origin = "project") -> Module:
    """A module called `name` that says `text`."""
    path = f"/p/{name.replace('.', '/')}{'/__init__' if package else ''}.py"
    return Module(name, path, python_facts(text), origin)


class Modules:
    """A resolver over texts by dotted name; ``a.__init__`` is the package ``a``. Counts what is asked for."""

    def __init__(self, **texts: str) -> None:
        self.texts = {name.replace("__dot__", "."): text for name, text in texts.items()}
        self.asked: list[str] = []
        self.resolver = Resolver(self._find)

    @classmethod
    def of(cls, texts: dict[str, str]) -> Modules:
        return cls(**{name.replace(".", "__dot__"): text for name, text in texts.items()})

    def _find(self, dotted: str) -> Module | None:
        self.asked.append(dotted)
        package = f"{dotted}.__init__" in self.texts
        text = self.texts.get(f"{dotted}.__init__" if package else dotted)
        if text is None:
            has_members = any(name.startswith(f"{dotted}.") for name in self.texts)
            return module("", dotted, package=True) if has_members else None
        return module(text, dotted, package=package)

    def symbol(self, dotted: str) -> Symbol | None:
        return self.resolver.dotted(dotted)

    def cls(self, dotted: str) -> ClassInfo:
        found = self.symbol(dotted)
        assert isinstance(found, ClassInfo), f"{dotted} is {found}"
        return found

    def mro(self, dotted: str) -> list[str]:
        """Dotted names of the class's linearised bases, itself first."""
        return [base.dotted for base in self.resolver.mro(self.cls(dotted))]


def meaning(symbol: Symbol | None) -> str | None:
    """What a symbol is, in short: ``value a.b``, ``external a.b``, else its dotted name."""
    match symbol:
        case None:
            return None
        case External(dotted=dotted):
            return f"external {dotted}"
        case ValueRef():
            return f"value {symbol.dotted}"
        case _:
            return symbol.dotted


def kind(binding: Binding | None) -> str:
    return type(binding).__name__
