"""Decorators: their names, and which of them leave a function's behaviour as it is written."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import FunctionInfo

if TYPE_CHECKING:
    from djguide_analyzers.project.project import Project

TRANSPARENT = frozenset(
    {
        "builtins.property",
        "builtins.classmethod",
        "builtins.staticmethod",
        "functools.cached_property",
        "functools.lru_cache",
        "functools.cache",
        "typing.override",
        "typing_extensions.override",
        "abc.abstractmethod",
        "django.utils.functional.cached_property",
        "django.db.transaction.atomic",
        "django.db.transaction.non_atomic_requests",
        "django.contrib.auth.decorators.login_required",
        "django.contrib.auth.decorators.permission_required",
        "django.contrib.auth.decorators.user_passes_test",
        "django.contrib.admin.decorators.display",
        "django.contrib.admin.decorators.action",
        "django.views.decorators.http.require_http_methods",
        "django.views.decorators.http.require_GET",
        "django.views.decorators.http.require_POST",
        "django.views.decorators.http.require_safe",
        "django.views.decorators.csrf.csrf_exempt",
        "django.views.decorators.cache.never_cache",
        "django.dispatch.dispatcher.receiver",
        "celery.shared_task",
        "celery.app.shared_task",
    }
)
"""Decorators that return what the function returns."""


def decorator_names(project: Project, info: FunctionInfo) -> tuple[str, ...]:
    """Dotted names of a function's decorators, outermost first; ``?`` for one that cannot be told."""
    cached = project.decorators.get(info)
    if cached is None:
        cached = tuple(_name(project, info, node) for node in info.node.decorators)
        project.decorators[info] = cached
    return cached


def _name(project: Project, info: FunctionInfo, node: ir.Expr) -> str:
    target = node.func if isinstance(node, ir.Call) else node
    symbol = project.resolver.expr(info.code, target, info.owner)
    if symbol is not None:
        return symbol.dotted
    if isinstance(target, ir.Name) and hasattr(builtins, target.id):
        return f"builtins.{target.id}"
    return "?"
