"""What a project makes use of: who may do what, database optimisation, background work, caching."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.template_ir import Cache
from djguide_analyzers.facts.template_ir import walk as walk_template
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoint_permissions import default_permissions
from djguide_analyzers.project.modules import Code
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.survey.access import of_endpoint
from djguide_analyzers.survey.values import Area, Feature, Spot

_CALLS: dict[str, tuple[Area, str, str]] = {
    "select_related": ("database", "select_related", "joins what is read along"),
    "prefetch_related": ("database", "prefetch_related", "loads related rows in one query each"),
    "bulk_create": ("database", "bulk writes", "many rows in one statement"),
    "bulk_update": ("database", "bulk writes", "many rows in one statement"),
    "annotate": ("database", "annotations", "computed by the database"),
    "aggregate": ("database", "aggregates", "computed by the database"),
    "select_for_update": ("database", "row locks", "select_for_update"),
    "on_commit": ("background", "work after the commit", "transaction.on_commit"),
    "delay": ("background", "tasks sent", "delay, apply_async"),
    "apply_async": ("background", "tasks sent", "delay, apply_async"),
    "delay_on_commit": ("background", "tasks sent after the commit", "delay_on_commit"),
}
"""Methods whose names tell what they do."""

_NAMES: dict[str, tuple[Area, str, str]] = {
    "django.db.transaction.atomic": ("database", "transactions", "transaction.atomic"),
    "django.db.models.query.Prefetch": ("database", "Prefetch objects", "prefetches with a queryset of their own"),
    "django.db.models.expressions.Subquery": ("database", "subqueries", "Subquery, Exists"),
    "django.db.models.expressions.Exists": ("database", "subqueries", "Subquery, Exists"),
    "django.core.cache.cache": ("caching", "cache", "calls of the cache"),
    "django.core.cache.caches": ("caching", "cache", "calls of the cache"),
    "django.views.decorators.cache.cache_page": ("caching", "cached views", "cache_page"),
    "django.utils.functional.cached_property": ("caching", "cached properties", "once per object"),
    "functools.cached_property": ("caching", "cached properties", "once per object"),
    "functools.lru_cache": ("caching", "memoised functions", "once per process"),
    "functools.cache": ("caching", "memoised functions", "once per process"),
    "django.contrib.auth.decorators.login_required": ("access", "login required", "views for users only"),
    "django.contrib.auth.mixins.LoginRequiredMixin": ("access", "login required", "views for users only"),
    "django.contrib.auth.decorators.permission_required": ("access", "permission required", "by permission"),
    "django.contrib.auth.mixins.PermissionRequiredMixin": ("access", "permission required", "by permission"),
    "django.contrib.auth.decorators.user_passes_test": ("access", "test of the user", "by a function"),
    "django.contrib.auth.mixins.UserPassesTestMixin": ("access", "test of the user", "by a function"),
    "django.contrib.admin.views.decorators.staff_member_required": ("access", "staff only", "by decorator"),
}  # fmt: skip
_LAST = frozenset(name.rpartition(".")[2] for name in _NAMES)
_PACKAGES: dict[str, tuple[Area, str]] = {
    "guardian": ("access", "permissions on single objects"),
    "rules": ("access", "permissions by predicate"),
    "oauth2_provider": ("access", "OAuth 2 provider"),
    "allauth": ("access", "accounts, also of other sites"),
    "rest_framework_simplejwt": ("access", "JSON web tokens"),
    "django_otp": ("access", "second factor"),
    "axes": ("access", "lock-out after failed logins"),
    "django_celery_beat": ("background", "periodic tasks in the database"),
    "django_celery_results": ("background", "results of tasks in the database"),
    "django_q": ("background", "task queue"),
    "django_rq": ("background", "task queue"),
    "huey": ("background", "task queue"),
    "dramatiq": ("background", "task queue"),
    "channels": ("background", "WebSockets"),
    "django_redis": ("caching", "Redis"),
    "cachalot": ("caching", "querysets"),
    "debug_toolbar": ("database", "shows queries while developing"),
    "silk": ("database", "profiles requests"),
}
"""Applications of others, by package."""


def features_of(files: list[FileContext]) -> list[Feature]:
    """What the settings say, then what code uses, the most frequent first."""
    if not files:
        return []
    project = files[0].project
    found: dict[tuple[Area, str, str], list[Spot]] = {}
    for file in files:
        for key, spot in _used(file):
            found.setdefault(key, []).append(spot)
    for source in project.templates.own():
        for node in walk_template(source.facts.nodes):
            if isinstance(node, Cache):
                spot = Spot(source.path, source.range(node).start.line)
                found.setdefault(("caching", "cached fragments", "{% cache %}"), []).append(spot)
    used = [Feature(*key, len(spots), spots[0]) for key, spots in found.items()]
    used.sort(key=lambda feature: (-feature.count, feature.name))
    return [*_declared(project), *_of_models(project), *used]


def _used(file: FileContext) -> Iterator[tuple[tuple[Area, str, str], Spot]]:
    for node, code in _nodes(file):
        known = None
        if isinstance(node, ir.Call) and isinstance(node.func, ir.Attr):
            known = _CALLS.get(node.func.name)
        if known is None and _last_name(node) in _LAST and isinstance(node, (ir.Name, ir.Attr)):
            dotted = file.resolve(code, node)
            known = _NAMES.get(dotted) if dotted is not None else None
        if known is not None:
            yield known, Spot(file.path, code.range(node).start.line)


def _last_name(node: ir.Node) -> str | None:
    return node.id if isinstance(node, ir.Name) else node.name if isinstance(node, ir.Attr) else None


def _nodes(file: FileContext) -> Iterator[tuple[ir.Node, Code]]:
    """Everything written in a file."""
    for chunk in file.module.facts.chunks:
        code = Code(file.module, chunk)
        yield from ((node, code) for node in walk(chunk.outline))
    for info in file.module.functions():
        yield from ((node, info.body_code) for node in walk(info.statements))


def _of_models(project: Project) -> Iterator[Feature]:
    own = [model for model in project.graph if model.cls.module.origin == "project" and not model.proxy]
    indexes = sum(len(model.indexes) for model in own)
    columns = sum(field.db_index for model in own for field in model.fields.values() if field.local)
    constraints = sum(len(model.constraints) + len(model.unique_together) for model in own)
    if indexes or columns:
        yield Feature("database", "indexes", f"{columns} on single columns, {indexes} in Meta.indexes")
    if constraints:
        yield Feature("database", "constraints", f"{constraints} over several columns or with conditions")


def _declared(project: Project) -> Iterator[Feature]:
    settings = project.settings
    if not settings.found:
        return
    yield Feature("access", "user model", settings.auth_user_model() or "auth.User")
    for name in (entry.value for entry in settings.entries("AUTHENTICATION_BACKENDS")):
        if isinstance(name, str):
            yield Feature("access", "authentication backend", name)
    apps = {str(entry.value).partition(".")[0] for entry in settings.installed_apps()}
    if "rest_framework" in apps:
        asked = of_endpoint(default_permissions(project)) or "AllowAny: open unless a view says otherwise"
        yield Feature("access", "permissions of API views", asked)
    for alias, database in settings.databases().items():
        engine = database.item("ENGINE").likely
        requests = (
            ", each request in a transaction" if True in database.item("ATOMIC_REQUESTS").alternatives else ""
        )
        if isinstance(engine, str):
            yield Feature("database", f"database {alias}", f"{engine.rpartition('.')[2]}{requests}")
    caches = settings.get("CACHES")
    for alias in caches.keys():  # noqa: SIM118 - a value of settings, no dictionary
        backend = caches.item(alias).item("BACKEND").likely
        if isinstance(alias, str) and isinstance(backend, str):
            yield Feature("caching", f"cache {alias}", backend.rpartition(".")[2])
    for package in sorted(apps & _PACKAGES.keys()):
        area, what = _PACKAGES[package]
        yield Feature(area, package, what)
