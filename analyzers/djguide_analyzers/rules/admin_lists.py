"""Columns of the admin's change list that load relations, and the option that joins them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Value
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.eager import eager_fix, split
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Place, Safety
from djguide_analyzers.rules.layout import line_limit, quoted
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range
from djguide_analyzers.trace.events import Loop
from djguide_analyzers.trace.frameworks import admin
from djguide_analyzers.trace.missing import Miss
from djguide_analyzers.trace.repeated import Repeated
from djguide_analyzers.trace.values import Query

OPTION = "list_select_related"


@dataclass(frozen=True)
class ChangeList:
    """The change list of one model, by the admin class that makes it."""

    file: FileContext
    cls: ClassInfo
    model: Model


def change_list(file: FileContext, loop: Loop, label: str) -> ChangeList | None:
    """The change list of model `label` that `loop` is."""
    for cls in file.classes():
        if cls.code == loop.site.code and cls.node.at == loop.site.at:
            model = file.project.graph.get(label)
            return ChangeList(file, cls, model) if model is not None else None
    return None


def column_place(shown: ChangeList, found: Miss | Repeated) -> Place:
    """Where the class lists the column; the class where it does so elsewhere, or says nothing."""
    calls = found.context.stack[found.loop.depth :]
    site = calls[0].site if calls else found.site
    own = shown.cls.member("list_display")
    if isinstance(own, Value) and own.code == site.code and site.at != shown.cls.node.at:
        return shown.file.place_of(site)
    return name_place(shown.file, shown.cls.code, shown.cls.node)


# --- the fix ---------------------------------------------------------------------------------------------


def fixes(shown: ChangeList, together: list[Miss]) -> tuple[Fix, ...]:
    """The fix that loads all that the columns of a change list miss, `together`.

    Joins go to ``list_select_related``, or to the class's own ``get_queryset()`` where that joins something
    already, since Django then passes the option by. What has to be prefetched goes to ``get_queryset()``.
    """
    rows = admin.own_rows(shown.file.project, shown.cls, shown.model)
    paths = [miss.path for miss in together if miss.kind != "deferred"]
    if rows is None or len(paths) < len(together):
        return ()
    joins, prefetches = split(shown.file.project.graph, rows, paths)
    if rows.combined or rows.only is not None or rows.deferred:
        # Django refuses to join what the queryset leaves out, and to load more with a union.
        return (Fix(f"Load {_quoted([*joins, *prefetches])} with the rows", Safety.MANUAL),)
    passed_by = bool(rows.select or rows.select_all)
    parts: list[Fix] = []
    if joins and not passed_by:
        parts.append(_in_option(shown, joins))
    there = [path for path in paths if passed_by or "__".join(path) in prefetches]
    if there:
        parts += _in_queryset(shown, rows, there)
    title = ", ".join(part.title for part in parts)
    if any(part.safety is Safety.MANUAL for part in parts):
        return (Fix(title, Safety.MANUAL),)
    safe = all(part.safety is Safety.SAFE for part in parts)
    edits = tuple(edit for part in parts for edit in part.edits)
    return (Fix(title, Safety.SAFE if safe else Safety.REVIEW, edits),)


def _in_queryset(shown: ChangeList, rows: Query, paths: list[tuple[str, ...]]) -> tuple[Fix, ...]:
    """Load `paths` in the class's own ``get_queryset()``, or in a new one."""
    own = shown.cls.member("get_queryset")
    joins, prefetches = split(shown.file.project.graph, rows, paths)
    if own is None:
        calls = [f"select_related({_quoted(joins)})"] if joins else []
        calls += [f"prefetch_related({_quoted(prefetches)})"] if prefetches else []
        edit = _method(shown, "super().get_queryset(request)." + ".".join(calls))
        title = "Load with " + " and ".join(calls)
        return (Fix(title, Safety.REVIEW, (edit,)) if edit is not None else Fix(title, Safety.MANUAL),)
    last = rows.chain[-1].site.code if rows.chain else None
    at_home = isinstance(own, FunctionInfo) and last == own.body_code
    made = eager_fix(
        shown.file, rows, paths, shown.cls.code if last is None else last, shared=bool(prefetches)
    )
    return made if at_home else tuple(Fix(fix.title, Safety.MANUAL) for fix in made)


def _method(shown: ChangeList, value: str) -> Edit | None:
    """A ``get_queryset()`` at the end of the class."""
    body = shown.cls.node.body
    if not body:
        return None
    first, end = shown.cls.code.range(body[0]).start, shown.cls.code.range(shown.cls.node).end
    indent = shown.file.lines.line(first.line)[: first.column]
    if indent.strip() or not indent:
        return None
    end = Position(end.line, len(shown.file.lines.line(end.line)))
    step = indent if "\t" in indent else "    "
    lines = [f"{indent}def get_queryset(self, request):", f"{indent}{step}return {value}"]
    return insert(shown.file, end, "\n\n" + "\n".join(lines))


def _in_option(shown: ChangeList, missed: list[str]) -> Fix:
    """Join `missed` by the class's option."""
    file, cls = shown.file, shown.cls
    project = file.project
    title = f"Join {_quoted(missed)} with {OPTION}"
    advice = Fix(title, Safety.MANUAL)
    if not admin.is_default(project, cls, "get_list_select_related") or _serves_others(shown):
        return advice
    found = project.resolver.class_attribute(cls, OPTION)
    if found is None or not isinstance(found[1], Value) or found[1].expr is None:
        return advice
    option = found[1].expr
    listed = _texts(option)
    if listed is None and not (isinstance(option, ir.Const) and isinstance(option.value, bool)):
        return advice
    own = cls.member(OPTION)
    if isinstance(own, Value) and isinstance(option, ir.Display) and listed:
        return Fix(title, Safety.SAFE, (_extended(file, own, option, listed, missed),))
    complete = True
    if listed is None:  # what Django has joined without being told has to be told from now on
        read, complete = admin.reads(project, cls, shown.model)
        paths = [miss.path for miss in read if miss.kind != "deferred"]
        missed = _deepest(split(project.graph, Query(shown.model.label), paths)[0])
    else:
        missed = [*listed, *missed]
    edit = _option(shown, own, missed)
    if edit is None or not missed:
        return advice
    return Fix(title, Safety.SAFE if complete else Safety.REVIEW, (edit,))


def _serves_others(shown: ChangeList) -> bool:
    """Whether the class is registered for other models, or other classes inherit its options."""
    for cls, models in admin.registered(shown.file.project).items():
        if shown.cls in shown.file.project.resolver.mro(cls) and any(m is not shown.model for m in models):
            return True
    return False


def _option(shown: ChangeList, own: object, paths: list[str]) -> Edit | None:
    """The option with `paths` in place of its value, or on a line of its own behind ``list_display``."""
    file, cls = shown.file, shown.cls
    if isinstance(own, Value) and own.expr is not None:
        range_ = own.code.range(own.expr)
        indent = file.lines.line(range_.start.line)
        return replace(file, range_, _tuple(file, paths, indent[: len(indent) - len(indent.lstrip())]))
    display = cls.member("list_display")
    if isinstance(display, Value) and display.expr is not None:
        statement = next((node for node in cls.node.body if _assigns(node, display.expr)), None)
        before = False
    else:
        statement = cls.node.body[0] if cls.node.body else None
        before = not _is_text(statement)
    if statement is None:
        return None
    range_ = cls.code.range(statement)
    indent = file.lines.line(range_.start.line)[: range_.start.column]
    if indent.strip() or not indent:
        return None
    text = f"{indent}{OPTION} = {_tuple(file, paths, indent)}"
    if before:
        if isinstance(statement, ir.Jump):  # nothing but ``pass``
            return replace(file, Range(Position(range_.start.line, 0), range_.end), text)
        gap = "\n" if isinstance(statement, (ir.FunctionDef, ir.ClassDef)) else ""
        return insert(file, Position(range_.start.line, 0), text + "\n" + gap)
    return insert(file, Position(range_.end.line, len(file.lines.line(range_.end.line))), "\n" + text)


def _assigns(node: ir.Stmt, value: ir.Expr) -> bool:
    return isinstance(node, ir.Assign) and node.value is value


def _is_text(node: ir.Stmt | None) -> bool:
    return isinstance(node, ir.ExprStmt) and isinstance(node.value, ir.Const)


def _tuple(file: FileContext, paths: list[str], indent: str) -> str:
    literals = [quoted(file, path) for path in paths]
    text = f"({literals[0]},)" if len(paths) == 1 else f"({', '.join(literals)})"
    if len(indent) + len(OPTION) + len(" = ") + len(text) <= line_limit(file):
        return text
    return "(\n" + "".join(f"{indent}    {literal},\n" for literal in literals) + f"{indent})"


def _extended(file: FileContext, own: Value, option: ir.Display, old: list[str], new: list[str]) -> Edit:
    """More paths in a tuple or list, laid out like it."""
    whole = own.code.range(option)
    if whole.start.line == whole.end.line and option.kind in ("tuple", "list"):
        opening, closing = ("[", "]") if option.kind == "list" else ("(", ")")
        listed = ", ".join(quoted(file, path) for path in [*old, *new])
        return replace(file, whole, f"{opening}{listed}{closing}")
    last = own.code.range(option.items[-1])
    indent = file.lines.line(last.start.line)[: last.start.column]
    separator = ", " if indent.strip() else ",\n" + indent
    return insert(file, last.end, "".join(separator + quoted(file, path) for path in new))


def _texts(node: ir.Expr) -> list[str] | None:
    """The texts of a list or tuple that is written out; None for anything else."""
    if not isinstance(node, ir.Display):
        return None
    texts = [item.value for item in node.items if isinstance(item, ir.Const) and isinstance(item.value, str)]
    return texts if len(texts) == len(node.items) else None


def _deepest(paths: list[str]) -> list[str]:
    """`paths` without those that another one passes."""
    unique = sorted(set(paths))
    return [path for path in unique if not any(other.startswith(path + "__") for other in unique)]


def _quoted(paths: list[str]) -> str:
    return ", ".join(json.dumps(path) for path in paths)
