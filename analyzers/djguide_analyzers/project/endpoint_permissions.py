"""Who may use an API view: its permission classes, those of the settings included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.project.endpoints import Endpoint, FunctionEndpoint
from djguide_analyzers.project.literals import Written, follow
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.rest_framework import (
    Ancestor,
    Library,
    attribute,
    dotted_name,
    is_certain,
    library_bases,
    library_name,
    lineage,
    lineage_of,
    readable,
)
from djguide_analyzers.project.settings_values import Const, Map, Missing, Seq, Value

Source = Literal["view", "settings", "default", "code"]
"""Where permissions come from: the class, the settings, the framework's default, or code that computes them."""

_GUARDS = ("get_permissions", "check_permissions", "initial", "dispatch", "initialize_request")
_HARMLESS_DECORATORS = (
    "drf_spectacular.",
    "drf_yasg.",
    "rest_framework.decorators.",
    "django.db.transaction.",
    "django.utils.decorators.sync_and_async",
    "django.views.decorators.cache.",
    "django.views.decorators.csrf.",
    "django.views.decorators.debug.",
    "django.views.decorators.gzip.",
    "django.views.decorators.vary.",
)
"""Beginnings of the names of decorators that ask nobody who they are."""
_DJANGO_GUARDS = frozenset(
    {
        "django.contrib.auth.mixins.AccessMixin",
        "django.contrib.auth.mixins.LoginRequiredMixin",
        "django.contrib.auth.mixins.PermissionRequiredMixin",
        "django.contrib.auth.mixins.UserPassesTestMixin",
    }
)


@dataclass(frozen=True, slots=True)
class Permission:
    """One entry of ``permission_classes``: a class by its hierarchy, or a composition of entries.

    `operator` is ``&``, ``|`` or ``~`` for compositions, with their `parts`; `line` is empty when the class is not
    known.
    """

    line: tuple[Ancestor, ...] = ()
    operator: str = ""
    parts: tuple[Permission, ...] = ()
    written: Written | None = None

    @property
    def name(self) -> str | None:
        """Bare name of the class."""
        first = self.line[0] if self.line else None
        return first.name if isinstance(first, (Library, ClassInfo)) else None

    @property
    def library(self) -> str | None:
        """Bare name when it is one of the framework's own classes itself."""
        first = self.line[0] if self.line else None
        return first.name if isinstance(first, Library) else None

    def lets_anybody_write(self) -> bool | None:
        """Whether requests without a login may write; None when that is not known."""
        if self.operator == "~":
            return None
        if self.operator:
            answers = [part.lets_anybody_write() for part in self.parts]
            decided = self.operator == "|"
            if decided in answers:
                return decided
            return None if None in answers else not decided
        if not self.line:
            return None
        if self.library == "AllowAny":
            return True
        own = attribute_of_permission(self.line, "has_permission")
        if own is not None:
            return False
        return self._inherited()

    def _inherited(self) -> bool | None:
        if not is_certain(self.line):
            return None
        names = [base.name for base in self.line if isinstance(base, Library)]
        if names[:1] == ["BasePermission"]:
            return None  # only has_object_permission: open for lists, closed for objects
        return "AllowAny" in names

    def looks_at_objects(self) -> bool | None:
        """Whether it has an object permission of its own; None when that is not known."""
        if self.operator:
            answers = [part.looks_at_objects() for part in self.parts]
            return True if True in answers else None if None in answers else False
        if not self.line:
            return None
        if attribute_of_permission(self.line, "has_object_permission") is not None:
            return True
        if any(isinstance(base, Library) and base.name == "DjangoObjectPermissions" for base in self.line):
            return True
        return False if is_certain(self.line) else None


def attribute_of_permission(line: tuple[Ancestor, ...], name: str) -> FunctionInfo | None:
    """The project's own definition of a permission's method."""
    found = attribute(line, name)
    return found.binding if found is not None and isinstance(found.binding, FunctionInfo) else None


@dataclass(frozen=True, slots=True)
class Permissions:
    """The permissions of a view; `entries` is None when they are not known. All entries must agree."""

    source: Source
    entries: tuple[Permission, ...] | None
    written: Written | None = None

    def let_anybody_write(self) -> bool | None:
        """Whether requests without a login may write; None when that is not known."""
        if self.entries is None:
            return None
        answers = [entry.lets_anybody_write() for entry in self.entries]
        return False if False in answers else None if None in answers else True

    def look_at_objects(self) -> bool | None:
        """Whether one of them has an object permission; None when that is not known."""
        if self.entries is None:
            return None
        answers = [entry.looks_at_objects() for entry in self.entries]
        return True if True in answers else None if None in answers else False


def view_permissions(project: Project, endpoint: Endpoint) -> Permissions:
    """The permissions that a class-based view asks for."""
    decorated = any(not _is_harmless(project, base) for base in readable(endpoint.line))
    if decorated or any(base.dotted in _DJANGO_GUARDS for base in endpoint.line):
        return Permissions("code", None)
    if any(not endpoint.is_default(name) for name in _GUARDS):
        return Permissions("code", None)
    found = endpoint.option("permission_classes")
    if found is not None and isinstance(found.owner, Library):
        if found.owner.name != "APIView":
            return Permissions("default", ())
        return default_permissions(project)
    written = endpoint.written("permission_classes")
    if written is None:
        return Permissions("code", None)
    return Permissions("view", permission_entries(project, written), written)


def function_permissions(project: Project, view: FunctionEndpoint) -> Permissions:
    """The permissions that a function view asks for."""
    decorator = view.decorators.get("permission_classes")
    if decorator is None:
        others = [each for each in view.function.node.decorators if each is not view.decorator]
        if not all(_is_harmless_decorator(project, view.function.code, each) for each in others):
            return Permissions("code", None)
        return default_permissions(project)
    if not isinstance(decorator, ir.Call) or not decorator.args:
        return Permissions("view", None)
    written = Written(decorator.args[0], view.function.code)
    return Permissions("view", permission_entries(project, written), written)


def _is_harmless(project: Project, cls: ClassInfo) -> bool:
    """Whether the decorators of a class let everybody through that the class itself does."""
    return all(_is_harmless_decorator(project, cls.code, each, cls.owner) for each in cls.node.decorators)


def _is_harmless_decorator(
    project: Project, code: Code, node: ir.Expr, owner: ClassInfo | None = None
) -> bool:
    call = node if isinstance(node, ir.Call) else None
    name = dotted_name(project.resolver, code, call.func if call is not None else node, owner) or ""
    if name == "django.utils.decorators.method_decorator" and call is not None and call.args:
        inner = call.args[0].items if isinstance(call.args[0], ir.Display) else [call.args[0]]
        return all(_is_harmless_decorator(project, code, each, owner) for each in inner)
    return name.startswith(_HARMLESS_DECORATORS)


def permission_entries(project: Project, written: Written) -> tuple[Permission, ...] | None:
    """The entries of a list or tuple of permission classes; None when it is not written out."""
    found = follow(project.resolver, written)
    if found is None:
        return None
    if isinstance(found.node, ir.Binary) and found.node.op == "+":
        left = permission_entries(project, Written(found.node.left, found.code, found.owner))
        right = permission_entries(project, Written(found.node.right, found.code, found.owner))
        return None if left is None or right is None else left + right
    if not isinstance(found.node, ir.Display):
        return None
    entries: list[Permission] = []
    for item in found.node.items:
        if isinstance(item, ir.Star):
            inner = permission_entries(project, Written(item.value, found.code, found.owner))
            if inner is None:
                return None
            entries += inner
        else:
            entries.append(permission(project, Written(item, found.code, found.owner)))
    return tuple(entries)


def permission(project: Project, written: Written) -> Permission:
    """One entry of ``permission_classes``."""
    node = written.node
    if isinstance(node, ir.Binary) and node.op in ("&", "|"):
        parts = tuple(
            permission(project, Written(part, written.code, written.owner))
            for part in (node.left, node.right)
        )
        return Permission((), node.op, parts, written)
    if isinstance(node, ir.Unary) and node.op == "~":
        inner = permission(project, Written(node.operand, written.code, written.owner))
        return Permission((), "~", (inner,), written)
    line = lineage_of(project.resolver, written.code, node, written.owner)
    if not line:
        found = follow(project.resolver, written)
        if found is not None and found is not written and isinstance(found.node, (ir.Binary, ir.Unary)):
            return permission(project, found)
    return Permission(line, written=written)


# --- settings --------------------------------------------------------------------------------------------


def api_setting(project: Project, name: str) -> Value | None:
    """An entry of ``REST_FRAMEWORK``; None when the settings are not known well enough to tell."""
    if not project.settings.found or project.settings.open or project.settings.is_part:
        return None
    whole = project.settings.get("REST_FRAMEWORK")
    if isinstance(whole.only, Missing):
        return whole
    if not any(isinstance(option, Map) for option in whole.options):
        return None
    value = whole.item(name)
    if whole.open and any(isinstance(option, Missing) for option in value.options):
        return None
    return value


def default_permissions(project: Project) -> Permissions:
    """What views without permissions of their own ask for."""
    value = api_setting(project, "DEFAULT_PERMISSION_CLASSES")
    if value is None:
        return Permissions("settings", None)
    if isinstance(value.only, Missing):
        return Permissions("default", (Permission((Library("AllowAny"),)),))
    if not isinstance(value.only, Seq) or not value.certain:
        return Permissions("settings", None)
    entries: list[Permission] = []
    for item in value.items():
        text = item.value.only.value if isinstance(item.value.only, Const) else None
        entries.append(Permission(_line(project, text) if isinstance(text, str) else ()))
    return Permissions("settings", tuple(entries))


def _line(project: Project, dotted: str) -> tuple[Ancestor, ...]:
    name = library_name(dotted)
    if name is not None:
        return tuple(Library(each) for each in library_bases(name))
    symbol = project.resolver.dotted(dotted)
    return lineage(project.resolver, symbol) if isinstance(symbol, ClassInfo) else ()
