"""Class-based views, and the methods of theirs through which a request goes."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.atomicity import Regions
from djguide_analyzers.rules.bodies import Body, is_super

VIEW = "django.views.generic.base.View"
CALLED_BY = {
    "form_valid": ("post", "put"),
    "forms_valid": ("post",),
    "form_invalid": ("post",),
    "perform_create": ("create", "post"),
    "perform_update": ("update", "partial_update", "put", "patch"),
    "perform_destroy": ("destroy", "delete"),
    "create": ("post",),
    "update": ("put", "post"),
    "partial_update": ("patch",),
    "destroy": ("delete",),
    "delete": ("post", "dispatch"),
    "get": ("dispatch",),
    "post": ("dispatch",),
    "put": ("dispatch",),
    "patch": ("dispatch",),
}
"""Methods of views by those of the library that call them."""


def is_view(project: Project, cls: ClassInfo) -> bool:
    """Whether a class is a class-based view, Django REST framework's included."""
    return any(
        base.dotted == VIEW or base.dotted.startswith(("rest_framework.views.", "rest_framework.viewsets.",
                                                       "rest_framework.generics.", "django.views.generic."))
        for base in project.resolver.mro(cls)
    )  # fmt: skip


def descendants(project: Project) -> dict[ClassInfo, list[ClassInfo]]:
    """The project's classes with those that derive from each, itself included."""
    found: dict[ClassInfo, list[ClassInfo]] = {}
    for module in project.modules.values():
        for cls in module.classes():
            for base in project.resolver.mro(cls):
                if isinstance(base, ClassInfo) and base.module.origin == "project":
                    found.setdefault(base, []).append(cls)
    return found


def is_atomic_before(project: Project, cls: ClassInfo, name: str, depth: int = 0) -> bool:
    """Whether one of the methods of `cls` through which a request gets to method `name` is atomic."""
    for caller in CALLED_BY.get(name, ()) if depth < 5 else ():
        found = project.resolver.class_attribute(cls, caller)
        if found is None or not isinstance(found[1], FunctionInfo) or found[1].module.origin != "project":
            if is_atomic_before(project, cls, caller, depth + 1):
                return True
            continue
        body = Body(project, found[1])
        regions = Regions(body)
        for call in body.calls:
            func = call.func
            if not isinstance(func, ir.Attr) or func.name not in (caller, name) or not regions.at(call):
                continue
            if is_super(func.value) or body.is_self(func.value):
                return True
        if is_atomic_before(project, cls, caller, depth + 1):
            return True
    return False
