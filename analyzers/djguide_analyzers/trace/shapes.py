"""What a parameter or an attribute is, by what is read from it.

Something of which nothing else is known is an instance of a model when one model of the project, and no other class
of it, has everything that is read from it, a relation among them. One that is called like the model needs less.
"""

from __future__ import annotations

import re

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.project import Project

MIN_NAMES = 2
"""Attributes in which nothing but the one model may agree with the code."""

MIN_NAMES_BESIDES = 3
"""Attributes that a model has to have besides those that a decorator of its class may have added."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_OF_ALL_MODELS = frozenset({"pk", "id", "objects", "save", "delete", "refresh_from_db", "full_clean"})


def model_by_use(project: Project, info: FunctionInfo, name: str) -> str | None:
    """Label of the one model that parameter `name` can be an instance of; None when that cannot be told."""
    if info.module.origin != "project" or (info.owner is not None and info.node.params.items[0].name == name):
        return None
    return _label(project, name, info.once(_used).get(name, frozenset()))


def model_of_attribute(project: Project, cls: ClassInfo, name: str) -> str | None:
    """Label of the model that ``self.name`` is of, by its name and by what methods of `cls` read from it."""
    used: set[str] = set()
    for base in project.resolver.mro(cls):
        if isinstance(base, ClassInfo) and base.module.origin == "project":
            for info in base.methods():
                used |= info.once(_used_of_attributes).get(name, frozenset())
    return _called(project, name, frozenset(used))


def _label(project: Project, name: str, used: frozenset[str]) -> str | None:
    if used not in project.shapes:
        project.shapes[used] = _model(project, used) if len(used) >= MIN_NAMES else None
    return project.shapes[used] or _called(project, name, used)


def _called(project: Project, name: str, used: frozenset[str]) -> str | None:
    """Label of the one class that is called `name`, a model that has all of `used`; None for anything else."""
    if not used:
        return None
    found = project.once(_names_of_classes).get(name, ())
    model = project.models.get(found[0]) if len(found) == 1 else None
    if model is None or not _has_all(project, model, used):
        return None
    return model.label


def _names_of_classes(project: Project) -> dict[str, list[str]]:
    """What instances of classes are usually called: labels of models, and dotted names of the project's others."""
    found: dict[str, list[str]] = {}
    models = [model for model in project.graph if not model.proxy]
    for model in models:
        found.setdefault(_spaced(model.cls.name), []).append(model.label)
    for module in project.modules.values():
        for cls in module.classes():
            if project.graph.of_class(cls) is None and _spaced(cls.name) in found:
                found[_spaced(cls.name)].append(cls.dotted)
    return found


def _spaced(name: str) -> str:
    """``OrderLine`` as ``order_line``."""
    return _HUMP.sub("_", name).lower()


def _used_of_attributes(info: FunctionInfo) -> dict[str, frozenset[str]]:
    """Attributes read from each attribute of ``self``."""
    if info.owner is None or not info.node.params.items:
        return {}
    receiver = info.node.params.items[0].name
    found: dict[str, set[str]] = {}
    for node in walk(info.statements):
        match node:
            case ir.Attr(value=ir.Attr(value=ir.Name(id=base), name=held), name=attribute) if (
                base == receiver
            ):
                found.setdefault(held, set()).add(attribute)
    return {name: frozenset(used) - _OF_ALL_MODELS for name, used in found.items()}


def _used(info: FunctionInfo) -> dict[str, frozenset[str]]:
    """Attributes read from each name; none when it is bound to something else somewhere."""
    found: dict[str, set[str]] = {}
    bound: set[str] = set()
    for node in walk(info.statements):
        match node:
            case ir.Attr(value=ir.Name(id=base), name=attribute):
                found.setdefault(base, set()).add(attribute)
            case ir.Assign(targets=targets, value=value):
                names = {target.id for target in targets if isinstance(target, ir.Name)}
                bound.update(name for name in names if not _is_read_again(value, name))
            case ir.For(target=ir.Name(id=name)) | ir.Walrus(target=name):
                bound.add(name)
            case _:
                pass
    return {name: frozenset(used) - _OF_ALL_MODELS for name, used in found.items() if name not in bound}


def _is_read_again(value: ir.Expr | None, name: str) -> bool:
    """Whether `value` is the same row, fetched anew: ``Order.objects.select_for_update().get(pk=order.pk)``."""
    match value:
        case ir.Call(func=ir.Attr(name="get" | "aget"), keywords=[ir.Keyword(name="pk" | "id", value=key)]):
            return isinstance(key, ir.Attr) and isinstance(key.value, ir.Name) and key.value.id == name
        case _:
            return False


def _model(project: Project, used: frozenset[str]) -> str | None:
    candidates = [model for model in project.graph if not model.proxy and _has_all(project, model, used)]
    top = [model for model in candidates if not _inherits(project, model, candidates)]
    if len(top) != 1 or not any(_is_relation(top[0], name) for name in used):
        return None
    own = sum(
        name in top[0].fields or name in top[0].reverse or _is_its_own(project, top[0], name) for name in used
    )
    if own < MIN_NAMES or any(used <= names for names in _plain_classes(project)):
        return None
    return top[0].label


def _has_all(project: Project, model: Model, used: frozenset[str]) -> bool:
    missing = sum(not _has(project, model, name) for name in used)
    if not missing:
        return True
    # A decorator may have added what the class does not say; then the rest has to speak for itself.
    return len(used) - missing >= MIN_NAMES_BESIDES and _is_decorated(project, model)


def _has(project: Project, model: Model, name: str) -> bool:
    if name in model.fields or name in model.reverse or model.field_of_attname(name) is not None:
        return True
    return project.resolver.class_attribute(model.cls, name) is not None


def _is_its_own(project: Project, model: Model, name: str) -> bool:
    """Whether `name` is a member that the project defines for `model` and for no other class."""
    found = project.resolver.class_attribute(model.cls, name)
    if (
        found is None
        or found[0].module.origin != "project"
        or any(name in n for n in _plain_classes(project))
    ):
        return False
    return all(
        other is model or not _has(project, other, name) or _inherits(project, other, [model])
        for other in project.graph
    )


def _is_decorated(project: Project, model: Model) -> bool:
    line = project.resolver.mro(model.cls)
    return any(isinstance(base, ClassInfo) and base.node.decorators for base in line)


def _inherits(project: Project, model: Model, others: list[Model]) -> bool:
    return any(
        other is not model and project.resolver.is_subclass(model.cls, other.cls.dotted) for other in others
    )


def _is_relation(model: Model, name: str) -> bool:
    field = model.fields.get(name)
    return name in model.reverse if field is None else field.kind != "column"


def _plain_classes(project: Project) -> list[frozenset[str]]:
    """Names of everything that instances of the project's classes other than models have."""
    if project.plain_classes is None:
        project.plain_classes = [
            _names(project, cls)
            for module in project.modules.values()
            for cls in module.classes()
            if project.graph.of_class(cls) is None
        ]
    return project.plain_classes


def _names(project: Project, cls: ClassInfo) -> frozenset[str]:
    names: set[str] = set()
    for base in project.resolver.mro(cls):
        if isinstance(base, ClassInfo) and base.module.origin == "project":
            names |= base.members.names.keys()
            for info in base.methods():
                names |= {dotted.partition(".")[2] for dotted in info.node.sets if dotted.count(".") == 1}
    return frozenset(names)
