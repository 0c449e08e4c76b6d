"""The intermediate form of Django templates: what a template says, as plain values.

A template is a tree of nodes; plain text is left out. Every node carries ``at``, the number of its span in the
template's span table, so two templates that say the same compare equal wherever their tags stand. The span of
a tag is the tag itself, from ``{%`` to ``%}``. A block tag's ``close`` is the number of its end tag's span, None
when the end tag is missing; what it encloses lies between the two.

``{% comment %}`` and what is in it leave no trace, and neither does what ``{% verbatim %}`` encloses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Union

from msgspec import Struct

from djguide_analyzers.facts.ir import Comment, Node, Problem
from djguide_analyzers.facts.spans import span
from djguide_analyzers.source.positions import Position, Range

# --- expressions -----------------------------------------------------------------------------------------


class Variable(Node, tag=1):
    """``order.user.name``, as its lookups; the span of the i-th lookup has the number ``at + 1 + i``.

    ``True``, ``False`` and ``None`` are variables too, as in Django, which puts them into every context. A
    lookup is empty where nothing stands between two dots or behind the last one, as while typing.
    """

    lookups: list[str]


class Constant(Node, tag=2):
    """A string or a number; `translated` for ``_("text")``. Integers beyond 64 bits have the value None."""

    value: str | int | float | None
    translated: bool


class Filter(Node, tag=3):
    """``|name:argument``; the span is that of the name alone."""

    name: str
    argument: Variable | Constant | None


class Expression(Node, tag=4):
    """A variable or constant and the filters applied to it, in order."""

    base: Variable | Constant
    filters: list[Filter]


class Name(Node, tag=5):
    """A name that is written down as itself, not looked up: a loop variable, a block's name, a library."""

    id: str


class Binding(Node, tag=6):
    """``name=value``, or ``value as name``; the span is that of the name alone."""

    name: str
    value: Expression


class Operator(Node, tag=7):
    """``and``, ``or``, ``not``, ``in``, ``not in``, ``is``, ``is not`` or a comparison, in a condition."""

    op: str


class Condition(Node, tag=8):
    """The condition of ``if``: operands and operators as written, well formed by Django's rules.

    Empty where the condition could not be read.
    """

    terms: list[Expression | Operator]


# --- nodes without a body --------------------------------------------------------------------------------


class Output(Node, tag=20):
    """``{{ value }}``, and where it stands in the HTML.

    `html` is ``text``, ``tag`` (inside ``<...>``, outside of values), ``quoted`` or ``unquoted`` (an attribute's
    value), ``script`` or ``style`` (inside such an element) or ``comment``. It comes from reading the text from
    top to bottom as if all branches were taken.
    """

    value: Expression
    html: str


class Include(Node, tag=21):
    template: Expression
    bindings: list[Binding]
    only: bool


class Extends(Node, tag=22):
    template: Expression


class Load(Node, tag=23):
    """``{% load libraries %}``, or ``{% load names from library %}`` with that one library."""

    libraries: list[Name]
    names: list[Name]


class Url(Node, tag=24):
    view: Expression
    args: list[Expression]
    kwargs: list[Binding]
    as_var: Name | None


class Regroup(Node, tag=25):
    """``{% regroup target by key as var %}``; the variable of `key` is looked up on each item."""

    target: Expression
    key: Expression
    as_var: Name


class Cycle(Node, tag=26):
    """``{% cycle values as name silent %}``; without values it goes on with the cycle of that name."""

    values: list[Expression]
    name: Name | None
    silent: bool


class Firstof(Node, tag=27):
    values: list[Expression]
    as_var: Name | None


class CsrfToken(Node, tag=28):
    pass


class Now(Node, tag=29):
    """``{% now "format" as var %}``; the format without its quotes."""

    format: str
    as_var: Name | None


class Lorem(Node, tag=30):
    """``{% lorem count method random %}``; the method is ``w``, ``p`` or ``b``."""

    count: Expression | None
    method: str
    random: bool


class Widthratio(Node, tag=31):
    value: Expression
    max_value: Expression
    max_width: Expression
    as_var: Name | None


class Translate(Node, tag=32):
    """``{% translate message noop context "..." as var %}``, also by its old name ``trans``."""

    message: Expression
    noop: bool
    context: Expression | None
    as_var: Name | None


# --- nodes with a body -----------------------------------------------------------------------------------


class For(Node, tag=50):
    """``{% for targets in iter %}``; `empty` is None without ``{% empty %}``."""

    close: int | None
    targets: list[Name]
    iter: Expression
    reversed: bool
    body: list[TemplateNode]
    empty: list[TemplateNode] | None


class Branch(Node, tag=51):
    """``{% if %}``, ``{% elif %}`` or ``{% else %}``, which has no condition; the span is that tag's."""

    condition: Condition | None
    body: list[TemplateNode]


class If(Node, tag=52):
    close: int | None
    branches: list[Branch]


class With(Node, tag=53):
    close: int | None
    bindings: list[Binding]
    body: list[TemplateNode]


class Block(Node, tag=54):
    close: int | None
    name: Name
    body: list[TemplateNode]


class Ifchanged(Node, tag=55):
    """``{% ifchanged values %}``; without values it compares what its body renders."""

    close: int | None
    values: list[Expression]
    body: list[TemplateNode]
    orelse: list[TemplateNode] | None


class FilterBlock(Node, tag=56):
    close: int | None
    filters: list[Filter]
    body: list[TemplateNode]


class Autoescape(Node, tag=57):
    close: int | None
    on: bool
    body: list[TemplateNode]


class Spaceless(Node, tag=58):
    close: int | None
    body: list[TemplateNode]


class Verbatim(Node, tag=59):
    close: int | None


class BlockTranslate(Node, tag=60):
    """``{% blocktranslate with bindings count name=value %}``, also by its old name ``blocktrans``.

    The outputs in `body` and `plural` (None without ``{% plural %}``) are names of the context, looked up as a
    whole: Django follows neither dots nor filters there.
    """

    close: int | None
    bindings: list[Binding]
    count: Binding | None
    context: Expression | None
    trimmed: bool
    as_var: Name | None
    body: list[TemplateNode]
    plural: list[TemplateNode] | None


class Cache(Node, tag=61):
    """``{% cache timeout name vary_on using=... %}``."""

    close: int | None
    timeout: Expression
    name: str
    vary_on: list[Expression]
    using: Expression | None
    body: list[TemplateNode]


class Tag(Node, tag=62):
    """A tag that Django does not define, or one of Django's that has no class here or could not be read.

    `bits` are its arguments as written. `args`, `kwargs` and `as_var` are those of them that read as an
    expression, as ``name=expression`` and as a final ``as name``. `body` is None unless a matching
    ``end<name>`` follows; what divides it (``{% else %}``) is a tag in it.
    """

    close: int | None
    name: str
    bits: list[str]
    args: list[Expression]
    kwargs: list[Binding]
    as_var: Name | None
    body: list[TemplateNode] | None


BlockNode = Union[
    For, If, With, Block, Ifchanged, FilterBlock, Autoescape, Spaceless, Verbatim, BlockTranslate, Cache, Tag
]  # fmt: skip
InlineNode = Union[
    Output, Include, Extends, Load, Url, Regroup, Cycle, Firstof, CsrfToken, Now, Lorem, Widthratio, Translate
]  # fmt: skip
TemplateNode = Union[InlineNode, BlockNode]


# --- containers ------------------------------------------------------------------------------------------


class Form(Node, tag=80):
    """A ``<form>`` element; `at` is the span of its start tag, `close` that of its end tag, if it has one.

    Attributes are as written, template tags included; None when missing, empty when without a value. Of two
    values (in two branches, say) the first counts. `csrf` says whether ``{% csrf_token %}`` or an output of
    the variable ``csrf_token`` stands inside, in this file.
    """

    close: int | None
    method: str | None
    action: str | None
    enctype: str | None
    csrf: bool


class TemplateFacts(Struct, array_like=True, gc=False):
    """What one template says. A comment's text is the whole ``{# ... #}``."""

    nodes: list[TemplateNode]
    spans: bytes
    forms: list[Form]
    comments: list[Comment]
    problems: list[Problem]

    def range_of(self, at: int) -> Range:
        """Where the node with the number `at` stands.

        Raises:
            IndexError: there is no such number.
        """
        line, column, end_line, end_column = span(self.spans, at)
        return Range(Position(line, column), Position(end_line, end_column))


def bodies(node: TemplateNode) -> list[list[TemplateNode]]:
    """The lists of nodes directly inside `node`, in the order of the text."""
    match node:
        case For():
            found = [node.body, node.empty]
        case If():
            found = [branch.body for branch in node.branches]
        case Ifchanged():
            found = [node.body, node.orelse]
        case BlockTranslate():
            found = [node.body, node.plural]
        case With() | Block() | FilterBlock() | Autoescape() | Spaceless() | Cache() | Tag():
            found = [node.body]
        case _:
            found = []
    return [body for body in found if body is not None]


def walk(nodes: Iterable[TemplateNode]) -> Iterator[TemplateNode]:
    """All of `nodes` and what is inside them, in the order of the text."""
    for node in nodes:
        yield node
        for body in bodies(node):
            yield from walk(body)
