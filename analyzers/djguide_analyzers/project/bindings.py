"""What a name is bound to besides classes and functions: imports and assignments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from djguide_analyzers.facts import ir

if TYPE_CHECKING:
    from djguide_analyzers.project.modules import Code


@dataclass(slots=True, eq=False)
class ImportedModule:
    """``import a.b [as c]``: binds module `dotted`."""

    dotted: str
    code: Code
    at: int
    fallback: bool = False


@dataclass(slots=True, eq=False)
class ImportedName:
    """``from module import name``."""

    module: str
    name: str
    code: Code
    at: int
    fallback: bool = False


@dataclass(slots=True, eq=False)
class Value:
    """``name = expr``; `annotation` for annotated ones. `expr` None: bound in a way nobody follows."""

    expr: ir.Expr | None
    code: Code
    at: int
    annotation: ir.Expr | None = None
    fallback: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether it is only an annotation, ``name: T``, which binds nothing."""
        return self.expr is None and self.annotation is not None
