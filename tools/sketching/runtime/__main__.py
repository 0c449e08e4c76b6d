"""``python -m sketching.runtime SPEC OUT``: says what the package of `SPEC` is made of, as JSON."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import json
import pkgutil
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import django
from django.conf import settings

_SKIPPED = (
    "tests",
    "test",
    "testing",
    "migrations",
    "management",
    "conftest",
    "testapp",
    "wsgi",
    "asgi",
    "__main__",
)


def configure(spec: dict[str, Any]) -> dict[str, Any]:
    """Set Django up with the applications of `spec`; returns the settings."""
    base = [
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", "django.contrib.sites",
    ]  # fmt: skip
    urls = types.ModuleType("scratch_urls")
    urls.urlpatterns = []  # type: ignore[attr-defined]
    sys.modules["scratch_urls"] = urls
    values: dict[str, Any] = {
        "SECRET_KEY": "scratch",
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        "INSTALLED_APPS": [*base, *(app for app in spec["apps"] if app not in base)],
        "ROOT_URLCONF": "scratch_urls",
        "USE_TZ": True,
        "SITE_ID": 1,
        "STATIC_URL": "/static/",
        "MEDIA_ROOT": "/nonexistent",
        "MIDDLEWARE": [],
        "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
        "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        **_spatial_libraries(),
        **_own_settings(spec),
        **spec.get("settings", {}),
    }
    settings.configure(**values)
    django.setup()
    return values


def _own_settings(spec: dict[str, Any]) -> dict[str, Any]:
    """The settings that a package brings for those who use it, with a database that needs no server."""
    if "settings_module" not in spec:
        return {}
    module = importlib.import_module(spec["settings_module"])
    values = {name: getattr(module, name) for name in dir(module) if name.isupper()}
    apps = [*values["INSTALLED_APPS"], *(app for app in spec["apps"] if app not in values["INSTALLED_APPS"])]
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    return {**values, "INSTALLED_APPS": apps, "DATABASES": {"default": database}, "SECRET_KEY": "scratch"}


def _spatial_libraries() -> dict[str, str]:
    """Where the wheels of pyogrio and shapely keep the libraries that GeoDjango loads."""
    packages = Path(django.__file__).parent.parent
    found = {
        "GDAL_LIBRARY_PATH": next(packages.glob("pyogrio.libs/libgdal*"), None),
        "GEOS_LIBRARY_PATH": next(packages.glob("shapely.libs/libgeos_c*"), None),
    }
    return {name: str(path) for name, path in found.items() if path is not None}


def import_all(roots: list[str]) -> None:
    """Import what can be imported of the packages, models first (done by Django's own setup)."""
    for root in roots:
        module = importlib.import_module(root)
        if hasattr(module, "__path__"):
            _import_below(module)


def _import_below(package: Any) -> None:
    for info in pkgutil.iter_modules(package.__path__):
        if info.name in _SKIPPED:
            continue
        try:
            module = importlib.import_module(f"{package.__name__}.{info.name}")
        except BaseException:  # an optional part whose own dependencies are missing, whatever it does then
            continue
        if info.ispkg:
            _import_below(module)


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):
        configure(spec)
        import_all(spec["imports"])
        from sketching.runtime.classes import Package  # needs a configured Django

        minimal = {
            name: {k: argument(v) for k, v in row.items()} for name, row in spec.get("minimal", {}).items()
        }
        package = Package(spec["imports"], set(spec.get("by_hand", ())), minimal)
        facts = {
            "distribution": spec["distribution"],
            "version": importlib.metadata.version(spec["distribution"]),
            "django": django.get_version(),
            "modules": package.facts(),
        }
    Path(sys.argv[2]).write_text(json.dumps(facts), "utf-8")


def argument(value: Any) -> Any:
    """An argument of the data file; ``{"import": "module:name"}`` stands for an object."""
    if isinstance(value, dict) and set(value) == {"import"}:
        module, _, name = value["import"].partition(":")
        return getattr(importlib.import_module(module), name)
    return value


if __name__ == "__main__":
    main()
