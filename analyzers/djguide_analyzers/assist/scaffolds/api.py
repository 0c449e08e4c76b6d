"""A viewset for a model, with its serializer and its route."""

from __future__ import annotations

from collections import Counter

from djguide_analyzers.assist.refactorings.base import Change, Refactoring
from djguide_analyzers.assist.scaffolds.conventions import home, usual_base
from djguide_analyzers.assist.scaffolds.drafts import Draft, bracketed, change, marked, module_name
from djguide_analyzers.assist.scaffolds.routes import route_drafts
from djguide_analyzers.assist.scaffolds.subject import Subject
from djguide_analyzers.assist.scaffolds.values import manager
from djguide_analyzers.project.endpoint_permissions import default_permissions, view_permissions
from djguide_analyzers.project.endpoints import Endpoint, endpoints_of, view_model
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.rest_framework import Library, derives_from
from djguide_analyzers.project.serializers import serializers_of
from djguide_analyzers.rules.owners import owner_of

KIND = "refactor.djguide.new.viewset"
_SECRETS = ("password", "secret", "token", "hash")
_NO_COLUMN = frozenset({"BinaryField"})
_AUTHENTICATED = ("rest_framework.permissions", "IsAuthenticated")


def viewset(subject: Subject) -> Refactoring | None:
    """None where the project has no REST framework, a view of the model already, or no place for a route."""
    if not any(entry.value == "rest_framework" for entry in subject.project.settings.installed_apps()):
        return None
    endpoints = list(endpoints_of(subject.project))
    if any(view_model(subject.project, each) is subject.model for each in endpoints if each.is_generic):
        return None
    viewsets = [each for each in endpoints if each.is_viewset]
    if route_drafts(subject, _place(subject, viewsets)) is None:
        return None
    title = f"Add a viewset for {subject.name} with its serializer and route"
    return Refactoring(KIND, title, lambda: _change(subject, viewsets))


def _place(subject: Subject, viewsets: list[Endpoint]) -> tuple[str, str]:
    """Module and name of the viewset."""
    path = home(subject, (each.cls.module.path for each in viewsets), "views.py")
    return module_name(subject, path), f"{subject.name}ViewSet"


def _change(subject: Subject, viewsets: list[Endpoint]) -> Change | None:
    serializers = [each.cls for each in serializers_of(subject.project) if each.is_model]
    serializer_path = home(subject, (cls.module.path for cls in serializers), "serializers.py")
    view_path = home(subject, (each.cls.module.path for each in viewsets), "views.py")
    serializer = (module_name(subject, serializer_path), f"{subject.name}Serializer")
    view = _place(subject, viewsets)
    routes = route_drafts(subject, view)
    if routes is None:
        return None
    fields = _fields(subject)
    drafts = [
        Draft(serializer_path, _serializer(subject, serializers, fields), (serializer[1],)),
        Draft(view_path, _view(subject, viewsets, serializer, fields), (view[1],)),
    ]
    return change(subject, [*drafts, *routes])


# --- the serializer --------------------------------------------------------------------------------------


def _fields(subject: Subject) -> list[Field]:
    """What an API may show of a row: its columns and keys, nothing that has to stay secret."""
    return [
        field for field in subject.model.fields.values()
        if field.kind in ("column", "fk", "o2o", "m2m") and field.sure() and not field.parent_link
        and field.django_base not in _NO_COLUMN and not any(word in field.name.lower() for word in _SECRETS)
    ]  # fmt: skip


def _serializer(subject: Subject, serializers: list[ClassInfo], fields: list[Field]) -> str:
    base = usual_base(subject.project, serializers, ("rest_framework.serializers", "ModelSerializer"))
    # The framework's documentation, and nearly all code, says `serializers.ModelSerializer`.
    written = (
        "«rest_framework.serializers».ModelSerializer"
        if base[0].startswith("rest_framework")
        else marked(base)
    )
    names = bracketed("fields = ", [f'"{field.name}"' for field in fields], "        ", "[]")
    owner = owner_of(subject.project, subject.model)
    fixed = [
        f'"{field.name}"' for field in fields
        if field is owner or (field.kind == "m2m" and field.through and not field.through_auto)
    ]  # fmt: skip
    read_only = f"        {bracketed('read_only_fields = ', fixed, '        ', '[]')}\n" if fixed else ""
    return (
        f"class {subject.name}Serializer({written}):\n    class Meta:\n"
        f"        model = {marked(subject.place())}\n        {names}\n{read_only}"
    )


# --- the viewset -----------------------------------------------------------------------------------------


def _view(
    subject: Subject, viewsets: list[Endpoint], serializer: tuple[str, str], fields: list[Field]
) -> str:
    classes = [each.cls for each in viewsets if derives_from(each.line, "ModelViewSet")]
    base = usual_base(subject.project, classes, ("rest_framework.viewsets", "ModelViewSet"))
    own = base[0].startswith("rest_framework")
    written = "«rest_framework.viewsets».ModelViewSet" if own else marked(base)
    lines = [
        f"class {subject.name}ViewSet({written}):",
        f"    queryset = {_queryset(subject, fields)}",
        f"    serializer_class = {marked(serializer)}",
        *_permissions(subject, viewsets, None if own else base[1]),
    ]
    owner = owner_of(subject.project, subject.model)
    if owner is not None:
        lines += [
            "",
            "    def get_queryset(self):",
            f"        return super().get_queryset().filter({owner.name}=self.request.user)",
            "",
            "    def perform_create(self, serializer):",
            f"        serializer.save({owner.name}=self.request.user)",
        ]
    return "\n".join(lines) + "\n"


def _queryset(subject: Subject, fields: list[Field]) -> str:
    """All rows in a certain order, with the many-to-many keys that the serializer lists."""
    model = subject.model
    rows = f"{marked(subject.place())}.{manager(model)}"
    many = [f'"{field.name}"' for field in fields if field.kind == "m2m"]
    loaded = f".prefetch_related({', '.join(many)})" if many else ""
    ordered = "" if model.ordering and model.ordering_certain else '.order_by("pk")'
    return f"{rows}{ordered or ('' if loaded else '.all()')}{loaded}"


def _permissions(subject: Subject, viewsets: list[Endpoint], base: str | None) -> list[str]:
    """The permissions that most viewsets have, where neither the settings nor the base class give any."""
    project = subject.project
    inherited = next((each for each in viewsets if base is not None and each.cls.name == base), None)
    if inherited is not None and inherited.written("permission_classes") is not None:
        return []
    if default_permissions(project).let_anybody_write() is False:
        return []
    usual: Counter[tuple[str, str]] = Counter()
    for each in viewsets:
        found = view_permissions(project, each)
        if found.source != "view" or found.let_anybody_write() is not False or len(found.entries or ()) != 1:
            continue
        first = found.entries[0].line[0] if found.entries and found.entries[0].line else None
        if isinstance(first, Library):
            usual[("rest_framework.permissions", first.name)] += 1
        elif isinstance(first, ClassInfo):
            usual[(first.module.name, first.name)] += 1
    chosen = usual.most_common(1)[0][0] if usual else _AUTHENTICATED
    return [f"    permission_classes = [{marked(chosen)}]"]
