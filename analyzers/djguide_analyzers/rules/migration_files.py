"""Migrations as they are written: their operations, and what they depend on."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, Module, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position

MIGRATION = "django.db.migrations.migration.Migration"
Dependency = tuple[str, str]
"""Label of an application, and the name of one of its migrations."""


def migration_class(project: Project, module: Module) -> ClassInfo | None:
    """The class of the migration in `module`; None when it is none."""
    binding = module.symbols.get("Migration") if "/migrations/" in module.path else None
    if not isinstance(binding, ClassInfo) or not project.resolver.is_subclass(binding, MIGRATION):
        return None
    return binding


def operations(file: FileContext) -> Iterator[tuple[str, ir.Call, Code]]:
    """The operations of the migration in `file`, nested ones included: their class's name and their call."""
    cls = migration_class(file.project, file.module)
    value = cls.member("operations") if cls is not None else None
    if cls is not None and isinstance(value, Value) and value.expr is not None:
        yield from _calls(file, value.code, value.expr, cls)


def _calls(
    file: FileContext, code: Code, node: ir.Expr, cls: ClassInfo
) -> Iterator[tuple[str, ir.Call, Code]]:
    for item in node.items if isinstance(node, ir.Display) else ():
        if not isinstance(item, ir.Call):
            continue
        dotted = file.resolve(code, item.func, cls) or ""
        if dotted.startswith("django."):
            yield dotted.rpartition(".")[2], item, code
        for part in (*item.args, *(keyword.value for keyword in item.keywords)):
            yield from _calls(file, code, part, cls)


def argument(node: ir.Call, position: int, name: str) -> ir.Expr | None:
    """What an operation is given at `position`, or by `name`."""
    return node.args[position] if len(node.args) > position else node.keyword(name)


def model_named(node: ir.Call, name: str = "model_name") -> str | None:
    """The model that an operation is about, in lower case; None where it is not written out."""
    given = argument(node, 0, name)
    return given.value.lower() if isinstance(given, ir.Const) and isinstance(given.value, str) else None


def is_atomic(file: FileContext, cls: ClassInfo) -> bool:
    """Whether neither the class nor a base of the project says otherwise."""
    found = file.project.resolver.class_attribute(cls, "atomic")
    return found is not None and found[0].dotted == MIGRATION


def without_transaction(file: FileContext, cls: ClassInfo) -> Edit | None:
    """The edit that makes the migration run outside of a transaction; None where there is no place for it."""
    values = [
        cls.member(name) for name in ("dependencies", "operations", "initial", "replaces", "run_before")
    ]
    lines = [
        value.code.range(value.expr).start.line for value in values if isinstance(value, Value) and value.expr
    ]
    if not lines:
        return None
    line = file.lines.line(min(lines))
    indent = line[: len(line) - len(line.lstrip())]
    return insert(file, Position(min(lines), 0), f"{indent}atomic = False\n\n")


def dependencies(cls: ClassInfo, option: str = "dependencies") -> list[Dependency] | None:
    """What a migration depends on (or replaces), swappable models aside; None where not all is written out."""
    value = cls.member(option)
    if value is None:
        return []
    if not isinstance(value, Value) or not isinstance(value.expr, ir.Display):
        return None
    found: list[Dependency] = []
    for item in value.expr.items:
        match item:
            case ir.Display(items=[ir.Const(value=str() as app), ir.Const(value=str() as name)]):
                found.append((app, name))
            case ir.Call():
                continue  # a model that may be swapped, of another application
            case _:
                return None
    return found


def siblings(file: FileContext) -> dict[str, ClassInfo]:
    """The migrations in the folder of `file`, itself included, by name."""
    return file.project.once(_by_folder).get(posixpath.dirname(file.path), {})


def _by_folder(project: Project) -> dict[str, dict[str, ClassInfo]]:
    """The migrations of each folder by name."""
    found: dict[str, dict[str, ClassInfo]] = {}
    for path, module in project.modules.items():
        if (cls := migration_class(project, module)) is not None:
            name = posixpath.basename(path).removesuffix(".py")
            found.setdefault(posixpath.dirname(path), {})[name] = cls
    return found


def leaves(file: FileContext) -> set[str] | None:
    """Names of the migrations in the folder of `file` that no other one follows; None where that is not known.

    Whoever depends on a migration that a squashed one replaces follows the latter.
    """
    return file.project.once(_leaves_by_folder).get(posixpath.dirname(file.path), set())


def _leaves_by_folder(project: Project) -> dict[str, set[str] | None]:
    return {folder: _leaves(known) for folder, known in project.once(_by_folder).items()}


def _leaves(known: dict[str, ClassInfo]) -> set[str] | None:
    followed: set[str] = set()
    squashed: dict[str, set[str]] = {}
    for own, cls in known.items():
        before, replaced = dependencies(cls), dependencies(cls, "replaces")
        if before is None or replaced is None:
            return None
        followed |= {name for _, name in before}
        squashed[own] = {name for _, name in replaced}
    gone = {name for replaced in squashed.values() for name in replaced}
    gone |= followed
    return {own for own in known if own not in gone and followed.isdisjoint(squashed[own])}


def is_newest(file: FileContext) -> bool:
    """Whether no other migration follows that in `file`: it is the one that is being written."""
    found = leaves(file)
    return found is not None and posixpath.basename(file.path).removesuffix(".py") in found
