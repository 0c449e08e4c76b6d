"""One template file, under the name that Django loads it by."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from djguide_analyzers.facts.ir import Node
from djguide_analyzers.facts.template_ir import Constant, Expression, Extends, Tag, TemplateFacts, walk
from djguide_analyzers.source.positions import Range

_JINJA_SUFFIXES = (".jinja", ".jinja2", ".j2")
_JINJA_TAGS = frozenset({"call", "from", "import", "macro", "raw", "set"})


@dataclass(frozen=True, slots=True, eq=False)
class TemplateSource:
    """A template as the file says now; an edit makes a new one.

    Attributes:
        name: The name it is loaded by, such as ``shop/list.html``.
        path: Absolute POSIX path. Whatever is concluded from the template rests on this file.
        origin: ``project`` for files of the workspace, ``environment`` for packages, ``bundled`` for the Django
            that comes with djguide.
        app: Package of the application whose folder holds it; None in a folder of ``DIRS``.
        certain: Whether this is the template that Django loads by the name. Otherwise its folder may not be
            searched, or one that is not known before it.
        judged: Whether the file is certainly meant for Django, so that its mistakes may be told.
    """

    name: str
    path: str
    origin: str
    app: str | None
    certain: bool
    judged: bool
    facts: TemplateFacts

    def range(self, node: Node | int) -> Range:
        """Where a node of this template (or the span of a number) stands in the file."""
        return self.facts.range_of(node if isinstance(node, int) else node.at)

    @property
    def extends(self) -> Extends | None:
        """Its ``{% extends %}``; Django allows one, before all other tags."""
        return next((node for node in self.facts.nodes if isinstance(node, Extends)), None)


def is_foreign_name(name: str) -> bool:
    """Whether a template's name says that it is written for another engine."""
    return name.lower().endswith(_JINJA_SUFFIXES)


def looks_foreign(facts: TemplateFacts) -> bool:
    """Whether a text that Django could not read in full uses tags as other engines have them."""
    return any(
        isinstance(node, Tag) and (node.name in _JINJA_TAGS or node.name.startswith(("-", "+")))
        for node in walk(facts.nodes)
    )


def static_name(expression: Expression) -> str | None:
    """The name that an expression spells out; None for anything that is only known at runtime."""
    base = expression.base
    if expression.filters or not isinstance(base, Constant) or base.translated:
        return None
    return base.value if isinstance(base.value, str) else None


def absolute_name(current: str, name: str) -> str | None:
    """`name` as written in the template called `current`: ``./`` and ``../`` start from its folder.

    None when it leads out of all folders.
    """
    if not name.startswith(("./", "../")):
        return name
    found = posixpath.normpath(posixpath.join(posixpath.dirname(current.lstrip("/")), name))
    return None if found.startswith("../") else found
