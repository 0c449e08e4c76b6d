"""Which migrations come before another one, over all applications of the project."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.migration_files import Dependency, migration_class

_ENDS = ("__first__", "__latest__")


def own_migrations(file: FileContext) -> dict[Dependency, ClassInfo]:
    """The migrations of the applications of the project that `file` is of."""
    return file.project.once(migrations_of)


def migrations_of(project: Project) -> dict[Dependency, ClassInfo]:
    """The migrations of the applications of `project`, by application and name."""
    labels = {
        posixpath.dirname(model.cls.module.path): model.app_label
        for model in project.graph
        if model.cls.module.origin == "project"
    }
    found: dict[Dependency, ClassInfo] = {}
    for path, module in project.modules.items():
        folder, _, name = path.rpartition("/migrations/")
        cls = migration_class(project, module) if folder and "/" not in name else None
        if cls is not None:
            label = labels.get(folder) or labels.get(f"{folder}/models") or posixpath.basename(folder)
            found[(label, name.removesuffix(".py"))] = cls
    return found


def apps_before(file: FileContext, start: Dependency, known: dict[Dependency, ClassInfo]) -> set[str] | None:
    """The applications of which some migration certainly runs before `start`; None where that is not known."""
    found: set[str] = set()
    pending, seen = [start], set[Dependency]()
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        cls = known.get(current)
        if cls is None:
            continue  # of a package, whose migrations know nothing of the project
        named = _named(file, cls)
        if named is None:
            return None
        for label, name in named:
            found.add(label)
            if name in _ENDS:
                pending += [each for each in known if each[0] == label]
            else:
                pending.append((label, name))
    return found


def _named(file: FileContext, cls: ClassInfo) -> list[Dependency] | None:
    """What a migration depends on, the application of a swappable model included."""
    found: list[Dependency] = []
    for option in ("dependencies", "replaces"):
        value = cls.member(option)
        if value is None:
            continue
        if not isinstance(value, Value) or not isinstance(value.expr, ir.Display):
            return None
        for item in value.expr.items:
            one = _one(file, item)
            if one is None:
                return None
            found.append(one)
    return found


def _one(file: FileContext, item: ir.Expr) -> Dependency | None:
    match item:
        case ir.Display(items=[ir.Const(value=str() as label), ir.Const(value=str() as name)]):
            return label, name
        case ir.Call(func=ir.Attr(name="swappable_dependency"), args=[ir.Attr(name="AUTH_USER_MODEL")]):
            return file.project.graph.auth_user.partition(".")[0], "__first__"
    return None


def models_asked_for(file: FileContext) -> Iterator[tuple[ir.Call, str, str]]:
    """The ``apps.get_model("app", "Model")`` calls in the functions of `file`, with what they name."""
    for scope in file.scopes:
        for call, _ in scope.nodes(ir.Call):
            named = model_asked_for(call)
            if named is not None:
                yield call, *named


def model_asked_for(call: ir.Call) -> tuple[str, str] | None:
    """Application and name of the model that ``apps.get_model()`` is asked for."""
    func = call.func
    if not (isinstance(func, ir.Attr) and func.name == "get_model"):
        return None
    if not (isinstance(func.value, ir.Name) and func.value.id == "apps") or call.keywords:
        return None
    match call.args:
        case [ir.Const(value=str() as label), ir.Const(value=str() as name)]:
            return label, name
        case [ir.Const(value=str() as dotted)] if dotted.count(".") == 1:
            label, _, name = dotted.partition(".")
            return label, name
    return None
