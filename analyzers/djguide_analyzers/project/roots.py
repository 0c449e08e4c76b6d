"""Source roots: the folders that must be on ``sys.path`` for a project's imports to work."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from itertools import takewhile

from djguide_analyzers.project.documents import read_ini, read_toml, strings, table
from djguide_analyzers.project.files import FileSystem, is_inside, join, parents
from djguide_analyzers.project.walk import Tree

_PATH_CALL = re.compile(r"\bsys\.path\.(?:insert|append|extend)\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")
_STRING = re.compile(r"""["']([\w./-]+)["']""")
_BUILD_FILES = {"pyproject.toml", "setup.py", "setup.cfg"}


def distributions(tree: Tree) -> list[str]:
    """Folders with a build configuration, outermost first."""
    folders = {posixpath.dirname(p) for p in tree.configuration if posixpath.basename(p) in _BUILD_FILES}
    return sorted(folders)


def import_roots(files: FileSystem, tree: Tree, folder: str) -> list[str]:
    """Where the packages of the distribution in `folder` start: as its build says, or ``src``, or itself."""
    named = [*_by_pyproject(files, folder), *_by_setup_cfg(files, folder)]
    roots = [root for root in (join(folder, name) for name in named) if root in tree.folders]
    source = join(folder, "src")
    if not roots and source in tree.folders and not tree.is_package(source):
        roots = [source]
    return list(dict.fromkeys(roots or [folder]))


def _by_pyproject(files: FileSystem, folder: str) -> list[str]:
    document = read_toml(files, join(folder, "pyproject.toml"))
    setuptools = table(document, "tool", "setuptools")
    roots = strings(table(setuptools, "packages", "find").get("where"))
    roots += strings(table(setuptools, "package-dir").get(""))
    packages = table(document, "tool", "poetry").get("packages")
    for package in packages if isinstance(packages, list) else []:
        if isinstance(package, dict):
            include = str(package.get("include", ""))
            roots.append(join(str(package.get("from", ".")), posixpath.dirname(include)))
    wheel = table(document, "tool", "hatch", "build", "targets", "wheel")
    roots += [posixpath.dirname(package.rstrip("/")) or "." for package in strings(wheel.get("packages"))]
    roots += strings(table(document, "tool", "pdm", "build").get("package-dir"))
    backend = table(document, "tool", "uv", "build-backend")
    return roots + strings(backend.get("module-root"))


def _by_setup_cfg(files: FileSystem, folder: str) -> list[str]:
    parser = read_ini(files, join(folder, "setup.cfg"))
    where = parser.get("options.packages.find", "where", fallback=None) or ""
    package_dir = parser.get("options", "package_dir", fallback=None) or ""
    return [*where.split(), *re.findall(r"^\s*=\s*(\S+)", package_dir, re.MULTILINE)]


def test_roots(files: FileSystem, folder: str) -> list[str]:
    """Folders that pytest's ``pythonpath`` adds, relative to `folder`, where its configuration lies."""
    pytest = table(read_toml(files, join(folder, "pyproject.toml")), "tool", "pytest")
    names = [*strings(pytest.get("pythonpath")), *strings(table(pytest, "ini_options").get("pythonpath"))]
    for name, section in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        names.append(read_ini(files, join(folder, name)).get(section, "pythonpath", fallback=None) or "")
    return [join(folder, part) for name in names for part in name.split()]


def added_roots(files: FileSystem, tree: Tree, path: str, top: str) -> list[str]:
    """Folders that the Python file at `path` adds to ``sys.path``, as far as its text shows.

    The expression's strings are taken as a path below the file's folder or one above it, up to `top`:
    ``sys.path.append(str(BASE_DIR / "apps"))``.
    """
    found: list[str] = []
    for arguments in _PATH_CALL.findall(files.read_text(path) or ""):
        parts = _STRING.findall(arguments)
        if not parts:
            continue
        for folder in parents(posixpath.dirname(path), top):
            candidate = join(folder, *parts)
            if candidate in tree.folders and is_inside(candidate, top):
                found.append(candidate)
                break
    return found


def find_module(tree: Tree, module: str, start: str) -> tuple[str, str] | None:
    """The source root and the file of a dotted module that a file in folder `start` names.

    Tried are `start`, the folders above it, their ``src``, and then any place in the workspace where the
    whole dotted name fits, the nearest first.
    """
    for folder in parents(start, tree.root):
        for root in (folder, f"{folder}/src"):
            if path := tree.module_file(root, module):
                return root, path
    tail = "/" + module.replace(".", "/")
    fits = [
        (path[: -len(end)], path)
        for end in (f"{tail}.py", f"{tail}/__init__.py")
        for path in tree.python
        if path.endswith(end)
    ]
    if "." not in module and len(fits) > 1:
        return None  # just "settings": any of them would be a guess
    return min(fits, key=lambda fit: (-_shared(fit[1], start), fit[1].count("/"), fit[1]), default=None)


def _shared(one: str, other: str) -> int:
    """How many leading folders two paths share."""
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def package_root(tree: Tree, path: str) -> str:
    """The folder above the outermost package that the file at `path` lies in."""
    folder = posixpath.dirname(path)
    while tree.is_package(folder) and is_inside(posixpath.dirname(folder), tree.root):
        folder = posixpath.dirname(folder)
    return folder


def module_name(
    source_roots: Sequence[str], path: str, python: frozenset[str], inner: Sequence[str] = ()
) -> str | None:
    """Dotted name of the file (or package folder) at `path`; None when no source root holds it.

    Of several roots the innermost counts, unless it is itself a package: that one is on the path for the
    sake of old imports, and its modules are known by their full names. Those `inner` ones count all the same.
    """
    holding = [root for root in source_roots if name_below(root, path) is not None]
    if not holding:
        return None
    plain = [root for root in holding if root in inner or f"{root}/__init__.py" not in python]
    return name_below(max(plain or holding, key=len), path)


def name_below(root: str, path: str) -> str | None:
    """Dotted name of a file or folder that is imported from `root`; None when it cannot be."""
    if not is_inside(path, root) or path in (root, f"{root}/__init__.py"):
        return None
    relative = path[len(root.rstrip("/")) + 1 :].removesuffix(".py").removesuffix("/__init__")
    return relative.replace("/", ".")
