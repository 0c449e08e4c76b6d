"""The fix of the N+1 family: loading a path where the queryset is built."""

from __future__ import annotations

import json
from collections.abc import Iterable

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import ModelGraph
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.flow import enclosing
from djguide_analyzers.rules.layout import add_arguments, call_text, in_quotes, quoted, with_arguments
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range
from djguide_analyzers.trace.values import Link, Query, Site


def is_to_one(graph: ModelGraph, label: str, path: tuple[str, ...]) -> bool:
    """Whether `path` from model `label` passes only relations that a join can follow."""
    for name in path:
        model = graph.get(label)
        if model is None:
            return False
        field, reverse = model.fields.get(name), model.reverse.get(name)
        if field is not None and field.is_forward_one and field.target:
            label = field.target
        elif reverse is not None and reverse.kind == "o2o":
            label = reverse.model
        else:
            return False
    return True


def _is_declared(graph: ModelGraph, label: str | None, path: tuple[str, ...]) -> bool:
    """Whether `path` from model `label` passes nothing but relations of the graph.

    A property that picks another manager for a relation can be prefetched too, but shares the relation's cache.
    """
    for name in path:
        model = graph.get(label)
        if model is None:
            return False
        field, reverse = model.fields.get(name), model.reverse.get(name)
        if field is None and reverse is None:
            return False
        label = field.target if field is not None else reverse.model if reverse is not None else None
    return True


def has_nullable(graph: ModelGraph, label: str, path: tuple[str, ...]) -> bool:
    """Whether a join along `path` is an outer join."""
    for name in path:
        model = graph.get(label)
        field = model.fields.get(name) if model else None
        if field is None or field.null or field.target is None or not field.sure("null", "target"):
            return True
        label = field.target
    return False


def split(graph: ModelGraph, query: Query, paths: Iterable[tuple[str, ...]]) -> tuple[list[str], list[str]]:
    """Paths to join and paths to prefetch, each sorted."""
    joins: list[str] = []
    prefetches: list[str] = []
    for path in paths:
        to_one = is_to_one(graph, query.model, path)
        # rows joined would be locked as well, and the nullable side of an outer join PostgreSQL refuses to lock
        to_one = to_one and not _locks_joins(query) and not _is_prefetched_apart(query, path)
        (joins if to_one else prefetches).append("__".join(path))
    return sorted(joins), sorted(prefetches)


def _locks_joins(query: Query) -> bool:
    """Whether what `query` joins is locked with its rows: not where ``of=`` names what to lock."""
    locks = [link.node for link in query.chain if link.name == "select_for_update"]
    return query.locked and not any(lock.keyword("of") is not None for lock in locks)


def _is_prefetched_apart(query: Query, path: tuple[str, ...]) -> bool:
    """Whether a prefetch with a queryset of its own loads what `path` goes through: a join would pass it by."""
    joined = "__".join(path)
    return any(entry.inner is not None and joined.startswith(f"{entry.path}__") for entry in query.prefetch)


def eager_fix(
    file: FileContext,
    query: Query,
    paths: list[tuple[str, ...]],
    local: Code,
    *,
    shared: bool,
    used: tuple[Site, ...] = (),
) -> tuple[Fix, ...]:
    """The fix that makes `query` load `paths`, of relations; `used` is that of `on_every_way`.

    Safe when the queryset is built in the table `local`, where its rows are read, and not `shared`; else to be
    reviewed, since it serves others too. Advice without an edit where no edit is certainly right.
    """
    joins, prefetches = split(file.project.graph, query, paths)
    title = _title(joins, prefetches)
    whole, query = query, on_every_way(file, query, used)
    plain = all(_is_declared(file.project.graph, query.model, path) for path in paths)
    plain = plain and not (len(query.chain) < len(whole.chain) and _goes_ahead_of(whole, prefetches))
    home = _home(file, query) if plain and _can_load(query, joins, prefetches) else None
    if home is None:
        return (Fix(title, Safety.MANUAL),)
    edits: list[Edit] = []
    fresh: Calls = []
    for method, names in _methods(joins, prefetches):
        existing = _mergeable(query, method)
        if existing is None:
            fresh.append((method, names))
        else:
            edits.append(_merged(home, existing, names))
    if fresh:
        calls = [(name, [quoted(home, path) for path in names]) for name, names in fresh]
        edits.append(_appended(home, query, calls))
    here = not shared and _code_of(query) == local
    return (Fix(title, Safety.SAFE if here else Safety.REVIEW, tuple(edits)),)


def _goes_ahead_of(query: Query, prefetches: list[str]) -> bool:
    """Whether a path begins with one that `query` prefetches with a queryset of its own: that has to come first."""
    apart = [f"{entry.path}__" for entry in query.prefetch if entry.inner is not None]
    return any(path.startswith(first) for path in prefetches for first in apart)


def on_every_way(file: FileContext, query: Query, used: tuple[Site, ...] = ()) -> Query:
    """`query` without the calls at its end that stand in a branch: others take the queryset past them.

    Not so where `used`, the loop over the rows or a call on the way to it, stands in the branch too, nor where the
    branch begins with a queryset of its own.
    """
    chain = list(query.chain)
    while len(chain) > query.own and _refines_variable(chain):
        last = chain[-1]
        together = [site for site in used if site.code == last.site.code]
        if not together and last.site.code == chain[0].site.code:
            together = [chain[0].site]
        if any(_branches(file, last.site) <= _branches(file, site) for site in together or (None,)):
            break
        if len(chain) > 1 and chain[-2].site.code != last.site.code:
            break  # another function has made what the variable holds, for others too
        chain.pop()
    return query.but(chain=tuple(chain)) if len(chain) > query.own else query


def _refines_variable(chain: list[Link]) -> bool:
    """Whether the expression that ends `chain` goes on from a variable: what others hold as well."""
    node, code = chain[-1].node, chain[-1].site.code
    while isinstance(node.func, ir.Attr):
        receiver = node.func.value
        if isinstance(receiver, ir.Name):
            return True
        if not isinstance(receiver, ir.Call):
            return False  # what a template calls is no expression of Python
        if not any(link.site.code == code and link.site.at == receiver.at for link in chain):
            return False
        node = receiver
    return False


def _branches(file: FileContext, site: Site | None) -> set[int]:
    """The compound statements with branches that a node stands in."""
    home = _file_at(file, site)
    scope = home.scope_of(site.code) if home is not None and site is not None else None
    if scope is None or site is None:
        return set()
    block = next(statements for statements, code in scope.blocks if code == site.code)
    node = next((part for part in walk(block) if part.at == site.at), None)
    around = enclosing(block, node) if node is not None else ()
    return {each.at for each in around if isinstance(each, (ir.If, ir.Try, ir.Match))}


def deferred_fix(
    file: FileContext, query: Query, names: list[str], local: Code, *, shared: bool
) -> tuple[Fix, ...]:
    """The fix that makes `query` load the columns `names`, which ``only`` or ``defer`` leaves out.

    Safe under the conditions of `eager_fix`.
    """
    title = f"Load {_listed(sorted(names))} with the rows"
    made = _only_edits(file, query, names) if query.only is not None else _defer_edits(file, query, names)
    if made is None or not names:
        return (Fix(title, Safety.MANUAL),)
    edits, code = made
    return (Fix(title, Safety.SAFE if not shared and code == local else Safety.REVIEW, tuple(edits)),)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _only_edits(file: FileContext, query: Query, names: list[str]) -> tuple[list[Edit], Code] | None:
    link = next((link for link in reversed(query.chain) if link.name == "only"), None)
    home = _file_of(file, link)
    if link is None or home is None or not link.node.args:
        return None
    added = _in_style(home, _written(home, link), sorted(names))
    return [add_arguments(home, link.site.code, link.node, added)], link.site.code


def _defer_edits(file: FileContext, query: Query, names: list[str]) -> tuple[list[Edit], Code] | None:
    """Take `names` out of the one ``defer()`` that has them, or the whole call with its last name."""
    for link in query.chain:
        home = _file_of(file, link)
        old = _literals(link)
        if link.name != "defer" or home is None or old is None or not set(names) <= set(old):
            continue
        code, func = link.site.code, link.node.func
        kept = [name for name in old if name not in names]
        if not kept and isinstance(func, ir.Attr):
            whole = Range(code.range(func.value).end, code.range(link.node).end)
            return [replace(home, whole, "")], code
        texts = [text for name, text in _written(home, link) if name in kept]
        edit = with_arguments(home, code, link.node, texts)
        return ([edit], code) if edit is not None else None
    return None


def _literals(link: Link) -> list[str] | None:
    """The arguments of a call when all are literal strings."""
    args = link.node.args
    names = [arg.value for arg in args if isinstance(arg, ir.Const) and isinstance(arg.value, str)]
    return names if len(names) == len(args) and not link.node.keywords else None


def _file_of(file: FileContext, link: Link | None) -> FileContext | None:
    """The file that a link of a chain stands in; None when it is not the project's."""
    return _file_at(file, link.site if link is not None else None)


def _file_at(file: FileContext, site: Site | None) -> FileContext | None:
    if site is None or site.code.module.origin != "project":
        return None
    module = site.code.module
    return file if module.path == file.path else file.sibling(module)


def added_call(file: FileContext, query: Query, name: str, argument: str) -> Edit | None:
    """The edit that adds ``.name(argument)`` behind `query` in `file`; None when it is not built there."""
    home = _home(file, query)
    return _appended(file, query, [(name, [argument])]) if home is file and not query.combined else None


def owner_site(query: Query) -> Site | None:
    """The expression that a queryset is: its last link, else where it starts.

    Of a related manager that nothing is called on there is none in the code that uses it.
    """
    return query.chain[-1].site if len(query.chain) > query.own else query.origin


def _title(joins: list[str], prefetches: list[str]) -> str:
    calls = [f"{name}({_quoted(paths)})" for name, paths in _methods(joins, prefetches)]
    return "Load with " + " and ".join(calls)


def _methods(joins: list[str], prefetches: list[str]) -> list[tuple[str, list[str]]]:
    both = [("select_related", joins), ("prefetch_related", prefetches)]
    return [(name, paths) for name, paths in both if paths]


def _quoted(paths: list[str]) -> str:
    return ", ".join(json.dumps(path) for path in paths)


Calls = list[tuple[str, list[str]]]
"""Methods with what they are to be given: paths, or arguments as they are written in code."""


def _can_load(query: Query, joins: list[str], prefetches: list[str]) -> bool:
    """Whether calls added to the chain can make the queryset load the paths."""
    if query.combined:
        return False
    joined = {path.split("__")[0] for path in joins}
    if not joined.isdisjoint(query.deferred) or (query.only is not None and not joined <= query.only):
        return False  # Django refuses to join what it is told to leave out
    return not (prefetches and any(link.name == "iterator" for link in query.chain))


def _last(query: Query) -> Link | None:
    """The link of the chain that calls can be added behind."""
    return next((link for link in reversed(query.chain) if link.name != "iterator"), None)


def _code_of(query: Query) -> Code | None:
    """The table that the edit goes to."""
    last = _last(query)
    site = last.site if last is not None else query.origin
    return site.code if site is not None else None


def _home(file: FileContext, query: Query) -> FileContext | None:
    """The file that the edit goes to; None when it is not the project's, or no place is known."""
    code, last = _code_of(query), _last(query)
    if code is None or code.module.origin != "project":
        return None
    if last is not None and not isinstance(last.node.func, ir.Attr):
        return None
    return file if code.module.path == file.path else file.sibling(code.module)


def _mergeable(query: Query, method: str) -> Link | None:
    """The last call of `method` that stands with the end of the chain, if all its arguments are literal strings."""
    for link in reversed(query.chain):
        if link.name == method and link.node.args and not link.node.keywords:
            literal = all(isinstance(arg, ir.Const) and isinstance(arg.value, str) for arg in link.node.args)
            return link if literal and link.site.code == _code_of(query) else None
    return None


def _merged(home: FileContext, link: Link, paths: list[str]) -> Edit:
    """Add `paths` to a call, in place of those that they go on from."""
    written = _written(home, link)
    kept = [text for old, text in written if not any(new.startswith(old + "__") for new in paths)]
    added = _in_style(home, written, paths)
    code = link.site.code
    edit = with_arguments(home, code, link.node, [*kept, *added]) if len(kept) < len(written) else None
    return edit if edit is not None else add_arguments(home, code, link.node, added)


def _written(home: FileContext, link: Link) -> list[tuple[str, str]]:
    """The literal strings that a call is given, with how they are written."""
    return [
        (arg.value, home.text(link.site.code, arg))
        for arg in link.node.args
        if isinstance(arg, ir.Const) and isinstance(arg.value, str)
    ]


def _in_style(home: FileContext, written: list[tuple[str, str]], names: list[str]) -> list[str]:
    """`names` as literals, in the quotes of those that are `written`."""
    quote = next((text[0] for _, text in written if text[0] in "'\""), None)
    return [in_quotes(name, quote) if quote else quoted(home, name) for name in names]


def _appended(home: FileContext, query: Query, calls: Calls) -> Edit:
    """Add calls behind the last link, in place of an ``all()``, or behind the manager."""
    last = _last(query)
    if last is None:
        assert query.origin is not None
        end = query.origin.code.range(query.origin.at).end
        return insert(home, end, _calls_text(home, calls, ".", Range(end, end)))
    func = last.node.func
    assert isinstance(func, ir.Attr)
    code = last.site.code
    separator = _separator(home, code, func)
    end = code.range(last.node).end
    if last.name == "all" and not last.node.args and last is query.chain[-1]:
        whole = Range(code.name_range(func).start, end)
        return replace(home, whole, _calls_text(home, calls, separator, whole).removeprefix(separator))
    return insert(home, end, _calls_text(home, calls, separator, Range(end, end)))


def _calls_text(home: FileContext, calls: Calls, separator: str, place: Range) -> str:
    """Calls, each behind `separator`, that take the place of what stands at `place`."""
    indent = separator.rpartition("\n")[2]
    rest = len(home.lines.line(place.end.line)) - place.end.column
    texts: list[str] = []
    column = place.start.column
    for number, (name, arguments) in enumerate(calls, 1):
        column = 0 if "\n" in separator else column
        behind = rest if number == len(calls) else 0
        start = Position(place.start.line, column)
        texts.append(separator + call_text(home, name, arguments, start, len(indent) + behind))
        column += len(texts[-1]) if "\n" not in texts[-1] else 0
    return "".join(texts)


def _separator(file: FileContext, code: Code, func: ir.Attr) -> str:
    """A dot, on a line of its own where the chain is written one call per line."""
    name = code.name_range(func).start
    before = file.lines.line(name.line)[: name.column]
    if before.strip() == ".":
        return "\n" + before
    return "."
