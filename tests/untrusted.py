"""A project that nobody should trust: each of its Python files leaves a mark when it is run.

And a watch, to be put into a process, that tells of whatever a reader of such a project must not do.
"""

from __future__ import annotations

import os
from pathlib import Path

import djguide_analyzers
import djguide_server

ROOTS = [Path(module.__file__ or "").parents[1].as_posix() for module in (djguide_server, djguide_analyzers)]

TRAP = """\
import pathlib as _pathlib
(_pathlib.Path({marker!r}) / {name!r}).touch()
"""
SETTINGS = """\
import socket

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "shop", "lib"]
SECRET_KEY = open("/etc/hostname").read() + socket.gethostname()
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
"""
MODELS = """\
from django.db import models
from lib.models import Timed


class Author(models.Model):
    name = models.CharField(max_length=20)


class Book(Timed):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
"""
VIEWS = """\
from shop.models import Book


def names():
    if len(Book.objects.all()):
        return [book.author.name for book in Book.objects.all()]
"""
PYPROJECT = """\
[build-system]
requires = ["trap"]
build-backend = "backend"
backend-path = ["."]

[project]
name = "shop"
version = "1"
dependencies = ["django~=5.2.0"]

[tool.pytest.ini_options]
addopts = "-p plugin"

[tool.django-stubs]
django_settings_module = "project.settings"

[tool.djguide]
environment = ".venv"
"""
SITE = ".venv/lib/python3.11/site-packages"
PYTHON_FILES = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")\n',
    "conftest.py": "",
    "setup.py": "from setuptools import setup\nsetup()\n",
    "backend.py": "",
    "plugin.py": "",
    "sitecustomize.py": "",
    "usercustomize.py": "",
    "django/__init__.py": "",
    "asyncio.py": "",
    "click.py": "",
    "jedi.py": "",
    "lsprotocol/__init__.py": "",
    "msgspec.py": "",
    "pygls.py": "",
    "typing.py": "",
    "project/__init__.py": "",
    "project/settings.py": SETTINGS,
    "project/urls.py": "urlpatterns = []\n",
    "shop/__init__.py": "",
    "shop/apps.py": 'from django.apps import AppConfig\nclass ShopConfig(AppConfig):\n    name = "shop"\n',
    "shop/models.py": MODELS,
    "shop/views.py": VIEWS,
    "shop/templatetags/__init__.py": "",
    "shop/templatetags/shop_tags.py": "from django import template\nregister = template.Library()\n",
    "shop/migrations/__init__.py": "",
    "shop/migrations/0001_initial.py": "",
    f"{SITE}/sitecustomize.py": "",
    f"{SITE}/lib/__init__.py": "",
    f"{SITE}/lib/models.py": (
        "from django.db import models\nclass Timed(models.Model):\n    class Meta:\n        abstract = True\n"
    ),
    f"{SITE}/__editable___shop_finder.py": "MAPPING: dict[str, str] = {}\n",
}
OTHER_FILES = {
    "pyproject.toml": PYPROJECT,
    ".venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.11.0\n",
    f"{SITE}/django-5.2.3.dist-info/METADATA": "Metadata-Version: 2.1\nName: Django\nVersion: 5.2.3\n",
    "shop/templates/shop/list.html": "{% load shop_tags %}{% for book in books %}{{ book.author }}{% endfor %}",
}
AUDIT = """\
import os, socket, sys
root = os.path.realpath({root!r})
def below(path):
    if not isinstance(path, (str, bytes, os.PathLike)) or os.fsdecode(path).startswith("<"):
        return False
    return os.path.realpath(os.fsdecode(path)).startswith(root + os.sep)
def report(*what):
    os.write(2, ("VIOLATION " + " ".join(map(str, what)) + "\\n").encode())
WRITES = {{"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
          "os.utime", "os.chown", "shutil.rmtree", "shutil.copyfile", "os.putenv", "os.unsetenv"}}
PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty",
             "os.startfile", "pty.spawn")
def hook(event, args):
    if event == "socket.__new__" and args[1] == getattr(socket, "AF_UNIX", None):
        return  # an event loop wakes itself with a pair of these; binding and connecting are told apart
    if event.startswith("socket.") and event != "socket.gethostname":
        report(event, args)
    elif event in PROCESSES or event.startswith("ctypes.dlopen"):
        report(event, args)
    elif event == "open":
        path, mode, flags = args
        writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & (os.O_WRONLY | os.O_RDWR)
        if writes and below(path):
            report(event, args)
    elif event in WRITES and any(below(arg) for arg in args):
        report(event, args)
    elif event in ("exec", "compile"):
        name = getattr(args[0], "co_filename", "") if event == "exec" else args[1]
        if below(name) or (event == "exec" and name == "<unknown>"):  # where `ast.parse` says text comes from
            report(event, name)
sys.addaudithook(hook)
sys.argv = ["djguide", *{arguments!r}]
sys.path.insert(0, os.getcwd())  # as Python does for `python -m`
status = 0
try:
    from djguide_server.__main__ import main
    main()
except SystemExit as error:
    status = error.code
loaded = [m.__name__ for m in list(sys.modules.values()) if below(getattr(m, "__file__", None) or 0)]
if loaded:
    report("imported", loaded)
sys.exit(status)
"""


def write_project(root: Path, marker: Path) -> None:
    """Write the project into the folder `root`; its traps leave files in the folder `marker`."""
    trap = {name: TRAP.format(marker=str(marker), name=name.replace("/", "_")) for name in PYTHON_FILES}
    files = {name: trap[name] + text for name, text in PYTHON_FILES.items()}
    line = TRAP.format(marker=str(marker), name="pth").strip().replace("\n", "; ")
    pth = {f"{SITE}/trap.pth": line + "\nimport __editable___shop_finder\n"}
    for name, text in {**files, **OTHER_FILES, **pth}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def environment(project: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "DJANGO", "VIRTUAL"))
    }
    return kept | {
        "PYTHONPATH": os.pathsep.join(ROOTS),
        "XDG_CACHE_HOME": str(project.parent / "cache"),
        "VIRTUAL_ENV": str(project / ".venv"),
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }


def listing(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, time of change and contents of everything below `root`."""
    found: dict[str, tuple[int, int, bytes]] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[path.relative_to(root).as_posix()] = (status.st_mode, status.st_mtime_ns, content)
    return found
