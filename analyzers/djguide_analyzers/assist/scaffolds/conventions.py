"""How a project does it: where it keeps a kind of code, and which base classes of its own it uses."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable

from djguide_analyzers.assist.scaffolds.subject import Subject, app_folder
from djguide_analyzers.project.files import is_inside
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.project import Project


def home(subject: Subject, paths: Iterable[str], default: str, name: str | None = None) -> str:
    """The file that a new definition belongs into.

    Args:
        paths: The files of the project's definitions of this kind, each as often as it has one.
        default: Where Django's own documentation would put it, from the application's folder.
        name: Its file where there is one for each model; the model's name by default.
    """
    own_file = f"{name or subject.snake}.py"
    counted = Counter(paths)
    own = Counter({path: n for path, n in counted.items() if is_inside(path, subject.folder)})
    if own:
        return _next_to(own, own_file)
    elsewhere: Counter[str] = Counter()
    for path, number in counted.items():
        folder = _app_of(subject.project, path)
        if folder is not None:
            elsewhere[path[len(folder) + 1 :]] += number
    usual = f"{subject.folder}/{_next_to(elsewhere, own_file) if elsewhere else default}"
    path = usual if can_stand(subject, usual) else f"{subject.folder}/{default}"
    # Where the application has a package of that name, a module beside it would never be imported.
    package = path.removesuffix(".py")
    return f"{package}/{own_file}" if subject.source.read(f"{package}/__init__.py") is not None else path


def can_stand(subject: Subject, path: str) -> bool:
    """Whether no folder on the way to a new file becomes a package that hides a module of the same name."""
    folder = posixpath.dirname(path)
    while len(folder) > len(subject.folder):
        if subject.source.read(f"{folder}.py") is not None:
            return False
        folder = posixpath.dirname(folder)
    return True


def _next_to(counted: Counter[str], own_file: str) -> str:
    """The file with most of them, or a new one beside where each has a file of its own."""
    folders = Counter(posixpath.dirname(path) for path, number in counted.items() if number == 1)
    path, number = counted.most_common(1)[0]
    folder = posixpath.dirname(path)
    if number == 1 and folders[folder] > 1:
        return posixpath.join(folder, own_file)
    return path


def _app_of(project: Project, path: str) -> str | None:
    """The folder of the application that a file belongs to."""
    folders = {
        app_folder(model.cls.module) for model in project.graph if model.cls.module.origin == "project"
    }
    found = [folder for folder in folders if is_inside(path, folder)]
    return max(found, key=len) if found else None


def usual_base(project: Project, classes: Iterable[ClassInfo], default: tuple[str, str]) -> tuple[str, str]:
    """Module and name of the base class of the project's own that most of `classes` have; else `default`."""
    of_kind = list(classes)
    bases: Counter[ClassInfo] = Counter()
    for cls in of_kind:
        base = next(
            (
                base
                for base in project.resolver.mro(cls)[1:]
                if isinstance(base, ClassInfo) and base in of_kind
            ),
            None,
        )
        if base is not None:
            bases[base] += 1
    if not bases:
        return default
    found, number = bases.most_common(1)[0]
    others = len(of_kind) - len(bases)
    return (found.module.name, found.name) if number > 1 and number * 2 >= others else default


def own_classes(project: Project, base: str) -> list[ClassInfo]:
    """The project's classes that derive from the class called `base`."""
    return [
        cls
        for module in project.modules.values()
        for cls in module.classes()
        if cls.dotted != base and project.resolver.is_subclass(cls, base)
    ]
