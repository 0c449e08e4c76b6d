"""Templates as code: sites in them, and frames that execute them."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.ir import Node
from djguide_analyzers.facts.template_ir import Block, Variable
from djguide_analyzers.project.modules import Code, Module
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.values import AbstractValue


class TemplateCode(Code):
    """A template's table of nodes."""

    __slots__ = ("source",)

    def __init__(self, source: TemplateSource) -> None:
        origin = "project" if source.origin == "project" else "environment"
        module = Module(source.name, source.path, ir.PyFacts([], [], []), origin)
        super().__init__(module, ir.Chunk(0, 0, [], b"", []))
        self.source = source

    def range(self, node: Node | int) -> Range:
        return self.source.range(node)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TemplateCode) and self.source is other.source

    def __hash__(self) -> int:
        return hash(id(self.source))


Context = dict[str, AbstractValue]
"""Variables of a template by name."""

Blocks = dict[str, list[tuple[TemplateSource, Block]]]


class TemplateFrame(Frame):
    """A template being rendered: its variables are the context.

    Attributes:
        source: The template whose nodes run.
        blocks: What the templates of the chain put into each block, the most derived first.
        block: Name of the block that runs, and the position of the running override in `blocks`.
        depth: Templates that are rendered around this one.
    """

    def __init__(self, caller: Frame, source: TemplateSource, context: Context) -> None:
        code = (
            caller.code
            if isinstance(caller, TemplateFrame) and caller.source is source
            else TemplateCode(source)
        )
        super().__init__(
            caller.run,
            code,
            function=caller.function,
            loops=caller.loops,
            stack=caller.stack,
            transactions=caller.transactions,
        )
        self.memoised = caller.memoised
        self.source = source
        self.env = context
        self.varying = dict(caller.varying) if isinstance(caller, TemplateFrame) else {}
        self.blocks: Blocks = caller.blocks if isinstance(caller, TemplateFrame) else {}
        self.depth = caller.depth if isinstance(caller, TemplateFrame) else 0
        self.block: tuple[str, int] | None = caller.block if isinstance(caller, TemplateFrame) else None

    def varies(self, node: Node) -> int:
        if not self.loops:
            return 0
        base = getattr(node, "base", node)
        if isinstance(base, Variable) and base.lookups:
            return min(self.varying.get(base.lookups[0], 0), len(self.loops))
        return 0
