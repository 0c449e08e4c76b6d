"""Who may use a view, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from djguide_analyzers.facts import ir
from djguide_analyzers.project.endpoint_permissions import Permission, Permissions
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.access import ACCESS_MIXIN, class_decorations, function_decorations
from djguide_analyzers.rules.context import FileContext

_WORDS = {
    "login_required": "logged in",
    "LoginRequiredMixin": "logged in",
    "staff_member_required": "staff",
    "user_passes_test": "who passes a test",
    "UserPassesTestMixin": "who passes a test",
    "PermissionRequiredMixin": "with a permission",
    "permission_required": "with a permission",
}
_HINTS = ("login", "permission", "auth", "staff", "superuser", "access", "scope", "role")
_LOGIN_MIDDLEWARE = "django.contrib.auth.middleware.LoginRequiredMiddleware"
_OPENS = "django.contrib.auth.decorators.login_not_required"


Decorators = Sequence[tuple[str, ir.Expr]]
"""Dotted names, with what is written."""


def of_function(file: FileContext, info: FunctionInfo, around: Decorators = ()) -> str | None:
    """Who may call a function view; None when nothing restricts it as far as can be told.

    `around` are the decorators that URL patterns put around it.
    """
    return _told(file.project, [*around, *function_decorations(file, info)])


def of_class(file: FileContext, cls: ClassInfo, around: Decorators = ()) -> str | None:
    """The same for a class-based view, whose parents may restrict it as well."""
    resolver = file.project.resolver
    mixins = [
        (base.dotted, None)
        for base in resolver.mro(cls)
        if base.dotted != ACCESS_MIXIN and _hints(base.dotted.rpartition(".")[2])
    ]
    return _told(file.project, [*around, *class_decorations(file, cls), *mixins])


def of_endpoint(permissions: Permissions) -> str | None:
    """The permissions of an API view, by name."""
    if permissions.entries is None:
        return "decided in code" if permissions.source == "code" else "not known"
    names = [_permission(entry) for entry in permissions.entries]
    if not names or names == ["AllowAny"]:
        return None
    default = " (default)" if permissions.source == "settings" else ""
    return f"{' and '.join(names)}{default}"


def _permission(entry: Permission) -> str:
    if entry.operator == "~":
        return f"not {_permission(entry.parts[0])}"
    if entry.operator:
        word = " and " if entry.operator == "&" else " or "
        return f"({word.join(map(_permission, entry.parts))})"
    return entry.name or "?"


def _told(project: Project, found: Sequence[tuple[str, ir.Expr | None]]) -> str | None:
    words = list(dict.fromkeys(_words(found)))
    if not words and _OPENS not in (name for name, _ in found):
        middleware = (entry.value for entry in project.settings.middleware())
        if project.settings.found and _LOGIN_MIDDLEWARE in middleware:
            return "logged in"
    return ", ".join(words) or None


def _words(found: Sequence[tuple[str, ir.Expr | None]]) -> Iterator[str]:
    for dotted, node in found:
        name = dotted.rpartition(".")[2]
        if dotted.startswith("django.") and name in _WORDS:
            permission = node.args[0] if isinstance(node, ir.Call) and node.args else None
            if name == "permission_required" and isinstance(permission, ir.Const):
                yield f"with {permission.value}"
            else:
                yield _WORDS[name]
        elif not dotted.startswith("django.") and _hints(name):
            yield name


def _hints(name: str) -> bool:
    return any(hint in name.lower() for hint in _HINTS)
