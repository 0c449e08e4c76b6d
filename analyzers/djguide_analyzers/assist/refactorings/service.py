"""Extract selected statements that write to the database into a function of the application's ``services.py``."""

from __future__ import annotations

import builtins
import posixpath
from typing import NamedTuple

from djguide_analyzers.assist.refactorings.base import Change, Refactoring, Region
from djguide_analyzers.assist.refactorings.variables import assigned, bound_in, read
from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import FunctionInfo, ImportedModule, ImportedName
from djguide_analyzers.rules.edits import import_name
from djguide_analyzers.rules.nodes import blocks
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.events import Write
from djguide_analyzers.trace.tracer import trace_function

KIND = "refactor.extract.djguide.service"
_LEAVING = (
    ir.Return,
    ir.Yield,
    ir.Await,
    ir.Scope,
    ir.Import,
    ir.ImportFrom,
    ir.FunctionDef,
    ir.ClassDef,
    ir.Delete,
)
_FILE = "services.py"


class _Interface(NamedTuple):
    """What the new function is given and returns, and the names of the module that it needs."""

    parameters: list[str]
    results: list[str]
    globals: list[str]


def extract_service(region: Region) -> Refactoring | None:
    """None for statements that do not write, or that decide how the function around them goes on."""
    function = region.function.node
    if function.is_async or function.is_generator or region.function.parent is not None:
        return None
    if region.holds(*_LEAVING) or _jumps_out(region) or not _writes(region):
        return None
    if posixpath.basename(region.source.path) == _FILE:
        return None
    interface = _interface(region)
    if interface is None:
        return None
    title = f"Extract the writes to {_FILE}"
    return Refactoring(KIND, title, lambda: _change(region, interface))


def _jumps_out(region: Region) -> bool:
    """Whether a ``break`` or ``continue`` belongs to a loop around the statements."""
    inside = {
        id(node)
        for loop in walk(region.statements)
        if isinstance(loop, (ir.For, ir.While))
        for node in walk(loop)
        if isinstance(node, ir.Jump)
    }
    return any(
        isinstance(node, ir.Jump) and node.kind != "pass" and id(node) not in inside
        for node in walk(region.statements)
    )


def _writes(region: Region) -> bool:
    trace = trace_function(region.source.project, region.outermost)
    ours = {node.at for node in walk(region.statements)}
    return any(
        isinstance(event, Write) and event.site.code == region.code and event.site.at in ours
        for event in trace.everything()
    )


def _interface(region: Region) -> _Interface | None:
    """None when a value would have to go in or out in a way that a call has not."""
    local = bound_in(region.function)
    bound = assigned(region.statements)
    mentioned = read(region.statements)
    if {"self", "cls", "super"} & set(mentioned) or _in_a_loop(region):
        return None
    before = _bound_before(region)
    after = set(read(_following(region)))
    maybe = {name for name in bound if name in after and not _surely_bound(region.statements, name)}
    if maybe:
        return None
    parameters = [name for name in mentioned if name in local and name in before]
    results = [name for name in dict.fromkeys(_in_order(region)) if name in bound and name in after]
    outside = [name for name in mentioned if name not in local and not hasattr(builtins, name)]
    return _Interface(parameters, results, outside)


def _in_a_loop(region: Region) -> bool:
    """Whether a loop runs the statements again, so that what they leave behind counts there as well."""
    return any(
        isinstance(node, (ir.For, ir.While)) and any(block is region.block for block in blocks(node.body))
        for node in walk(region.function.statements)
    ) and bool(assigned(region.statements))


def _bound_before(region: Region) -> set[str]:
    names = {param.name for param in region.function.node.params.items}
    start = region.code.range(region.statements[0]).start
    for node in walk(region.function.statements):
        if region.code.range(node).start < start and isinstance(node, _BINDING):
            names |= assigned([node]) if not _around(region, node) else _head(node)
    return names


_BINDING = (ir.Assign, ir.AugAssign, ir.For, ir.With, ir.Walrus, ir.Handler, ir.Match, ir.Import, ir.ImportFrom,
            ir.FunctionDef, ir.ClassDef)  # fmt: skip


def _around(region: Region, node: ir.Node) -> bool:
    return region.code.range(region.statements[-1]).end <= region.code.range(node).end


def _head(node: ir.Node) -> set[str]:
    """What the header of a compound statement binds."""
    match node:
        case ir.For(target=target):
            return assigned([ir.For(0, target, target, [], [], False)])
        case ir.With(items=items):
            return assigned([ir.With(0, items, [], False)])
        case ir.Handler(name=str(name)):
            return {name}
    return set()


def _following(region: Region) -> list[ir.Stmt]:
    """Statements of the function that start behind the selected ones."""
    end = region.code.range(region.statements[-1]).end
    return [
        each
        for block in blocks(region.function.statements)
        for each in block
        if region.code.range(each).start >= end
    ]


def _surely_bound(statements: list[ir.Stmt], name: str) -> bool:
    """Whether a statement that always runs binds `name`."""
    return any(
        (isinstance(each, (ir.Assign, ir.AugAssign)) and name in assigned([each]))
        or (isinstance(each, ir.With) and _surely_bound(each.body, name))
        for each in statements
    )


def _in_order(region: Region) -> list[str]:
    return [node.id for node in walk(region.statements) if isinstance(node, ir.Name)]


def _change(region: Region, interface: _Interface) -> Change | None:
    source = region.source
    folder = posixpath.dirname(source.path)
    if posixpath.basename(folder) == "views":
        folder = posixpath.dirname(folder)
    path = f"{folder}/{_FILE}"
    package = source.module.name.rpartition(".")[0] if not source.module.is_package else source.module.name
    if folder != posixpath.dirname(source.path):
        package = package.rpartition(".")[0]
    here, there = source.context(), source.context(path)
    if here is None or not package:
        return None
    imports = _imports(region, interface)
    if imports is None:
        return None
    name = _free_name(region, there)
    imported = import_name(here, f"{package}.services", name)
    if imported is None:
        return None
    function = _function(region, interface, name)
    call = f"{imported[0]}({', '.join(interface.parameters)})"
    results = ", ".join(interface.results)
    line = f"{region.indent}{f'{results} = ' if results else ''}{call}\n"
    edits = [*imported[1], Edit(source.path, region.range, line)]
    if there is None:
        head = "\n".join(f"from {module} import {named}" for module, named in sorted(set(imports)))
        return source.checked(Change(tuple(edits), {path: f"{head}\n\n\n{function}" if head else function}))
    for module, named in imports:
        added = import_name(there, module, named)
        if added is None or added[0] != named:
            return None
        edits += [edit for edit in added[1] if edit not in edits]
    end = there.lines.position(len(there.lines.text))
    gap = "\n\n" if there.lines.text.endswith("\n") else "\n\n\n"
    edits.append(Edit(path, Range(end, end), f"{gap}{function}" if there.lines.text.strip() else function))
    return source.checked(Change(tuple(edits)))


def _imports(region: Region, interface: _Interface) -> list[tuple[str, str]] | None:
    """Module and name of everything the statements use of their module; None for what is defined there itself."""
    found: list[tuple[str, str]] = []
    own = {
        node.names[0].asname: node
        for node in walk(region.function.statements)
        if isinstance(node, ir.ImportFrom)
    }
    for name in interface.globals:
        binding = region.source.module.symbols.get(name)
        if isinstance(binding, ImportedName) and binding.name == name and not own.get(name):
            found.append((binding.module, name))
        elif (
            isinstance(binding, ImportedModule)
            and "." in binding.dotted
            and binding.dotted.endswith(f".{name}")
        ):
            found.append((binding.dotted.rpartition(".")[0], name))
        else:
            return None
    return found


def _free_name(region: Region, there: object) -> str:
    from djguide_analyzers.rules.context import FileContext

    taken = set(there.module.symbols.names) if isinstance(there, FileContext) else set()
    base = f"perform_{_subject(region.function)}"
    name, number = base, 1
    while name in taken or name in region.source.module.symbols.names:
        number += 1
        name = f"{base}_{number}"
    return name


def _subject(function: FunctionInfo) -> str:
    return function.node.name.strip("_")


def _function(region: Region, interface: _Interface, name: str) -> str:
    width = len(region.indent)
    lines = [
        f"    {line[width:]}" if line.strip() and line[:width] == region.indent else line
        for line in region.shifted("")
    ]
    result = f"    return {', '.join(interface.results)}\n" if interface.results else ""
    return f"def {name}({', '.join(interface.parameters)}):\n" + "\n".join(lines) + "\n" + result
