"""Everything that is known of one place in a Python text, found out as far as it is asked for."""

from __future__ import annotations

from functools import cached_property

from djguide_analyzers.assist.evaluation import Traced, find_class, receiver, traced
from djguide_analyzers.assist.scanning import Bracket, Spot, Surroundings, spot_at, surroundings
from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Module, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import Symbol
from djguide_analyzers.source.positions import LineIndex
from djguide_analyzers.trace.values import (
    AbstractValue,
    ClassValue,
    ManagerValue,
    QuerySetValue,
    Related,
)


class Scene:
    """One place in the text of `module`: `offset` in characters.

    `module` is as it was when the project was last linked; `index` is the text as it is now.
    """

    def __init__(self, project: Project, module: Module, index: LineIndex, offset: int) -> None:
        self.project = project
        self.module = module
        self.index = index
        position = index.position(offset)
        self.around: Surroundings = surroundings(index.text, *position)
        first = (
            self.around.definitions[-1].start if self.around.definitions else self._paragraph(position.line)
        )
        self.spot: Spot = spot_at(index.text, index.starts[first], offset)

    @property
    def text(self) -> str:
        return self.index.text

    @cached_property
    def traced(self) -> Traced | None:
        """The function or statement around the place, traced."""
        return traced(self.project, self.module, self.index, self.spot, self.around)

    @cached_property
    def cls(self) -> ClassInfo | None:
        """The innermost class around the place."""
        return find_class(self.module, self.around.owners)

    @property
    def in_class_body(self) -> bool:
        """Whether the place is in the body of a class, and in no function."""
        return bool(self.around.definitions) and self.around.function is None

    def receiver(self, bracket: Bracket) -> AbstractValue | None:
        """What the method that is called at `bracket` is a method of; None when it is no method."""
        if bracket.name is None or not self._follows_dot(bracket) or self.traced is None:
            return None
        return receiver(self.traced, self.index.position(bracket.name_end), bracket.name)

    def rows(self, bracket: Bracket) -> tuple[Model, frozenset[str], Related | None] | None:
        """Model and annotations of the queryset or manager whose method is called at `bracket`."""
        match self.receiver(bracket):
            case QuerySetValue(query=query):
                model = self.project.graph.get(query.model)
                return None if model is None else (model, query.annotations, None)
            case ManagerValue(model=label, related=related):
                model = self.project.graph.get(label)
                return None if model is None else (model, frozenset(), related)
            case ClassValue(cls=cls):
                model = self.project.graph.of_class(cls)
                return None if model is None else (model, frozenset(), None)
        return None

    def symbol(self, dotted: str | None) -> Symbol | None:
        """What a dotted name means in the class or at the top level of the module."""
        if not dotted:
            return None
        first, *rest = dotted.split(".")
        node: ir.Expr = ir.Name(0, first)
        for name in rest:
            node = ir.Attr(0, node, name)
        return self.project.resolver.expr(self.module, node, self.cls if self.in_class_body else None)

    def dotted(self, bracket: Bracket) -> str | None:
        """Dotted name of the function or class that is called at `bracket`; None when it is not known."""
        symbol = self.symbol(bracket.dotted)
        return symbol.dotted if symbol is not None else self._imported_here(bracket.dotted)

    def model_named(self, dotted: str | None) -> Model | None:
        """The model class that a dotted name means."""
        symbol = self.symbol(dotted)
        return self.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None

    def model_of(self, value: Value | None) -> Model | None:
        """The model that ``model = X`` or ``queryset = X.objects…`` of a class says."""
        node = value.expr if value is not None else None
        while isinstance(node, (ir.Call, ir.Attr)):
            if isinstance(node, ir.Attr) and value is not None:
                symbol = self.project.resolver.expr(value.code, node)
                if isinstance(symbol, ClassInfo):
                    return self.project.graph.of_class(symbol)
            node = node.func if isinstance(node, ir.Call) else node.value
        if node is None or value is None:
            return None
        symbol = self.project.resolver.expr(value.code, node)
        return self.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None

    def _imported_here(self, dotted: str | None) -> str | None:
        """What a name means that the function around the place imports."""
        if dotted is None or self.around.function is None or self.traced is None:
            return None
        first, _, rest = dotted.partition(".")
        for code, node in self.traced.nodes():
            if isinstance(node, ir.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) == first:
                        source = code.module.absolute(node.module, node.level)
                        symbol = self.project.resolver.dotted(f"{source}.{alias.name}") if source else None
                        return ".".join(filter(None, (symbol.dotted if symbol else None, rest))) or None
        return None

    def _follows_dot(self, bracket: Bracket) -> bool:
        before = self.text[: bracket.name_end - len(bracket.name or "")].rstrip()
        return before.endswith(".")

    def _paragraph(self, line: int) -> int:
        """The last line up to `line` on which a top-level statement starts."""
        lines = self.around.lines
        for number in range(min(line, len(lines) - 1), -1, -1):
            code = lines[number].code
            if lines[number].starts and not lines[number].indent and code[0] not in ")]}":
                return number
        return 0


def class_value(scene: Scene, cls: ClassInfo, name: str) -> Value | None:
    """The assignment of `name` in a class or the nearest of its bases that has one."""
    found = scene.project.resolver.class_attribute(cls, name)
    return found[1] if found is not None and isinstance(found[1], Value) else None
