"""A model's ``Meta`` as it is written: which class's counts, and where its options stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, insert
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a model's ``Meta``: `owner` is the model class whose ``Meta`` sets it to `expr`."""

    owner: ClassInfo
    code: Code
    expr: ir.Expr


def own_meta(cls: ClassInfo) -> ClassInfo | None:
    """The ``Meta`` in the body of `cls` itself."""
    binding = cls.member("Meta")
    return binding if isinstance(binding, ClassInfo) else None


def effective_meta(project: Project, cls: ClassInfo) -> ClassInfo | None:
    """The ``Meta`` that counts for `cls`: its own, else that of its first abstract base that has one."""
    if (own := own_meta(cls)) is not None:
        return own
    for base in project.resolver.mro(cls)[1:]:
        if isinstance(base, ClassInfo) and base in project.graph.abstract and (meta := own_meta(base)):
            return meta
    return None


def meta_option(project: Project, cls: ClassInfo, name: str) -> Option | None:
    """Option `name` of `cls`, inherited along the bases of its ``Meta``; None where none is written.

    ``ordering`` and ``get_latest_by`` that a multi-table parent hands down are left out.
    """
    meta = effective_meta(project, cls)
    if meta is None:
        return None
    found = project.resolver.class_attribute(meta, name)
    if found is None or not isinstance(found[1], Value) or found[1].expr is None:
        return None
    home = found[0].owner
    return None if home is None else Option(home, found[1].code, found[1].expr)


def items(expr: ir.Expr | None) -> list[ir.Expr] | None:
    """Members of a list or tuple written out; None for anything else."""
    if isinstance(expr, ir.Display) and not any(isinstance(item, ir.Star) for item in expr.items):
        return expr.items
    return None


def text_of(node: ir.Expr | None) -> str | None:
    return node.value if isinstance(node, ir.Const) and isinstance(node.value, str) else None


def texts(node: ir.Expr | None) -> list[str] | None:
    """Members of a list or tuple of literal strings."""
    members = items(node)
    if members is None:
        return None
    found = [text_of(member) for member in members]
    return None if None in found else [text for text in found if text is not None]


def is_readable(project: Project, cls: ClassInfo, *names: str) -> bool:
    """Whether the options `names` of `cls` are all written out, or missing for certain."""
    meta = effective_meta(project, cls)
    if meta is None:
        return True
    if any(not isinstance(base, ClassInfo) and base.dotted != "builtins.object"
           for base in project.resolver.mro(meta)):  # fmt: skip
        return False
    for name in names:
        found = project.resolver.class_attribute(meta, name)
        if found is None:
            continue
        if not isinstance(found[1], Value) or items(found[1].expr) is None:
            return False
    return True


def model_classes(file: FileContext) -> Iterator[ClassInfo]:
    """The model classes that `file` defines, abstract ones included."""
    graph = file.project.graph
    for cls in file.classes():
        if graph.of_class(cls) is not None or cls in graph.abstract:
            yield cls


def class_place(file: FileContext, cls: ClassInfo) -> Place:
    """The line of a class statement, without its decorators and body."""
    start = cls.code.range(cls.node).start
    while not file.lines.line(start.line).lstrip().startswith("class "):
        start = Position(start.line + 1, start.column)
    line = file.lines.line(start.line).rstrip()
    return Place(file.path, Range(start, Position(start.line, len(line))))


# --- edits -----------------------------------------------------------------------------------------------


def add_index(file: FileContext, cls: ClassInfo, fields: list[str]) -> tuple[Edit, ...] | None:
    """Edits that give `cls` (in `file`) an index over `fields` in its ``Meta``; None where that is not simple."""
    imported = _index_name(file)
    if imported is None:
        return None
    spelled, edits = imported
    listed = ", ".join(f'"{name}"' for name in fields)
    item = f"{spelled}(fields=[{listed}])"
    meta = own_meta(cls)
    if meta is None:
        if effective_meta(file.project, cls) is not None:
            return None  # a class of its own would hide the inherited one
        return (*edits, *_new_meta(file, cls, item))
    option = meta.member("indexes")
    if option is None:
        if file.project.resolver.class_attribute(meta, "indexes") is not None:
            return None
        first = meta.node.body[0]
        start = meta.code.range(first).start
        indent = file.lines.line(start.line)[: start.column]
        if indent.strip():
            return None
        return (*edits, insert(file, start, f"indexes = [{item}]\n{indent}"))
    if not isinstance(option, Value) or not isinstance(option.expr, ir.Display) or option.expr.kind != "list":
        return None
    return (*edits, append_item(file, option.code, option.expr, item))


def _index_name(file: FileContext) -> tuple[str, list[Edit]] | None:
    """How to write ``models.Index``: in the style in which the file writes fields."""
    for bound, bindings in file.module.symbols.names.items():
        for binding in bindings:
            if getattr(binding, "module", None) == "django.db" and getattr(binding, "name", None) == "models":
                return f"{bound}.Index", []
    return import_name(file, "django.db.models", "Index")


def _new_meta(file: FileContext, cls: ClassInfo, item: str) -> tuple[Edit, ...]:
    """A ``Meta`` behind the last assignment of the class body."""
    last = cls.node.body[0]
    for statement in cls.node.body:
        if isinstance(statement, (ir.Assign, ir.ClassDef)):
            last = statement
    column = cls.code.range(cls.node.body[0]).start.column
    indent = " " * column
    end = cls.code.range(last).end
    line_end = Position(end.line, len(file.lines.line(end.line).rstrip("\r\n")))
    return (insert(file, line_end, f"\n\n{indent}class Meta:\n{indent}    indexes = [{item}]"),)


def append_item(file: FileContext, code: Code, display: ir.Display, text: str) -> Edit:
    """Add `text` as the last member of a list, laid out like the others."""
    end = code.range(display).end
    closing = Position(end.line, end.column - 1)
    if not display.items:
        return insert(file, closing, text)
    last = code.range(display.items[-1])
    before = file.lines.line(last.start.line)[: last.start.column]
    if not before.strip():  # one member per line
        return insert(file, last.end, f",\n{before}{text}")
    return insert(file, last.end, f", {text}")


def remove_member(file: FileContext, option: Option, item: ir.Expr) -> Edit:
    """Take one member out of an option that is a list or tuple, with its line where it has one to itself.

    The option goes with its last member, and ``Meta`` with its last option.
    """
    assert isinstance(option.expr, ir.Display)
    return _remove_option(file, option) or _remove_item(file, option.code, option.expr, item)


def _remove_option(file: FileContext, option: Option) -> Edit | None:
    """Take an option with one member out; None where more depends on it, or where a comment would be lost."""
    meta = own_meta(option.owner)
    if meta is None or meta.node.bases or meta.node.keywords or len(items(option.expr) or ()) != 1:
        return None  # an empty list says more than nothing where another `Meta` has the option too
    statement: ir.Stmt | None = next(
        (each for each in meta.node.body if isinstance(each, ir.Assign) and each.value is option.expr), None
    )
    if statement is None:
        return None
    if len(meta.node.body) > 1:
        return _remove_lines(file, meta.code.range(statement), "")
    bases = file.project.resolver.mro(option.owner)[1:]
    inherited = any(own_meta(base) is not None for base in bases if isinstance(base, ClassInfo))
    if inherited or len(option.owner.node.body) == 1 or meta.node.decorators:
        return _remove_lines(file, meta.code.range(statement), "pass")
    return _remove_lines(file, option.owner.code.range(meta.node), "", and_above=True)


def _remove_lines(file: FileContext, whole: Range, instead: str, *, and_above: bool = False) -> Edit | None:
    """Put `instead` in the place of a statement, which has its lines to itself, else None.

    Without `instead` the lines go, and with `and_above` also the empty ones above them.
    """
    lines = file.lines
    before = lines.line(whole.start.line)[: whole.start.column]
    if before.strip() or lines.line(whole.end.line)[whole.end.column :].strip() or "#" in lines.slice(whole):
        return None
    if instead:
        return Edit(file.path, whole, instead)
    first = whole.start.line
    while and_above and first > 0 and not lines.line(first - 1).strip():
        first -= 1
    start = Position(first - 1, len(lines.line(first - 1)))
    return Edit(file.path, Range(start, Position(whole.end.line, len(lines.line(whole.end.line)))), "")


def _remove_item(file: FileContext, code: Code, display: ir.Display, item: ir.Expr) -> Edit:
    """Take one member out of a list or tuple, with its comma; with its line where it has one to itself.

    The edits for the first and the second member overlap. So never all members go at once, and the last one takes
    the option along.
    """
    lines = file.lines
    text = lines.text
    whole = code.range(item)
    start, end = lines.offset(whole.start), lines.offset(whole.end)
    limit = lines.offset(code.range(display).end) - 1
    after = end
    while after < limit and text[after] in " \t\r\n":
        after += 1
    had_comma = after < limit and text[after] == ","
    number = next(number for number, each in enumerate(display.items) if each is item)
    before = lines.offset(code.range(display.items[number - 1]).end) if number else start
    if display.kind == "tuple" and len(display.items) == 2 and number == 1 and not had_comma:
        before += text[before:start].index(",") + 1  # what makes it a tuple
    if had_comma:
        end = after + 1
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    if not text[line_start:start].strip() and line_end != -1 and not text[end:line_end].strip():
        if number != 1 or "#" in text[before:start]:
            return Edit(file.path, Range(lines.position(line_start), lines.position(line_end + 1)), "")
        start, end = before, lines.offset(whole.end)
    elif had_comma:
        while end < limit and text[end] in " \t":
            end += 1
    else:
        start = before
    return Edit(file.path, Range(lines.position(start), lines.position(end)), "")
