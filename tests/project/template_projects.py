"""Django projects with templates, linked, and what a real Django says of them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import django

from djguide_analyzers.facts.python import decode, encode, python_facts
from djguide_analyzers.facts.templates import template_facts
from djguide_analyzers.project.discovery import discover
from djguide_analyzers.project.files import DiskFiles
from djguide_analyzers.project.link import link
from djguide_analyzers.project.project import Project

MANAGE = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n'
HEAD = "from pathlib import Path\n\nBASE_DIR = Path(__file__).parent.parent\nSECRET_KEY = 'x'\n"
APPS = ["shop", "blog"]
ENGINE = '{{"BACKEND": "django.template.backends.django.DjangoTemplates", {}}}'


def settings(
    engine: str = '"DIRS": [BASE_DIR / "templates"], "APP_DIRS": True',
    apps: list[str] | None = None,
    more: str = "",
) -> str:
    """The text of a settings module with one engine of Django's."""
    installed = APPS if apps is None else apps
    return f"{HEAD}INSTALLED_APPS = {installed!r}\nTEMPLATES = [{ENGINE.format(engine)}]\n{more}"


@functools.cache
def _encoded(text: str) -> bytes:
    """Facts of a text; most texts are Django's and the same in every test."""
    return encode(python_facts(text))


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def project_of(root: Path, files: dict[str, str], settings_text: str | None = None) -> Project:
    """The linked project of `files` below `root`, with two applications and a settings module."""
    base = {
        "manage.py": MANAGE,
        "config/__init__.py": "",
        "config/settings.py": settings() if settings_text is None else settings_text,
        "shop/__init__.py": "",
        "blog/__init__.py": "",
    }
    write(root, {**base, **files})
    disk = DiskFiles()
    (found,) = discover(disk, root.as_posix()).projects

    def python(path: str) -> Any:
        text = disk.read_text(path)
        return None if text is None else decode(_encoded(text))

    def template(path: str) -> Any:
        text = disk.read_text(path)
        return None if text is None else template_facts(text)

    return link(disk, found, python, workspace=root.as_posix(), template_facts=template)


ORACLE = """\
import json, sys
import django
from django.conf import settings
from django.template import TemplateDoesNotExist, engines
django.setup()
backend = next(engine for engine in engines.all() if hasattr(engine, "engine"))
engine = backend.engine
found = {}
for name in json.loads(sys.argv[1]):
    try:
        found[name] = engine.find_template(name)[1].name
    except (TemplateDoesNotExist, IsADirectoryError, PermissionError):
        found[name] = None
libraries = {
    name: [sorted(library.tags), sorted(library.filters)] for name, library in engine.template_libraries.items()
}
builtins = [[sorted(library.tags), sorted(library.filters)] for library in engine.template_builtins]
processors = [f"{p.__module__}.{p.__qualname__}" for p in engine.template_context_processors]
print(json.dumps({"found": found, "libraries": libraries, "builtins": builtins, "processors": processors}))
"""


def oracle(root: Path, names: list[str]) -> dict[str, Any]:
    """What Django finds in the project below `root`, run in a process of its own."""
    path = os.pathsep.join([str(root), str(Path(django.__file__).parent.parent)])
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DJANGO"))}
    result = subprocess.run(
        [sys.executable, "-c", ORACLE, json.dumps(names)],
        env=env
        | {"PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)
