"""Small projects with REST framework, linked without its code being at hand, or with it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from textwrap import dedent

import rest_framework

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.project.discovery import discover
from djguide_analyzers.project.endpoints import Endpoint, describe_endpoint
from djguide_analyzers.project.files import DiskFiles
from djguide_analyzers.project.link import link
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.serializers import Serializer, describe_serializer

SITE_PACKAGES = Path(rest_framework.__file__).parent.parent.as_posix()
SETTINGS = """\
SECRET_KEY = "x"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "project.urls"
"""


@cache
def _facts(text: str) -> ir.PyFacts:
    """Facts of a text, made once: all projects here read the same Django."""
    return python_facts(text)


def write(root: Path, files: dict[str, str]) -> None:
    """Write a project with one app, `shop`."""
    supplied = {
        "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")\n',
        "project/__init__.py": "",
        "project/settings.py": SETTINGS,
        "project/urls.py": "urlpatterns = []\n",
        "shop/__init__.py": "",
    }
    for name, text in (supplied | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


def project_of(root: Path, files: dict[str, str], *, installed: bool = False) -> Project:
    """The project that `files` make, REST framework at hand only when `installed`."""
    write(root, files)
    disk = DiskFiles()
    found = discover(disk, root.as_posix()).projects[0]

    def facts(path: str) -> ir.PyFacts | None:
        text = disk.read_text(path)
        return None if text is None else _facts(text)

    environment = SITE_PACKAGES if installed else (root / "nothing").as_posix()
    return link(disk, found, facts, workspace=root.as_posix(), environment=environment)


def cls(project: Project, dotted: str) -> ClassInfo:
    symbol = project.resolver.dotted(dotted)
    assert isinstance(symbol, ClassInfo), f"{dotted} is {symbol}"
    return symbol


def serializer(project: Project, name: str) -> Serializer:
    found = describe_serializer(project, cls(project, f"shop.serializers.{name}"))
    assert found is not None, name
    return found


def endpoint(project: Project, name: str) -> Endpoint:
    found = describe_endpoint(project, cls(project, f"shop.views.{name}"))
    assert found is not None, name
    return found
