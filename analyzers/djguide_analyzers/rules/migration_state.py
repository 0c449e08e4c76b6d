"""The tables that an application's migrations make, read without running them."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.files import is_inside
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.app_migrations import migrations_of, own_migrations
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.migration_files import Dependency, argument, dependencies

State = dict[str, set[str]]
"""The names of the fields of each model, which is in lower case."""
_OPERATIONS = ("django.db.migrations.", "django.contrib.postgres.operations.")
_SAID = frozenset({"dependencies", "operations", "initial", "replaces", "run_before", "atomic"})
_WITHOUT_FIELDS = frozenset(
    {"AlterField", "AddIndex", "RemoveIndex", "RenameIndex", "AddConstraint", "RemoveConstraint",
     "AlterConstraint", "AlterModelOptions", "AlterModelTable", "AlterModelTableComment", "AlterModelManagers",
     "AlterUniqueTogether", "AlterIndexTogether", "AlterOrderWithRespectTo", "RunPython", "RunSQL",
     "AddIndexConcurrently", "RemoveIndexConcurrently", "AddConstraintNotValid", "ValidateConstraint",
     "CreateExtension", "TrigramExtension", "UnaccentExtension", "CITextExtension", "BtreeGinExtension",
     "BtreeGistExtension", "HStoreExtension", "CryptoExtension", "BloomExtension", "CreateCollation",
     "RemoveCollation"}
)  # fmt: skip


class _Unreadable(Exception):
    """The migrations do something that cannot be followed."""


def migrated_fields(file: FileContext, model: Model) -> State | None:
    """What all migrations of the application of `model` come to; None where not every one can be followed.

    So it is where the migrations are not those beside the model, as with an ``app_label`` of another application.
    """
    found = own_migrations(file)
    folders = {
        cls.module.path.rpartition("/migrations/")[0]
        for (label, _), cls in found.items()
        if label == model.app_label
    }
    if len(folders) != 1 or not is_inside(model.cls.module.path, *folders):
        return None
    return file.project.once(_states).get(model.app_label)


def _states(project: Project) -> dict[str, State | None]:
    """What the migrations come to, by application."""
    own: dict[str, dict[str, ClassInfo]] = {}
    for (label, name), cls in project.once(migrations_of).items():
        own.setdefault(label, {})[name] = cls
    return {label: _state(project, label, migrations) for label, migrations in own.items()}


def _state(project: Project, label: str, migrations: dict[str, ClassInfo]) -> State | None:
    state: State = {}
    try:
        for cls in _in_order(label, migrations):
            for name, node in _operations(project, cls):
                _apply(state, name, node)
    except _Unreadable:
        return None
    return state


def _in_order(label: str, own: dict[str, ClassInfo]) -> Iterator[ClassInfo]:
    """The migrations of an application, each behind those it depends on; squashed ones for what they replace."""
    instead = {
        replaced: name
        for name, cls in own.items()
        for replaced in _names(label, dependencies(cls, "replaces"))
    }
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> Iterator[ClassInfo]:
        name = _final(name, instead)
        if name in done:
            return
        if name in above or name not in own or set(own[name].members.names) - _SAID:
            raise _Unreadable
        for before in sorted(_names(label, dependencies(own[name]))):
            yield from visit(before, (*above, name))
        for replaced in [each for each, by in instead.items() if by == name and each in own]:
            for before in sorted(_names(label, dependencies(own[replaced]))):
                if _final(before, instead) != name:
                    yield from visit(before, (*above, name))
        done.add(name)
        yield own[name]

    for name in sorted(own):
        yield from visit(name, ())


def _final(name: str, instead: dict[str, str]) -> str:
    seen: set[str] = set()
    while name in instead and name not in seen:
        seen.add(name)
        name = instead[name]
    return name


def _names(label: str, found: list[Dependency] | None) -> list[str]:
    if found is None or any(app == label and name.startswith("__") for app, name in found):
        raise _Unreadable
    return [name for app, name in found if app == label]


def _operations(project: Project, cls: ClassInfo) -> Iterator[tuple[str, ir.Call]]:
    value = cls.member("operations")
    if isinstance(value, Value) and value.expr is not None:
        yield from _listed(project, cls, value.code, value.expr)
    elif value is not None:
        raise _Unreadable


def _listed(project: Project, cls: ClassInfo, code: Code, display: ir.Expr) -> Iterator[tuple[str, ir.Call]]:
    """The operations of a list with what they do to the state, those that are for the state only included."""
    if not isinstance(display, ir.Display):
        raise _Unreadable
    for item in display.items:
        symbol = project.resolver.expr(code, item.func, cls) if isinstance(item, ir.Call) else None
        if not isinstance(item, ir.Call) or symbol is None or not symbol.dotted.startswith(_OPERATIONS):
            raise _Unreadable
        name = symbol.dotted.rpartition(".")[2]
        if name == "SeparateDatabaseAndState":
            state = argument(item, 1, "state_operations")
            if state is not None:
                yield from _listed(project, cls, code, state)
        else:
            yield name, item
            if name == "RunSQL" and (state := argument(item, 2, "state_operations")) is not None:
                yield from _listed(project, cls, code, state)


def _apply(state: State, name: str, node: ir.Call) -> None:
    """Do to `state` what one operation does."""
    match name:
        case "CreateModel":
            state[_text(node, 0, "name").lower()] = set(_fields(node))
        case "DeleteModel":
            _fields_of(state, _text(node, 0, "name"))
            del state[_text(node, 0, "name").lower()]
        case "RenameModel":
            fields = _fields_of(state, _text(node, 0, "old_name"))
            del state[_text(node, 0, "old_name").lower()]
            state[_text(node, 1, "new_name").lower()] = fields
        case "AddField":
            _fields_of(state, _text(node, 0, "model_name")).add(_text(node, 1, "name"))
        case "RemoveField":
            _fields_of(state, _text(node, 0, "model_name")).discard(_text(node, 1, "name"))
        case "RenameField":
            fields = _fields_of(state, _text(node, 0, "model_name"))
            fields.discard(_text(node, 1, "old_name"))
            fields.add(_text(node, 2, "new_name"))
        case _ if name not in _WITHOUT_FIELDS:
            raise _Unreadable


def _fields(node: ir.Call) -> Iterator[str]:
    """The names of the fields that ``CreateModel`` is given; its bases must bring none of their own."""
    display, bases = argument(node, 1, "fields"), argument(node, 3, "bases")
    if not isinstance(display, ir.Display) or not isinstance(bases, (ir.Display, type(None))):
        raise _Unreadable
    for item in display.items:
        if (
            not isinstance(item, ir.Display)
            or len(item.items) != 2
            or not isinstance(item.items[0], ir.Const)
        ):
            raise _Unreadable
        yield str(item.items[0].value)


def _fields_of(state: State, model: str) -> set[str]:
    if model.lower() not in state:
        raise _Unreadable
    return state[model.lower()]


def _text(node: ir.Call, position: int, name: str) -> str:
    given = argument(node, position, name)
    if not isinstance(given, ir.Const) or not isinstance(given.value, str):
        raise _Unreadable
    return given.value
