"""Where a project's files name its settings module: entry scripts and the configuration of tools, as text."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from djguide_analyzers.project.files import FileSystem
from djguide_analyzers.project.walk import Tree

_ENTRY_SCRIPTS = {
    "manage.py": 1, "wsgi.py": 2, "asgi.py": 2, "celery.py": 3, "celery_app.py": 3, "celeryapp.py": 3,
    "__main__.py": 3, "runtests.py": 6, "conftest.py": 6,
}  # fmt: skip
"""File names that tend to set ``DJANGO_SETTINGS_MODULE``, with their rank: a smaller one is preferred."""

_OTHER_SCRIPT, _CONTENT = 5, 8
_STUBS, _TEST = 4, 5

_VARIABLE = re.compile(
    r"""["']DJANGO_SETTINGS_MODULE["']\s*[\],]\s*=?\s*"""
    r"""(?:f["'](?P<prefix>[\w.]+)\.\{|["'](?P<module>[\w.]+)["']|(?P<name>[A-Za-z_]\w*)\s*[,)\n])"""
)
_CONFIGURATION_NAME = re.compile(r"""["']DJANGO_CONFIGURATION["']\s*[\],]\s*=?\s*["'](\w+)["']""")
_IN_TOOLS = re.compile(
    r"""\bDJANGO_SETTINGS_MODULE\b["']?\s*[=:]\s*["']?(?P<variable>[\w.]+)"""
    r"""|--ds[=\s]+["']?(?P<option>[\w.]+)"""
    r"""|\bdjango_settings_module["']?\s*=\s*["']?(?P<stubs>[\w.]+)"""
)
_MODULE_STRING = re.compile(r"""["']([A-Za-z_]\w*(?:\.\w+)*)["']""")
_ASSIGNS_APPS = re.compile(r"^([ \t]*)INSTALLED_APPS\b[^\n=]*=(?!=)", re.MULTILINE)
_IMPORTS_DJANGO = re.compile(r"^[ \t]*(?:from|import)[ \t]+django\b", re.MULTILINE)
_SKELETONS = {"project_template", "app_template", "project_name"}


class Mention(NamedTuple):
    """A place that names a settings module.

    Attributes:
        module: Dotted name; ending in ``.*`` when only its package is known.
        path: The file that names it.
        line: Zero-based line.
        rank: Preference among mentions, smaller is better.
        tentative: Whether the name may be something else and counts only if there is such a module.
        configuration: Class that the same file names for django-configurations.
    """

    module: str
    path: str
    line: int
    rank: int
    tentative: bool = False
    configuration: str | None = None


def find_mentions(files: FileSystem, tree: Tree) -> list[Mention]:
    """What the entry scripts and tool configurations of a workspace name, best first."""
    found: list[Mention] = []
    for path in tree.python:
        name = posixpath.basename(path)
        if name in _ENTRY_SCRIPTS and not _is_skeleton(path, tree.root):
            found += script_mentions(path, files.read_text(path) or "")
    for path in tree.configuration:
        if not path.endswith(".py"):
            found += _tool_mentions(path, files.read_text(path) or "")
    found.sort(key=_order)
    return found


def _order(mention: Mention) -> tuple[int, int, str, int]:
    return (mention.rank, mention.path.count("/"), mention.path, mention.line)


def is_manage(path: str, files: FileSystem, root: str) -> bool:
    """Whether `path` is a Django project's ``manage.py``; other frameworks have one as well."""
    if posixpath.basename(path) != "manage.py" or _is_skeleton(path, root):
        return False
    text = files.read_text(path) or ""
    return "DJANGO_SETTINGS_MODULE" in text or "execute_from_command_line" in text


def script_mentions(path: str, text: str) -> Iterator[Mention]:
    """Settings modules that a Python file puts into the environment or reads as a default."""
    if "DJANGO_SETTINGS_MODULE" not in text:
        return
    rank = _ENTRY_SCRIPTS.get(posixpath.basename(path), _OTHER_SCRIPT)
    chosen = _CONFIGURATION_NAME.search(text)
    configuration = chosen[1] if chosen else None
    for match in _VARIABLE.finditer(text):
        if "#" in text[text.rfind("\n", 0, match.start()) + 1 : match.start()]:
            continue
        line = text.count("\n", 0, match.start())
        if module := match["module"]:
            tentative = rank == _OTHER_SCRIPT  # a script that writes other projects' files, perhaps
            yield Mention(module, path, line, rank, tentative, configuration)
        elif prefix := match["prefix"]:
            yield Mention(prefix + ".*", path, line, rank, configuration=configuration)
        else:
            for module in _assigned(text, match["name"]):
                yield Mention(module, path, line, rank, tentative=True, configuration=configuration)


def _assigned(text: str, name: str) -> list[str]:
    """Strings on the right of assignments to `name` that may be modules."""
    values = re.findall(rf"^[ \t]*{name}\s*=(?!=)\s*(.+)$", text, re.MULTILINE)
    return [module for value in values for module in _MODULE_STRING.findall(value)]


def _tool_mentions(path: str, text: str) -> Iterator[Mention]:
    for match in _IN_TOOLS.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        if text[start : match.start()].lstrip().startswith(("#", ";")):
            continue
        module = match["variable"] or match["option"] or match["stubs"]
        yield Mention(module, path, text.count("\n", 0, match.start()), _STUBS if match["stubs"] else _TEST)


class Contents(NamedTuple):
    """What reading every Python file of a workspace shows."""

    mentions: list[Mention]
    settings_like: list[tuple[str, int]]
    django: list[str]


def read_contents(files: FileSystem, tree: Tree) -> Contents:
    """Look into all files: for workspaces whose entry scripts and tools say nothing.

    `settings_like` are files that assign ``INSTALLED_APPS``, with the line, best first: modules called
    settings before others, and those of tests and examples last. `django` are files that import it.
    """
    mentions: list[Mention] = []
    settings_like: list[tuple[str, int]] = []
    django: list[str] = []
    for path in tree.python:
        text = files.read_text(path) or ""
        if _is_skeleton(path, tree.root):
            continue
        mentions += script_mentions(path, text)
        if (match := _ASSIGNS_APPS.search(text)) and (not match[1] or "Configuration" in text):
            settings_like.append((path, text.count("\n", 0, match.start())))
        if _IMPORTS_DJANGO.search(text):
            django.append(path)
    mentions.sort(key=_order)
    settings_like.sort(key=lambda found: settings_preference(found[0], tree.root))
    if settings_like and settings_preference(settings_like[0][0], tree.root)[0] < _UNLIKELY:
        settings_like = [f for f in settings_like if settings_preference(f[0], tree.root)[0] < _UNLIKELY]
    return Contents(mentions, settings_like, django)


_UNLIKELY = 3
_CHOICES = ("local", "dev", "develop", "development", "devel", "base", "common", "default", "defaults")


def settings_preference(path: str, root: str) -> tuple[int, int, int, str]:
    """Sort key of files that may be a settings module."""
    parts = path[len(root) + 1 :].lower().removesuffix(".py").removesuffix("/__init__").split("/")
    named = any("settings" in part for part in parts)
    testing = any(
        re.match(r"(?:tests?|testing|examples?|sandbox|demo|docs?)(?:_|$)|.*_test$", p) for p in parts
    )
    choice = _CHOICES.index(parts[-1]) if parts[-1] in _CHOICES else len(_CHOICES)
    if parts[-1] == "settings":
        choice = -1
    likely = 0 if named and not testing else 1 if named else 2 if not testing else _UNLIKELY
    return likely, choice, len(parts), path


def _is_skeleton(path: str, root: str) -> bool:
    """Whether a file is part of what ``startproject`` or ``startapp`` copies."""
    return not _SKELETONS.isdisjoint(path[len(root) :].split("/"))
