"""An admin class for a model that has none."""

from __future__ import annotations

from djguide_analyzers.assist.refactorings.base import Change, Refactoring
from djguide_analyzers.assist.scaffolds.conventions import home, own_classes, usual_base
from djguide_analyzers.assist.scaffolds.drafts import Draft, change, marked, tuple_of
from djguide_analyzers.assist.scaffolds.subject import Subject
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.trace.frameworks.admin import ADMIN, registered

KIND = "refactor.djguide.new.admin"
_MAX_COLUMNS = 5
_LONG = frozenset({"TextField", "JSONField", "BinaryField", "FileField", "ImageField"})
_SEARCHED = frozenset({"CharField", "EmailField", "SlugField"})


def admin_class(subject: Subject) -> Refactoring | None:
    """None where the admin is not installed, or has the model already."""
    if subject.project.graph.get("admin.LogEntry") is None:
        return None
    if any(subject.model in models for models in registered(subject.project).values()):
        return None
    return Refactoring(KIND, f"Add an admin class for {subject.name}", lambda: _change(subject))


def _change(subject: Subject) -> Change | None:
    classes = own_classes(subject.project, ADMIN)
    path = home(subject, (cls.module.path for cls in classes), "admin.py")
    name = f"{subject.name}Admin"
    base = usual_base(subject.project, classes, ("django.contrib.admin", "ModelAdmin"))
    written = "«django.contrib.admin».ModelAdmin" if base[0].startswith("django.") else marked(base)
    lines = [tuple_of(f"    {option} = ", names, "    ") for option, names in _options(subject)]
    text = (
        f"@«django.contrib.admin».register({marked(subject.place())})\n"
        f"class {name}({written}):\n" + "\n".join(lines) + "\n"
    )
    return change(subject, [Draft(path, text, (name,))])


def _options(subject: Subject) -> list[tuple[str, list[str]]]:
    """Options of the class and the names that they list."""
    model = subject.model
    shown = _columns(subject)
    options = [("list_display", shown)]
    joined = [name for name in shown if name in model.fields and model.fields[name].is_forward_one]
    if joined:
        options.append(("list_select_related", joined))
    filtered = [field.name for field in _plain(model) if _is_filter(field)]
    if filtered:
        options.append(("list_filter", filtered))
    searched = [field.name for field in _plain(model) if _is_searched(field)]
    if searched:
        options.append(("search_fields", searched))
    keys = [
        field.name
        for field in model.fields.values()
        if field.kind in ("fk", "o2o", "m2m") and _is_edited(field)
    ]
    completed = [name for name in keys if _is_searchable(subject, model.fields[name].target)]
    if completed:
        options.append(("autocomplete_fields", completed))
    raw = [name for name in keys if name not in completed]
    if raw:
        options.append(("raw_id_fields", raw))
    automatic = [field.name for field in _plain(model) if _is_automatic(field)]
    if automatic:
        options.append(("readonly_fields", automatic))
    return options


def _columns(subject: Subject) -> list[str]:
    """What the list shows: the row's own text where it has one, and short columns."""
    model = subject.model
    fields = [field for field in _fields(model) if field.django_base not in _LONG and not _is_secret(field)]
    fields = [field for field in fields if not field.primary_key and field.kind in ("column", "fk", "o2o")]
    found = subject.project.resolver.class_attribute(model.cls, "__str__")
    own = found is not None and found[0].module.origin == "project"
    names = [field.name for field in fields][: _MAX_COLUMNS - own]
    return ["__str__", *names] if own or not names else names


def _fields(model: Model) -> list[Field]:
    return [field for field in model.fields.values() if not field.parent_link and field.sure()]


def _plain(model: Model) -> list[Field]:
    return [field for field in _fields(model) if field.kind == "column" and not _is_secret(field)]


def _is_secret(field: Field) -> bool:
    return any(word in field.name for word in ("password", "secret", "token"))


def _is_filter(field: Field) -> bool:
    with_choices = field.call is not None and field.call.keyword("choices") is not None
    return with_choices or field.django_base == "BooleanField"


def _is_searched(field: Field) -> bool:
    return field.django_base in _SEARCHED and not _is_filter(field)


def _is_automatic(field: Field) -> bool:
    return field.call is not None and any(
        field.call.keyword(option) is not None for option in ("auto_now", "auto_now_add")
    )


def _is_edited(field: Field) -> bool:
    if field.parent_link or not field.sure():
        return False
    if field.kind == "m2m" and field.through and not field.through_auto:
        return False  # it is edited by an inline
    return field.call is None or field.call.keyword("editable") is None


def _is_searchable(subject: Subject, label: str | None) -> bool:
    """Whether the admin has the related model, and can search it."""
    if label == "auth.User":
        return True
    for cls, models in registered(subject.project).items():
        if any(model.label == label for model in models):
            found = subject.project.resolver.class_attribute(cls, "search_fields")
            return (
                found is not None and isinstance(found[0], ClassInfo) and found[0].module.origin == "project"
            )
    return False
