"""Building the edits of fixes, in the style of the file they go to."""

from __future__ import annotations

import sys

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code, ImportedModule, ImportedName
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range

LINE_LENGTH = 110
"""Longest line that an edit makes on its own account."""


def replace(file: FileContext, range_: Range, text: str) -> Edit:
    return Edit(file.path, range_, text)


def insert(file: FileContext, position: Position, text: str) -> Edit:
    return Edit(file.path, Range(position, position), text)


def between(code: Code, left: ir.Node, right: ir.Node) -> Range:
    """The stretch from the end of one node to the start of the next."""
    return Range(code.range(left).end, code.range(right).start)


def arguments_range(file: FileContext, code: Code, call: ir.Call) -> Range:
    """What stands between the parentheses of a call."""
    end = code.range(call).end
    after_func = code.range(call.func).end
    opening = file.lines.slice(Range(after_func, end)).index("(")
    start = file.lines.position(file.lines.offset(after_func) + opening + 1)
    return Range(start, Position(end.line, end.column - 1))


def remove_keyword(file: FileContext, code: Code, call: ir.Call, keyword: ir.Keyword) -> Edit:
    """Take one keyword argument out of a call, with its comma and white space."""
    lines = file.lines
    own = code.range(keyword)
    start, end = lines.offset(own.start), lines.offset(own.end)
    text = lines.text
    after = end
    while after < len(text) and text[after] in " \t":
        after += 1
    before = start
    while before > 0 and text[before - 1] in " \t\r\n":
        before -= 1
    if text[before - 1] == ",":  # not the first argument: the comma before goes along
        return replace(file, Range(lines.position(before - 1), lines.position(end)), "")
    if text[after : after + 1] == ",":
        after += 1
        while after < len(text) and text[after] in " \t":
            after += 1
        return replace(file, Range(own.start, lines.position(after)), "")
    return replace(file, own, "")


def insert_argument(file: FileContext, code: Code, before: ir.Node, text: str) -> Edit:
    """Put an argument in front of another one of the same call, laid out like it."""
    start = code.range(before).start
    indent = file.lines.line(start.line)[: start.column]
    return insert(file, start, f"{text}, " if indent.strip() else f"{text},\n{indent}")


def append_argument(file: FileContext, code: Code, call: ir.Call, text: str) -> Edit:
    """Put an argument behind the last one of a call, laid out like it."""
    arguments = [*call.args, *call.keywords]
    if not arguments:
        return insert(file, arguments_range(file, code, call).end, text)
    last = max((code.range(argument) for argument in arguments), key=lambda range_: range_.end)
    indent = file.lines.line(last.start.line)[: last.start.column]
    return insert(file, last.end, f", {text}" if indent.strip() else f",\n{indent}{text}")


# --- imports ---------------------------------------------------------------------------------------------


def bound_name(file: FileContext, module: str, name: str) -> str | None:
    """The name by which ``module.name`` can be written at the top level of `file` already."""
    for bound, bindings in file.module.symbols.names.items():
        for binding in bindings:
            if isinstance(binding, ImportedName) and (binding.module, binding.name) == (module, name):
                return bound
            if isinstance(binding, ImportedModule) and binding.dotted == module and "." not in bound:
                return f"{bound}.{name}"
    parent, _, last = module.rpartition(".")
    for bound, bindings in file.module.symbols.names.items():
        for binding in bindings:
            if (
                isinstance(binding, ImportedName)
                and parent
                and (binding.module, binding.name) == (parent, last)
            ):
                return f"{bound}.{name}"
    return None


def import_name(file: FileContext, module: str, name: str) -> tuple[str, list[Edit]] | None:
    """How to write ``module.name`` in `file`, and the edits that import it.

    None when the name means something else there.
    """
    bound = bound_name(file, module, name)
    if bound is not None:
        return bound, []
    if name in file.module.symbols.names:
        return None
    return name, [_import_edit(file, module, name)]


def import_names(
    file: FileContext, module: str, names: list[str]
) -> tuple[dict[str, str], list[Edit]] | None:
    """Like `import_name` for several names of one module: how to write each, and the edits."""
    bound = {name: bound_name(file, module, name) for name in names}
    missing = [name for name, spelled in bound.items() if spelled is None]
    if any(name in file.module.symbols.names for name in missing):
        return None
    edits = [_import_edit(file, module, *missing)] if missing else []
    return {name: spelled or name for name, spelled in bound.items()}, edits


def _import_edit(file: FileContext, module: str, *names: str) -> Edit:
    imports = _leading_imports(file)
    for node, code in imports:
        if isinstance(node, ir.ImportFrom) and file.module.absolute(node.module, node.level) == module:
            return _extended(file, code, node, names)
    line = f"from {module} import {', '.join(sorted(names))}"
    key = _key(module, is_from=True, level=0)
    previous: tuple[ir.Stmt, Code] | None = None
    following: tuple[ir.Stmt, Code] | None = None
    for node, code in imports:
        if _statement_key(node) <= key:
            previous = (node, code)
        elif following is None:
            following = (node, code)
    if previous is not None:
        end = previous[1].range(previous[0]).end
        gap = "\n" if _statement_key(previous[0])[0] != key[0] else ""
        return insert(file, file.lines.position(_line_end(file, end)), f"\n{gap}{line}")
    if following is not None:
        start = following[1].range(following[0]).start
        gap = "\n" if _statement_key(following[0])[0] != key[0] else ""
        return insert(file, start, f"{line}\n{gap}")
    chunks = file.module.facts.chunks
    first = chunks[0].line if chunks else 0
    return insert(file, Position(first, 0), f"{line}\n\n\n")


def drop_import(file: FileContext, name: str, uses: int) -> list[Edit]:
    """The edit that removes ``import name`` when `file` uses it no more than `uses` times; none where not sure."""
    found = [(node, code) for scope in file.scopes for node, code in scope.nodes(ir.Name) if node.id == name]
    if len(found) != uses:
        return []
    for node, code in _leading_imports(file):
        if isinstance(node, ir.Import) and [(a.name, a.asname) for a in node.names] == [(name, None)]:
            own = code.range(node)
            line = file.lines.line(own.start.line)
            if own.start.column == 0 and not line[own.end.column :].strip():
                return [replace(file, Range(own.start, Position(own.start.line + 1, 0)), "")]
    return []


def _line_end(file: FileContext, position: Position) -> int:
    """Offset of the end of the line at `position`: behind a comment that follows the statement."""
    return file.lines.offset(Position(position.line, len(file.lines.line(position.line))))


def _extended(file: FileContext, code: Code, node: ir.ImportFrom, added: tuple[str, ...]) -> Edit:
    """Add names to an import, in order where its names are in order."""
    own = code.range(node)
    text = file.lines.slice(own)
    names = sorted({alias.name for alias in node.names}.union(added))
    listed = ", ".join(added)
    simple = "(" not in text and "\\" not in text and not any(alias.asname for alias in node.names)
    if simple:
        line = f"from {'.' * node.level}{node.module} import {', '.join(names)}"
        if len(line) <= LINE_LENGTH:
            return replace(file, own, line)
    if "(" in text:
        opening = file.lines.offset(own.start) + text.index("(") + 1
        rest = file.lines.text[opening:]
        indent = rest[: len(rest) - len(rest.lstrip())]
        return insert(
            file,
            file.lines.position(opening),
            f"{indent}{listed}, " if "\n" not in indent else f"{indent}{listed},",
        )
    return insert(file, own.end, f", {listed}")


def _leading_imports(file: FileContext) -> list[tuple[ir.Import | ir.ImportFrom, Code]]:
    """The imports at the top of the file, before anything else that runs."""
    found: list[tuple[ir.Import | ir.ImportFrom, Code]] = []
    for chunk in file.module.facts.chunks:
        for node in chunk.outline:
            if isinstance(node, (ir.Import, ir.ImportFrom)):
                found.append((node, Code(file.module, chunk)))
            elif found:
                return found
    return found


def _statement_key(node: ir.Stmt) -> tuple[int, bool, str]:
    if isinstance(node, ir.ImportFrom):
        return _key(node.module, is_from=True, level=node.level)
    if isinstance(node, ir.Import):
        return _key(node.names[0].name, is_from=False, level=0)
    return (9, True, "")


def _key(module: str, *, is_from: bool, level: int) -> tuple[int, bool, str]:
    """Sorting key of an import: section, plain imports first, name."""
    if level:
        return (3, is_from, module)
    top = module.partition(".")[0]
    if top == "__future__":
        return (0, is_from, module)
    return (1 if top in sys.stdlib_module_names else 2, is_from, module.lower())
