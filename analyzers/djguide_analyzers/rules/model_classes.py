"""Model classes as they are declared: where their fields end up, and what their methods do to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model, ModelGraph
from djguide_analyzers.project.models.sketches import is_sketch
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import HARMLESS, External
from djguide_analyzers.rules.context import FileContext

MODEL = "django.db.models.base.Model"


def declared_models(file: FileContext) -> Iterator[ClassInfo]:
    """The model classes of `file`, abstract ones included."""
    for cls in file.classes():
        if cls.dotted != MODEL and file.project.resolver.is_subclass(cls, MODEL):
            yield cls


def models_with(project: Project, cls: ClassInfo) -> list[Model]:
    """The models that inherit what `cls` declares, its own first."""
    resolver = project.resolver
    found = [model for model in project.graph if cls in resolver.mro(model.cls)]
    return sorted(found, key=lambda model: model.cls is not cls)


def column(graph: ModelGraph, cls: ClassInfo, name: str) -> Field | None:
    """The field or raw value `name` of the model or abstract class `cls`; None where it may be another one."""
    model = graph.of_class(cls) or graph.abstract_models.get(cls)
    if model is None:
        return None
    found = model.fields.get(name) or model.field_of_attname(name)
    return found if found is not None and found.sure() else None


# --- methods ---------------------------------------------------------------------------------------------


def is_own(info: FunctionInfo) -> bool:
    """Whether a function is neither Django's nor a package's."""
    return info.module.origin == "project"


def self_name(info: FunctionInfo) -> str | None:
    """What a method calls its instance."""
    params = info.node.params.items
    return params[0].name if params and params[0].kind in ("pos", "any") else None


def nodes_within(info: FunctionInfo) -> Iterator[tuple[ir.Node, Code]]:
    """All nodes of a function's body, with those of functions defined in it, each with its table."""
    for node in walk(info.statements):
        yield node, info.body_code
        if isinstance(node, ir.FunctionDef):
            yield from nodes_within(FunctionInfo(node, info.body_code, info.owner, info))


def method(project: Project, cls: ClassInfo, name: str) -> FunctionInfo | None:
    """The method `name` of `cls` where the project's own code defines it; None when Django's is in effect."""
    found = project.resolver.class_attribute(cls, name)
    if found is None or not isinstance(found[1], FunctionInfo) or not is_own(found[1]):
        return None
    return found[1]


def overrides(project: Project, cls: ClassInfo, name: str) -> list[FunctionInfo]:
    """All definitions of method `name` in the project's classes of the hierarchy of `cls`, nearest first."""
    found = [
        base.member(name) for base in project.resolver.mro(cls) if isinstance(base, ClassInfo)
    ]  # fmt: skip
    return [info for info in found if isinstance(info, FunctionInfo) and is_own(info)]


def reached(project: Project, cls: ClassInfo, names: Iterable[str]) -> list[FunctionInfo]:
    """The project's methods that run when the methods called `names` are called on an instance of `cls`.

    Every override of the hierarchy counts, since each calls the next, and so do methods called on the instance.
    """
    found: list[FunctionInfo] = []
    pending = list(names)
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for info in overrides(project, cls, name):
            found.append(info)
            pending += called_on_self(info)
    return found


def called_on_self(info: FunctionInfo) -> Iterator[str]:
    """Names of the methods that `info` calls on its own instance."""
    own = self_name(info)
    for node, _ in nodes_within(info):
        if isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and is_name(node.func.value, own):
            yield node.func.name


def is_name(node: ir.Expr | None, name: str | None) -> bool:
    return isinstance(node, ir.Name) and node.id == name


def targets(node: ir.Node) -> Iterator[ir.Expr]:
    """What a statement assigns to, unpacked."""
    if isinstance(node, ir.Assign):
        pending = list(node.targets) if node.value is not None else []
    elif isinstance(node, (ir.AugAssign, ir.For)):
        pending = [node.target]
    else:
        return
    while pending:
        target = pending.pop()
        if isinstance(target, ir.Display):
            pending += target.items
        elif isinstance(target, ir.Star):
            pending.append(target.value)
        else:
            yield target


def assigned(info: FunctionInfo, instance: str | None = None) -> set[str]:
    """Attributes of `instance` (of ``self`` when not given) that `info` sets; ``*`` for names it computes."""
    own = instance or self_name(info)
    found: set[str] = set()
    for node, _ in nodes_within(info):
        for target in targets(node):
            if isinstance(target, ir.Attr) and is_name(target.value, own):
                found.add(target.name)
        if isinstance(node, ir.Call) and is_name(node.func, "setattr") and len(node.args) == 3:
            name = node.args[1]
            if is_name(node.args[0], own):
                known = isinstance(name, ir.Const) and isinstance(name.value, str)
                found.add(name.value if known else "*")  # type: ignore[union-attr, arg-type]
    return found


def read(info: FunctionInfo, instance: str | None = None) -> set[str]:
    """Attributes of `instance` (of ``self`` when not given) that `info` reads, methods called on it left out."""
    own = instance or self_name(info)
    stored = {id(target) for node, _ in nodes_within(info) for target in targets(node)}
    called = {id(node.func) for node, _ in nodes_within(info) if isinstance(node, ir.Call)}
    return {
        node.name
        for node, _ in nodes_within(info)
        if isinstance(node, ir.Attr)
        and is_name(node.value, own)
        and id(node) not in stored
        and id(node) not in called
    }


_FILLS = ("save", "asave", "save_base", "clean", "full_clean", "clean_fields", "__init__")


def is_filled(project: Project, cls: ClassInfo, name: str) -> bool:
    """Whether a model that inherits field `name` from `cls` sets it by itself on its way to the database."""
    classes = {cls, *(model.cls for model in models_with(project, cls))}
    return any(
        not {name, f"{name}_id", "*"}.isdisjoint(assigned(info))
        for each in classes
        for info in reached(project, each, _FILLS)
    )


def is_readable(project: Project, cls: ClassInfo) -> bool:
    """Whether no class of the hierarchy is hidden in a package that cannot be read.

    Sketches of such packages tell the columns of their models, and nothing of their methods.
    """
    return not any(
        base.dotted not in HARMLESS if isinstance(base, External) else is_sketch(base.module)
        for base in project.resolver.mro(cls)
    )
