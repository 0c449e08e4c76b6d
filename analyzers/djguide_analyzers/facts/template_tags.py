"""Django's own template tags: their arguments to nodes, one function a tag.

`INLINE` and `BLOCKS` are by the tag's name. A function gets the tag and returns its node, block tags with empty
bodies; it raises `UnreadableTag` where Django's own parser of that tag would refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from djguide_analyzers.facts import template_ir as ir
from djguide_analyzers.facts.template_syntax import Bit, Reader, UnreadableTag


class RawTag(NamedTuple):
    """A ``{% name bits %}`` and where it stands."""

    name: str
    bits: Sequence[Bit]
    start: int
    end: int

    def error(self, message: str) -> UnreadableTag:
        return UnreadableTag(message, self.start)

    def take(self, count: int) -> Sequence[Bit]:
        """The words, when there are exactly `count`."""
        if len(self.bits) != count:
            raise self.error(f"'{self.name}' takes {count} argument{'s' if count != 1 else ''}")
        return self.bits


ReadInline = Callable[[Reader, RawTag], ir.InlineNode]
ReadBlock = Callable[[Reader, RawTag], ir.BlockNode]


# --- tags without a body ---------------------------------------------------------------------------------


def _include(reader: Reader, tag: RawTag) -> ir.Include:
    if not tag.bits:
        raise tag.error("'include' needs the name of a template")
    at = reader.mark(tag.start, tag.end)
    template = reader.expression(tag.bits[0])
    bindings: list[ir.Binding] = []
    seen: set[str] = set()
    rest = tag.bits[1:]
    while rest:
        option, rest = _option(tag, rest, seen)
        if option.text == "with":
            bindings, rest = reader.bindings(rest, legacy=False)
            if not bindings:
                raise tag.error("'with' in 'include' needs at least one name=value")
        elif option.text != "only":
            raise UnreadableTag(f"Unknown argument for 'include': '{option.text}'", option.start)
    return ir.Include(at, template, bindings, "only" in seen)


def _option(tag: RawTag, bits: Sequence[Bit], seen: set[str]) -> tuple[Bit, Sequence[Bit]]:
    """The first word, an option that must not be repeated, and the words behind it."""
    option = bits[0]
    if option.text in seen:
        raise UnreadableTag(f"'{option.text}' is given more than once in '{tag.name}'", option.start)
    seen.add(option.text)
    return option, bits[1:]


def _argument(tag: RawTag, option: Bit, bits: Sequence[Bit]) -> Bit:
    if not bits:
        raise UnreadableTag(f"'{option.text}' in '{tag.name}' needs an argument", option.start)
    return bits[0]


def _extends(reader: Reader, tag: RawTag) -> ir.Extends:
    (template,) = tag.take(1)
    return ir.Extends(reader.mark(tag.start, tag.end), reader.expression(template))


def _load(reader: Reader, tag: RawTag) -> ir.Load:
    at = reader.mark(tag.start, tag.end)
    if len(tag.bits) >= 3 and tag.bits[-2].text == "from":
        names = [reader.name(bit) for bit in tag.bits[:-2]]
        return ir.Load(at, [reader.name(tag.bits[-1])], names)
    return ir.Load(at, [reader.name(bit) for bit in tag.bits], [])


def _url(reader: Reader, tag: RawTag) -> ir.Url:
    if not tag.bits:
        raise tag.error("'url' needs the name of a URL pattern")
    at = reader.mark(tag.start, tag.end)
    view = reader.expression(tag.bits[0])
    rest, as_var = reader.as_var(tag.bits[1:])
    args, kwargs = reader.arguments(rest)
    return ir.Url(at, view, args, kwargs, as_var)


def _regroup(reader: Reader, tag: RawTag) -> ir.Regroup:
    target, by, key, as_, name = tag.take(5)
    if by.text != "by" or as_.text != "as":
        raise tag.error("'regroup' has the form 'regroup items by attribute as name'")
    at = reader.mark(tag.start, tag.end)
    items, attribute = reader.expression(target), reader.expression(key, of_item=True)
    if not isinstance(attribute.base, ir.Variable):
        raise UnreadableTag("'regroup' needs an attribute behind 'by'", key.start)
    return ir.Regroup(at, items, attribute, reader.name(name))


def _cycle(reader: Reader, tag: RawTag) -> ir.Cycle:
    bits = tag.bits
    if not bits:
        raise tag.error("'cycle' needs at least one argument")
    at = reader.mark(tag.start, tag.end)
    if len(bits) == 1:
        return ir.Cycle(at, [], reader.name(bits[0]), silent=False)
    name = None
    silent = False
    if len(bits) > 3:  # Django's own threshold: with fewer words, "as" is a value
        if bits[-3].text == "as":
            if bits[-1].text != "silent":
                raise UnreadableTag("Only 'silent' may follow the name in 'cycle'", bits[-1].start)
            silent = True
            bits = bits[:-1]
        if bits[-2].text == "as":
            name = reader.name(bits[-1])
            bits = bits[:-2]
    return ir.Cycle(at, reader.expressions(bits), name, silent)


def _firstof(reader: Reader, tag: RawTag) -> ir.Firstof:
    if not tag.bits:
        raise tag.error("'firstof' needs at least one argument")
    at = reader.mark(tag.start, tag.end)
    values, as_var = reader.as_var(tag.bits)
    return ir.Firstof(at, reader.expressions(values), as_var)


def _csrf_token(reader: Reader, tag: RawTag) -> ir.CsrfToken:
    return ir.CsrfToken(reader.mark(tag.start, tag.end))


def _now(reader: Reader, tag: RawTag) -> ir.Now:
    at = reader.mark(tag.start, tag.end)
    bits, as_var = reader.as_var(tag.bits) if len(tag.bits) == 3 else (tag.bits, None)
    if len(bits) != 1:
        raise tag.error("'now' takes one argument")
    return ir.Now(at, bits[0].text[1:-1], as_var)


def _lorem(reader: Reader, tag: RawTag) -> ir.Lorem:
    at = reader.mark(tag.start, tag.end)
    bits = list(tag.bits)
    random = bool(bits) and bits[-1].text == "random"
    if random:
        bits.pop()
    method = bits.pop().text if bits and bits[-1].text in ("w", "p", "b") else "b"
    count = reader.expression(bits.pop()) if bits else None
    if bits:
        raise tag.error("'lorem' has the form 'lorem count method random'")
    return ir.Lorem(at, count, method, random)


def _widthratio(reader: Reader, tag: RawTag) -> ir.Widthratio:
    at = reader.mark(tag.start, tag.end)
    bits, as_var = reader.as_var(tag.bits) if len(tag.bits) == 5 else (tag.bits, None)
    if len(bits) != 3:
        raise tag.error("'widthratio' takes three arguments")
    value, max_value, max_width = reader.expressions(bits)
    return ir.Widthratio(at, value, max_value, max_width, as_var)


def _translate(reader: Reader, tag: RawTag) -> ir.Translate:
    if not tag.bits:
        raise tag.error(f"'{tag.name}' needs at least one argument")
    at = reader.mark(tag.start, tag.end)
    message = reader.expression(tag.bits[0])
    context: ir.Expression | None = None
    as_var: ir.Name | None = None
    seen: set[str] = set()
    rest = tag.bits[1:]
    while rest:
        option, rest = _option(tag, rest, seen)
        if option.text == "noop":
            continue
        if option.text not in ("context", "as"):
            raise UnreadableTag(f"Unknown argument for '{tag.name}': '{option.text}'", option.start)
        value = _argument(tag, option, rest)
        rest = rest[1:]
        if option.text == "as":
            as_var = reader.name(value)
        elif value.text in ("as", "noop"):
            raise UnreadableTag(f"'context' in '{tag.name}' needs an argument", option.start)
        else:
            context = reader.expression(value)
    return ir.Translate(at, message, "noop" in seen, context, as_var)


# --- tags with a body ------------------------------------------------------------------------------------


def _for(reader: Reader, tag: RawTag) -> ir.For:
    bits = tag.bits
    if len(bits) < 3:
        raise tag.error("'for' has the form 'for item in items'")
    is_reversed = bits[-1].text == "reversed"
    if is_reversed:
        bits = bits[:-1]
    if len(bits) < 3 or bits[-2].text != "in":
        raise tag.error("'for' has the form 'for item in items'")
    at = reader.mark(tag.start, tag.end)
    targets: list[ir.Name] = []
    start = bits[0].start
    for part in reader.text[start : bits[-3].end].split(","):
        name = part.strip()
        begin = start + len(part) - len(part.lstrip())
        if not name or any(char.isspace() or char in "\"'|" for char in name):
            raise UnreadableTag(f"'for' can't assign to '{name}'", start)
        targets.append(reader.name(Bit(name, begin, begin + len(name))))
        start += len(part) + 1
    return ir.For(at, None, targets, reader.expression(bits[-1]), is_reversed, [], None)


def _with(reader: Reader, tag: RawTag) -> ir.With:
    at = reader.mark(tag.start, tag.end)
    bindings, rest = reader.bindings(tag.bits, legacy=True)
    if rest:
        raise UnreadableTag(f"'with' can't read '{rest[0].text}'", rest[0].start)
    if not bindings:
        raise tag.error("'with' needs at least one name=value")
    return ir.With(at, None, bindings, [])


def _block(reader: Reader, tag: RawTag) -> ir.Block:
    (name,) = tag.take(1)
    return ir.Block(reader.mark(tag.start, tag.end), None, reader.name(name), [])


def _ifchanged(reader: Reader, tag: RawTag) -> ir.Ifchanged:
    return ir.Ifchanged(reader.mark(tag.start, tag.end), None, reader.expressions(tag.bits), [], None)


def _filter(reader: Reader, tag: RawTag) -> ir.FilterBlock:
    if not tag.bits:
        raise tag.error("'filter' needs at least one filter")
    at = reader.mark(tag.start, tag.end)
    start, end = tag.bits[0].start, tag.bits[-1].end
    filters = reader.filters(reader.text[start:end], start)
    for used in filters:
        if used.name in ("escape", "safe"):
            raise tag.error(f"'filter {used.name}' is not permitted, use 'autoescape'")
    return ir.FilterBlock(at, None, filters, [])


def _autoescape(reader: Reader, tag: RawTag) -> ir.Autoescape:
    (setting,) = tag.take(1)
    if setting.text not in ("on", "off"):
        raise UnreadableTag("'autoescape' takes 'on' or 'off'", setting.start)
    return ir.Autoescape(reader.mark(tag.start, tag.end), None, setting.text == "on", [])


def _spaceless(reader: Reader, tag: RawTag) -> ir.Spaceless:
    return ir.Spaceless(reader.mark(tag.start, tag.end), None, [])


def _verbatim(reader: Reader, tag: RawTag) -> ir.Verbatim:
    return ir.Verbatim(reader.mark(tag.start, tag.end), None)


def _blocktranslate(reader: Reader, tag: RawTag) -> ir.BlockTranslate:
    node = ir.BlockTranslate(reader.mark(tag.start, tag.end), None, [], None, None, False, None, [], None)
    seen: set[str] = set()
    rest = tag.bits
    while rest:
        option, rest = _option(tag, rest, seen)
        match option.text:
            case "with":
                node.bindings, rest = reader.bindings(rest, legacy=True)
                if not node.bindings:
                    raise UnreadableTag(f"'with' in '{tag.name}' needs at least one name=value", option.start)
            case "count":
                counts, rest = reader.bindings(rest, legacy=True)
                if len(counts) != 1:
                    raise UnreadableTag(f"'count' in '{tag.name}' takes one name=value", option.start)
                node.count = counts[0]
            case "context":
                node.context = reader.expression(_argument(tag, option, rest))
                rest = rest[1:]
            case "asvar":
                node.as_var = reader.name(_argument(tag, option, rest))
                rest = rest[1:]
            case "trimmed":
                node.trimmed = True
            case _:
                raise UnreadableTag(f"Unknown argument for '{tag.name}': '{option.text}'", option.start)
    return node


def _cache(reader: Reader, tag: RawTag) -> ir.Cache:
    bits = tag.bits
    if len(bits) < 2:
        raise tag.error("'cache' needs a timeout and a name")
    at = reader.mark(tag.start, tag.end)
    using = None
    if len(bits) > 2 and bits[-1].text.startswith("using="):
        last = bits[-1]
        skipped = len("using=")
        using = reader.expression(Bit(last.text[skipped:], last.start + skipped, last.end))
        bits = bits[:-1]
    timeout = reader.expression(bits[0])
    return ir.Cache(at, None, timeout, bits[1].text, reader.expressions(bits[2:]), using, [])


# --- tags that are not known, or not understood ----------------------------------------------------------


def generic(reader: Reader, tag: RawTag) -> ir.Tag:
    """`tag` with as much of its arguments as reads like those of other tags."""
    at = reader.mark(tag.start, tag.end)
    bits = tag.bits
    as_var: ir.Name | None = None
    if len(bits) >= 2 and bits[-1].text.isidentifier():
        bits, as_var = reader.as_var(bits)
    args: list[ir.Expression] = []
    kwargs: list[ir.Binding] = []
    for bit in bits:
        spans = len(reader.spans)
        try:
            positional, named = reader.arguments([bit])
        except UnreadableTag:
            del reader.spans[spans:]
        else:
            args += positional
            kwargs += named
    return ir.Tag(at, None, tag.name, [bit.text for bit in tag.bits], args, kwargs, as_var, None)


INLINE: dict[str, ReadInline] = {
    "include": _include,
    "extends": _extends,
    "load": _load,
    "url": _url,
    "regroup": _regroup,
    "cycle": _cycle,
    "firstof": _firstof,
    "csrf_token": _csrf_token,
    "now": _now,
    "lorem": _lorem,
    "widthratio": _widthratio,
    "translate": _translate,
    "trans": _translate,
}
"""Tags that stand alone."""

BLOCKS: dict[str, ReadBlock] = {
    "for": _for,
    "with": _with,
    "block": _block,
    "ifchanged": _ifchanged,
    "filter": _filter,
    "autoescape": _autoescape,
    "spaceless": _spaceless,
    "verbatim": _verbatim,
    "blocktranslate": _blocktranslate,
    "blocktrans": _blocktranslate,
    "cache": _cache,
}
"""Tags that end at their ``end<name>``; ``if`` and ``comment``, which do too, are the template parser's."""
