"""The trust contract: a project is read, never run; no network, no processes, nothing written into it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    "msgspec.py": "",
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
COMMANDS = [
    ("check", "."),
    ("check", ".", "--output-format", "json"),
    ("check", ".", "--diff"),
    ("models", "."),
    ("doctor", "."),
]

AUDIT = """\
import os, sys
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


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """The folder in which a file appears for each trap that was run."""
    folder = tmp_path / "marker"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path, marker: Path) -> Path:
    """A project in which every Python file is a trap."""
    root = tmp_path / "shop"
    trap = {name: TRAP.format(marker=str(marker), name=name.replace("/", "_")) for name in PYTHON_FILES}
    files = {name: trap[name] + text for name, text in PYTHON_FILES.items()}
    line = TRAP.format(marker=str(marker), name="pth").strip().replace("\n", "; ")
    pth = {f"{SITE}/trap.pth": line + "\nimport __editable___shop_finder\n"}
    for name, text in {**files, **OTHER_FILES, **pth}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


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


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with `arguments` in the project's folder, as users start djguide there."""
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )


def listing(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, time of change and contents of everything below `root`."""
    found: dict[str, tuple[int, int, bytes]] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[path.relative_to(root).as_posix()] = (status.st_mode, status.st_mtime_ns, content)
    return found


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_code_of_the_project_runs(project: Path, marker: Path, arguments: tuple[str, ...]) -> None:
    result = run(project, "-m", "djguide_server", *arguments)
    assert result.returncode in (0, 1), result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in marker.iterdir()] == []


def test_the_traps_work(project: Path, marker: Path) -> None:
    run(project, str(project / "manage.py"))
    run(project, "-c", f"import site; site.addsitedir({str(project / SITE)!r})")
    assert {"manage.py", "pth"} <= {path.name for path in marker.iterdir()}


def test_the_project_is_really_read(project: Path) -> None:
    """Traps that nobody comes near prove nothing."""
    found = run(project, "-m", "djguide_server", "check", ".", "--output-format", "json")
    assert found.returncode == 1, found.stderr
    assert '"shop/views.py"' in found.stdout
    models = run(project, "-m", "djguide_server", "models", ".", "--format", "json")
    assert "shop.Book" in models.stdout
    assert "lib.models.Timed" in models.stdout


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_network_no_process_no_import_no_write(project: Path, arguments: tuple[str, ...]) -> None:
    result = run(project, "-c", AUDIT.format(root=str(project), arguments=list(arguments)))
    violations = [line for line in result.stderr.splitlines() if line.startswith("VIOLATION")]
    assert not violations
    assert result.returncode in (0, 1), result.stderr


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "socket"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import os; os.system('true')", "os.system"),
        ("open('new.txt', 'w')", "open"),
        ("import os; os.mkdir('new')", "os.mkdir"),
        ("import sys; sys.path.insert(0, ''); import shop.apps", "exec"),
        ("exec(compile(open('shop/apps.py').read(), 'shop/apps.py', 'exec'))", "compile"),
    ],
)
def test_the_watch_sees(project: Path, code: str, event: str) -> None:
    watch = AUDIT.format(root=str(project), arguments=[]).split("sys.argv = ")[0]
    result = run(project, "-c", f"{watch}\n{code}\n")
    assert f"VIOLATION {event}" in result.stderr


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_nothing_is_written_into_the_workspace(project: Path, arguments: tuple[str, ...]) -> None:
    before = listing(project)
    run(project, "-m", "djguide_server", *arguments)
    run(project, "-m", "djguide_server", *arguments)
    assert listing(project) == before


def test_the_cache_lies_in_the_users_cache_folder(project: Path) -> None:
    run(project, "-m", "djguide_server", "check", ".")
    assert {path.name for path in project.parent.iterdir()} == {"shop", "marker", "cache"}
    assert {path.name for path in (project.parent / "cache").iterdir()} == {"djguide"}


def test_a_read_only_workspace_and_home_are_no_obstacle(project: Path) -> None:
    expected = run(project, "-m", "djguide_server", "check", ".", "--output-format", "json")
    (project.parent / "blocked").write_text("a file where the cache folder should be")
    env = environment(project) | {"XDG_CACHE_HOME": str(project.parent / "blocked")}
    result = subprocess.run(
        [sys.executable, "-P", "-m", "djguide_server", "check", ".", "--output-format", "json"],
        cwd=project, env=env, capture_output=True, text=True, encoding="utf-8", timeout=180, check=False,
    )  # fmt: skip
    assert result.returncode == expected.returncode, result.stderr
    assert result.stdout.count('"code"') == expected.stdout.count('"code"')
