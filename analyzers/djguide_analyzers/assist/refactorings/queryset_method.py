"""Move a chain of queryset calls into a method of the model's own queryset class."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from djguide_analyzers.assist.refactorings.base import (
    Change,
    Refactoring,
    Source,
    functions_of,
    parsed_function,
)
from djguide_analyzers.assist.refactorings.variables import bound_in, read
from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, ImportedName
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex, Position, Range
from djguide_analyzers.trace.tracer import trace_function
from djguide_analyzers.trace.values import ManagerValue, QuerySetValue

KIND = "refactor.extract.djguide.queryset"


class _Chain(NamedTuple):
    """``Book.objects.filter(…).order_by(…)``: the whole, the part before its first call, and its calls in order."""

    node: ir.Call
    manager: ir.Expr
    calls: list[ir.Call]
    code: Code
    function: FunctionInfo


def move_to_queryset(source: Source, selected: Range) -> Refactoring | None:
    """For the longest chain at `selected` whose manager comes from a queryset class of the project."""
    parsed = parsed_function(source, selected.start)
    if parsed is None:
        return None
    outermost, moved = parsed
    trace = trace_function(source.project, outermost)
    for function in functions_of(outermost):
        for chain in _chains(function, selected, moved):
            value = trace.value(chain.code, chain.manager)
            whole = trace.value(chain.code, chain.node)
            if isinstance(value, ManagerValue) and isinstance(whole, QuerySetValue) and not value.related:
                return _offer(source, outermost, chain, value, moved)
    return None


def _offer(
    source: Source, outermost: FunctionInfo, chain: _Chain, manager: ManagerValue, moved: int
) -> Refactoring | None:
    cls = manager.info.queryset_cls if manager.info is not None else None
    if cls is None or cls.module.origin != "project" or _varies(chain):
        return None
    make = partial(_change, source, outermost, chain, cls, moved)
    return Refactoring(KIND, f"Move to a method of {cls.name}", make)


def _chains(function: FunctionInfo, selected: Range, moved: int) -> list[_Chain]:
    """Chains of calls around `selected`, the longest first."""
    code = function.body_code
    found: list[_Chain] = []
    for node in walk(function.statements):
        if not isinstance(node, ir.Call):
            continue
        start, end = code.range(node)
        low, high = Position(start.line - moved, start.column), Position(end.line - moved, end.column)
        if low <= selected.start and selected.end <= high:
            calls: list[ir.Call] = []
            base: ir.Expr = node
            while isinstance(base, ir.Call) and isinstance(base.func, ir.Attr):
                calls.append(base)
                base = base.func.value
            if calls and isinstance(base, ir.Attr):
                found.append(_Chain(node, base, calls[::-1], code, function))
    return sorted(found, key=lambda chain: -len(chain.calls))


def _varies(chain: _Chain) -> bool:
    """Whether an argument binds names of its own, or waits for something: then it stays where it is."""
    arguments = [part for call in chain.calls for part in (*call.args, *call.keywords)]
    return any(
        isinstance(node, (ir.Lambda, ir.Comp, ir.Walrus, ir.Await, ir.Yield, ir.FString, ir.Star))
        for argument in arguments
        for node in walk(argument)
    )


def _change(
    source: Source, outermost: FunctionInfo, chain: _Chain, cls: ClassInfo, moved: int
) -> Change | None:
    target = source.context(cls.module.path)
    own = next((each for each in target.classes() if each.qualname == cls.qualname), None) if target else None
    given = _parameters(source, chain, bound_in(outermost), moved)
    if target is None or own is None or given is None:
        return None
    imports = _imports(source, target, chain, bound_in(outermost))
    if imports is None:
        return None
    spelled, added = imports
    name = _free_name(source, chain, cls)
    index = source.index
    start = index.offset(_back(chain.code.range(chain.manager).end, moved))
    end = index.offset(_back(chain.code.range(chain.node).end, moved))
    body = _replaced(index, start, end, {**_named(chain, spelled, moved), **given})
    method = _method(target, own, name, list(dict.fromkeys(given.values())), body, _indent(index, start))
    if method is None:
        return None
    passed = {parameter: index.slice(range_) for range_, parameter in reversed(given.items())}
    text = f".{name}({', '.join(passed[parameter] for parameter in dict.fromkeys(given.values()))})"
    call = Edit(source.path, Range(index.position(start), index.position(end)), text)
    return source.checked(Change((call, method, *added)))


def _parameters(source: Source, chain: _Chain, local: set[str], moved: int) -> dict[Range, str] | None:
    """The local values among the arguments, by their place in the document, with the parameters they become.

    An attribute is passed rather than what it is read from, so that the queryset need not know of requests. None
    when a value has no fit name, or two have the same.
    """
    found: dict[Range, str] = {}
    texts: dict[str, str] = {}
    for call in chain.calls:
        for argument in (*call.args, *call.keywords):
            for node in _outer_names(argument, local, chain.code):
                start, end = chain.code.range(node)
                range_ = Range(_back(start, moved), _back(end, moved))
                name = (node.id if isinstance(node, ir.Name) else node.name).lower().strip("_")
                text = source.index.slice(range_)
                if not name.isidentifier() or keyword.iskeyword(name) or name in ("self", "cls", "request"):
                    return None
                if texts.setdefault(name, text) != text:
                    return None
                found[range_] = name
    return found


def _outer_names(argument: ir.Node, local: set[str], code: Code) -> Iterator[ir.Name | ir.Attr]:
    """Local variables in an argument, with the attributes that are read from them in one go; no methods."""
    methods: set[int] = set()
    last: Range | None = None
    for node in walk(argument):
        range_ = code.range(node)
        if isinstance(node, ir.Call):
            methods.add(id(node.func))
        if last is not None and last.start <= range_.start and range_.end <= last.end:
            continue
        if isinstance(node, (ir.Name, ir.Attr)) and id(node) not in methods and _root(node) in local:
            last = range_
            yield node


def _root(node: ir.Expr) -> str | None:
    while isinstance(node, ir.Attr):
        node = node.value
    return node.id if isinstance(node, ir.Name) else None


def _imports(
    source: Source, target: FileContext, chain: _Chain, local: set[str]
) -> tuple[dict[str, str], list[Edit]] | None:
    """How the names in the arguments are written in the other file, and the imports that takes.

    None when a name cannot be had there.
    """
    spelled: dict[str, str] = {}
    edits: list[Edit] = []
    names = {name for call in chain.calls for part in (*call.args, *call.keywords) for name in read(part)}
    for name in sorted(names - local) if target.path != source.path else ():
        here = source.project.resolver.name(source.module, name)
        there = source.project.resolver.name(target.module, name)
        same = here is not None and there is not None and here.dotted == there.dotted
        if same or (here is None and hasattr(builtins, name)):
            continue
        binding = source.module.symbols.get(name)
        imported = (
            import_name(target, binding.module, binding.name) if isinstance(binding, ImportedName) else None
        )
        if imported is None:
            return None
        spelled[name] = imported[0]
        edits += imported[1]
    return spelled, edits


def _named(chain: _Chain, spelled: dict[str, str], moved: int) -> dict[Range, str]:
    """The places of names in the document that are written differently in the other file."""
    found: dict[Range, str] = {}
    for call in chain.calls:
        for argument in (*call.args, *call.keywords):
            for node in walk(argument):
                if isinstance(node, ir.Name) and spelled.get(node.id, node.id) != node.id:
                    start, end = chain.code.range(node)
                    found[Range(_back(start, moved), _back(end, moved))] = spelled[node.id]
    return found


def _free_name(source: Source, chain: _Chain, cls: ClassInfo) -> str:
    """The variable that the chain is assigned to, or ``selected``; numbered when the class has that already."""
    name = "selected"
    for node in walk(chain.function.statements):
        if isinstance(node, ir.Assign) and node.value is chain.node and isinstance(node.targets[0], ir.Name):
            name = node.targets[0].id.strip("_") or name
    number, free = 1, name
    while source.project.resolver.class_attribute(cls, free) is not None:
        number += 1
        free = f"{name}_{number}"
    return free


def _replaced(index: LineIndex, start: int, end: int, given: dict[Range, str]) -> str:
    """The text from `start` to `end` with other names at some places."""
    edits = [
        (index.offset(range_.start) - start, index.offset(range_.end) - start, name)
        for range_, name in given.items()
    ]
    text = index.text[start:end]
    for low, high, name in sorted(edits, reverse=True):
        text = text[:low] + name + text[high:]
    return text


def _method(
    target: FileContext, own: ClassInfo, name: str, parameters: list[str], body: str, indent: str
) -> Edit | None:
    """The method at the end of the class; None where the layout of the text would change its strings."""
    first, *rest = body.splitlines()
    if rest and ('"""' in body or "'''" in body):
        return None
    class_range = own.code.range(own.node)
    outer = " " * (class_range.start.column + 4)
    inner = f"{outer}    "
    if any(line.lstrip().startswith(".") for line in rest):
        shifted = [f"{inner}    {line.strip()}" for line in rest]
        code = "\n".join([f"{inner}return (", f"{inner}    self{first}", *shifted, f"{inner})"])
    else:
        shifted = [inner + line.removeprefix(indent) for line in rest]
        code = "\n".join([f"{inner}return self{first}", *shifted])
    head = f"{outer}def {name}({', '.join(['self', *parameters])}):"
    line = class_range.end.line + 1
    if line < target.lines.line_count:
        place, gap = Position(line, 0), ""
    else:
        place, gap = target.lines.position(len(target.lines.text)), "\n"
    return Edit(target.path, Range(place, place), f"{gap}\n{head}\n{code}\n")


def _indent(index: LineIndex, offset: int) -> str:
    line = index.line(index.position(offset).line)
    return line[: len(line) - len(line.lstrip())]


def _back(position: Position, moved: int) -> Position:
    return Position(position.line - moved, position.column)
