"""Decorators: their names, and which of them leave a function's behaviour as it is written."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.resolve import Symbol, ValueRef
from djguide_analyzers.trace import wrappers

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
        "django.views.decorators.cache.cache_control",
        "django.views.decorators.csrf.csrf_protect",
        "django.views.decorators.csrf.ensure_csrf_cookie",
        "django.views.decorators.csrf.requires_csrf_token",
        "django.views.decorators.debug.sensitive_post_parameters",
        "django.views.decorators.debug.sensitive_variables",
        "django.views.decorators.gzip.gzip_page",
        "django.views.decorators.vary.vary_on_cookie",
        "django.views.decorators.vary.vary_on_headers",
        "django.contrib.auth.decorators.login_not_required",
        "django.contrib.admin.views.decorators.staff_member_required",
        "django.core.checks.registry.register",
        "django.dispatch.dispatcher.receiver",
        "django.template.library.Library.filter",
        "django.template.library.Library.simple_tag",
        "django.template.Library.filter",
        "django.template.Library.simple_tag",
        "contextlib.asynccontextmanager",
        "contextlib.contextmanager",
        "celery.shared_task",
        "celery.app.shared_task",
        "celery.Celery.task",
        "celery.app.base.Celery.task",
        "rest_framework.decorators.action",
        "django_context_decorator.context",
        "django_scopes.scopes_disabled",
        "django_scopes.state.scopes_disabled",
        "drf_spectacular.utils.extend_schema",
        "drf_spectacular.utils.extend_schema_field",
        "rules.predicate",
        "rules.predicates.predicate",
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


def keeps_calls(project: Project, info: FunctionInfo) -> bool:
    """Whether a call of `info` does and returns what its body says, whatever decorates it."""
    return all(
        name in TRANSPARENT or _kept(project, info, node) is not None
        for name, node in zip(decorator_names(project, info), info.node.decorators, strict=True)
    )


def is_atomic(project: Project, info: FunctionInfo) -> bool:
    """Whether a decorator runs `info` inside a transaction."""
    return any(
        name == "django.db.transaction.atomic" or _kept(project, info, node) == "atomic"
        for name, node in zip(decorator_names(project, info), info.node.decorators, strict=True)
    )


def _kept(project: Project, info: FunctionInfo, node: ir.Expr) -> wrappers.Kept | None:
    called = isinstance(node, ir.Call)
    symbol = project.resolver.expr(info.code, node.func if isinstance(node, ir.Call) else node, info.owner)
    return wrappers.kept_by(symbol, called=called) if isinstance(symbol, FunctionInfo) else None


def _name(project: Project, info: FunctionInfo, node: ir.Expr) -> str:
    target = node.func if isinstance(node, ir.Call) else node
    symbol = project.resolver.expr(info.code, target, info.owner)
    if symbol is not None:
        return symbol.dotted
    if isinstance(target, ir.Name) and hasattr(builtins, target.id):
        return f"builtins.{target.id}"
    if isinstance(target, ir.Attr):
        cls = _class_of(project, project.resolver.expr(info.code, target.value, info.owner))
        return f"{cls.dotted}.{target.name}" if cls is not None else "?"
    return "?"


def _class_of(project: Project, held: Symbol | None) -> Symbol | None:
    """What is called to make the object that a module's variable holds: ``app = Celery("shop")``."""
    if not isinstance(held, ValueRef) or not isinstance(held.value.expr, ir.Call):
        return None
    return project.resolver.expr(held.value.code, held.value.expr.func, held.owner)
