"""Where a project's third-party packages are *read* from.

An environment is found by the traces that its tool leaves (``pyvenv.cfg``, a poetry or pipenv cache folder, a
``.pdm-python`` file, a variable of the shell), never by asking an interpreter: nothing is run.
"""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct

from djguide_analyzers.project.documents import read_toml, table
from djguide_analyzers.project.editable import import_folders
from djguide_analyzers.project.files import FileSystem, is_inside, join, parents, posix

_FOLDERS = (".venv", "venv", "env", ".env", "virtualenv")
_PYTHON_FOLDER = re.compile(r"(?:python|pypy)(\d+\.\d+)t?$")
_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+(?:\.\d+)*)", re.MULTILINE | re.IGNORECASE)


class Environment(Struct, frozen=True):
    """Where third-party packages lie.

    Attributes:
        root: The environment's folder; None when none was found.
        packages: Folders to import from, in order: site-packages, then what its ``.pth`` files and editable
            installs add.
        python: Version of its Python as far as known, such as ``3.12`` or ``3.12.4``.
        reason: How it was found, or why there is none; one sentence for people.
        site_packages: The site-packages folders alone, where distributions leave their metadata.
        mapped: Top-level packages that an editable install maps to a folder or file by name.
        problem: What is wrong with the configuration, when it names an environment that isn't one.
    """

    root: str | None
    packages: tuple[str, ...]
    python: str | None
    reason: str
    site_packages: tuple[str, ...] = ()
    mapped: dict[str, str] = {}
    problem: str | None = None


class _Found(NamedTuple):
    root: str
    reason: str


def find_environment(
    files: FileSystem,
    project: str,
    *,
    workspace: str | None = None,
    configured: str | None = None,
    variables: Mapping[str, str] | None = None,
    home: str | None = None,
) -> Environment:
    """The environment of the project at folder `project`.

    Looks in `project` and in the folders above it up to `workspace`. `configured` (the ``environment``
    setting: an environment's folder, its Python, or a folder of packages, relative to `workspace`) comes
    first. `variables` are the process's environment variables, `home` is the user's folder; both default to
    the real ones.
    """
    variables = os.environ if variables is None else variables
    home = posix(os.path.expanduser("~")) if home is None else home  # noqa: PTH111
    workspace = workspace if workspace is not None and is_inside(project, workspace) else project
    problem = None
    if configured:
        path = join(workspace, _expand(configured, home))
        if environment := _configured(files, path):
            return environment
        problem = f"`environment`: {path} holds no Python environment"
    folders = parents(project, workspace)
    for found in _candidates(files, folders, variables, home):
        if environment := _read(files, found):
            return _with_problem(environment, problem)
    reason = problem or "no Python environment was found beside the project or in the variables of the shell"
    return Environment(None, (), None, reason, problem=problem)


def _with_problem(environment: Environment, problem: str | None) -> Environment:
    if problem is None:
        return environment
    return Environment(
        environment.root, environment.packages, environment.python, environment.reason,
        environment.site_packages, environment.mapped, problem,
    )  # fmt: skip


def _candidates(
    files: FileSystem, folders: list[str], variables: Mapping[str, str], home: str
) -> Iterator[_Found]:
    """Folders that may be the environment, best first."""
    yield from _uv(files, folders, variables)
    for folder in folders:
        yield from _beside(files, folder, home, variables)
    for folder in folders:
        yield from _pdm(files, folder)
    for folder in folders:
        yield from _poetry(files, folder, variables, home)
        yield from _pipenv(files, folder, variables, home)
    yield from _shell(files, folders, variables)


# --- by tool ---------------------------------------------------------------------------------------------


def _uv(files: FileSystem, folders: list[str], variables: Mapping[str, str]) -> Iterator[_Found]:
    """uv's environment lies beside the lock file of the workspace, or where a variable says."""
    name = variables.get("UV_PROJECT_ENVIRONMENT")
    for folder in folders:
        if name and files.is_file(join(folder, "uv.lock")):
            yield _Found(join(folder, name), "UV_PROJECT_ENVIRONMENT")


def _beside(files: FileSystem, folder: str, home: str, variables: Mapping[str, str]) -> Iterator[_Found]:
    """A folder in `folder` that is an environment; the usual names first, then any."""
    for name in _FOLDERS:
        path = join(folder, name)
        if files.is_file(path):
            yield from _pointer(files, path, home, variables)
        elif _is_environment(files, path):
            yield _Found(path, f"{name} in {folder}")
    for entry in files.scan(folder):
        if entry.kind != "file" and entry.name not in _FOLDERS:
            path = join(folder, entry.name)
            if files.is_file(join(path, "pyvenv.cfg")):
                yield _Found(path, f"{entry.name} in {folder}")


def _pointer(files: FileSystem, path: str, home: str, variables: Mapping[str, str]) -> Iterator[_Found]:
    """A file ``.venv`` holds the place, or the name, of an environment kept elsewhere."""
    if not path.endswith("/.venv"):
        return
    target = (files.read_text(path) or "").strip()
    if not target or "\n" in target:
        return
    folders = [join(posixpath.dirname(path), _expand(target, home))]
    if "/" not in target.replace("\\", "/"):
        folders += [join(store, target) for store in _pipenv_stores(variables, home)]
    for folder in folders:
        yield _Found(folder, f"named by the file {path}")


def _pdm(files: FileSystem, folder: str) -> Iterator[_Found]:
    python = (files.read_text(join(folder, ".pdm-python")) or "").strip()
    packages = join(folder, "__pypackages__")
    if files.is_dir(packages):
        for name in sorted(files.list_dir(packages), key=_version_key, reverse=True):
            if files.is_dir(join(packages, name, "lib")):
                yield _Found(join(packages, name), f"__pypackages__ in {folder}")
    if python:
        yield _Found(_environment_of(join(folder, python)), f"named by .pdm-python in {folder}")


def _poetry(files: FileSystem, folder: str, variables: Mapping[str, str], home: str) -> Iterator[_Found]:
    """Poetry keeps environments in its cache folder, named after the project and its place."""
    project = read_toml(files, join(folder, "pyproject.toml"))
    poetry = table(project, "tool", "poetry")
    if not poetry and not files.is_file(join(folder, "poetry.lock")):
        return
    name = poetry.get("name") or table(project, "project").get("name")
    if not isinstance(name, str):
        return
    prefix = _poetry_name(name, folder)
    for store in _poetry_stores(files, folder, variables, home):
        names = [n for n in files.list_dir(store) if n.startswith(prefix + "-py") or n == prefix]
        minor = table(read_toml(files, join(store, "envs.toml")), prefix).get("minor")
        names.sort(key=lambda n: (n.endswith(f"-py{minor}"), _version_key(n.rpartition("-py")[2])))
        for found in reversed(names):
            yield _Found(join(store, found), f"poetry's environment for {folder}")


def _poetry_name(name: str, folder: str) -> str:
    """The folder's name without the ``-py3.x`` at its end, by poetry's own recipe."""
    clean = re.sub(r'[ $`!*@"\\\r\n\t]', "_", name.lower())[:42]
    place = os.path.normcase(os.path.realpath(folder))
    digest = base64.urlsafe_b64encode(hashlib.sha256(place.encode()).digest()).decode()
    return f"{clean}-{digest[:8]}"


def _poetry_stores(files: FileSystem, folder: str, variables: Mapping[str, str], home: str) -> Iterator[str]:
    configured = table(read_toml(files, join(folder, "poetry.toml")), "virtualenvs").get("path")
    if isinstance(configured, str) and "{" not in configured:
        yield join(folder, _expand(configured, home))
    if path := variables.get("POETRY_VIRTUALENVS_PATH"):
        yield join(folder, _expand(path, home))
    if path := variables.get("POETRY_CACHE_DIR"):
        yield join(folder, _expand(path, home), "virtualenvs")
    if path := variables.get("XDG_CACHE_HOME"):
        yield join(path, "pypoetry/virtualenvs")
    yield join(home, ".cache/pypoetry/virtualenvs")
    yield join(home, "Library/Caches/pypoetry/virtualenvs")
    yield join(variables.get("LOCALAPPDATA") or join(home, "AppData/Local"), "pypoetry/Cache/virtualenvs")


def _pipenv(files: FileSystem, folder: str, variables: Mapping[str, str], home: str) -> Iterator[_Found]:
    """Pipenv leaves the project's folder in a file ``.project`` of the environment."""
    if not files.is_file(join(folder, "Pipfile")):
        return
    custom = variables.get("PIPENV_CUSTOM_VENV_NAME")
    for store in _pipenv_stores(variables, home):
        if custom:
            yield _Found(join(store, custom), "PIPENV_CUSTOM_VENV_NAME")
        for name in files.list_dir(store):
            owner = (files.read_text(join(store, name, ".project")) or "").strip()
            if owner and join("/", owner) == folder:
                yield _Found(join(store, name), f"pipenv's environment for {folder}")


def _pipenv_stores(variables: Mapping[str, str], home: str) -> Iterator[str]:
    if path := variables.get("WORKON_HOME"):
        yield join(home, _expand(path, home))
    yield join(variables.get("XDG_DATA_HOME") or join(home, ".local/share"), "virtualenvs")
    yield join(home, ".virtualenvs")


def _shell(files: FileSystem, folders: list[str], variables: Mapping[str, str]) -> Iterator[_Found]:
    """An environment that is active in the shell, if it looks like this project's.

    An editor may have been started from anywhere, so it must lie in the workspace or hold Django.
    """
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        path = variables.get(variable)
        if not path or (variable == "CONDA_PREFIX" and variables.get("CONDA_DEFAULT_ENV") == "base"):
            continue
        root = posix(path)
        holds_django = any(files.is_dir(join(site, "django")) for site in site_packages(files, root))
        if holds_django or is_inside(root, folders[-1]):
            yield _Found(root, f"active in the shell ({variable})")


# --- reading one -----------------------------------------------------------------------------------------


def _configured(files: FileSystem, path: str) -> Environment | None:
    reason = "named by the setting `environment`"
    if files.is_file(path):
        path = _environment_of(path)
    if environment := _read(files, _Found(path, reason)):
        return environment
    is_packages = posixpath.basename(path) in {"site-packages", "dist-packages"}
    if files.is_dir(path) and (is_packages or any(n.endswith(".dist-info") for n in files.list_dir(path))):
        return _environment(files, path, [path], reason, None)
    return None


def _read(files: FileSystem, found: _Found) -> Environment | None:
    """The environment at `found`, None when there are no packages in it."""
    sites = site_packages(files, found.root)
    if not sites:
        return None
    config = files.read_text(join(found.root, "pyvenv.cfg")) or ""
    version = _VERSION.search(config)
    if re.search(r"^include-system-site-packages\s*=\s*true", config, re.MULTILINE | re.IGNORECASE):
        sites += [site for site in _system_sites(files, config) if site not in sites]
    return _environment(files, found.root, sites, found.reason, version[1] if version else None)


def _environment(
    files: FileSystem, root: str, sites: list[str], reason: str, python: str | None
) -> Environment:
    packages, mapped = import_folders(files, sites)
    if python is None:
        named = (_PYTHON_FOLDER.search(posixpath.basename(posixpath.dirname(site))) for site in sites)
        python = next((match[1] for match in named if match), None)
    if python is None and (match := re.fullmatch(r"\d+\.\d+", posixpath.basename(root))):
        python = match[0]  # __pypackages__/3.12
    return Environment(root, tuple(packages), python, reason, tuple(sites), mapped)


def site_packages(files: FileSystem, root: str) -> list[str]:
    """The folders of packages in an environment (or a Python installation), newest Python first."""
    found: list[str] = []
    for lib in files.scan(root):
        # lib64 is a link to lib in most environments; where it is a folder it holds the compiled packages
        if lib.name.lower() not in {"lib", "lib64"} or (lib.name == "lib64" and lib.kind == "link"):
            continue
        folder = join(root, lib.name)
        names = [name for name in files.list_dir(folder) if _PYTHON_FOLDER.fullmatch(name)]
        names.sort(key=_version_key, reverse=True)
        for name in (*names, "python3", "."):
            for kind in ("site-packages", "dist-packages"):
                path = join(folder, name, kind)
                if files.is_dir(path):
                    found.append(path)
        if not found and posixpath.basename(posixpath.dirname(root)) == "__pypackages__":
            found.append(folder)
    return found


def _system_sites(files: FileSystem, config: str) -> list[str]:
    home = re.search(r"^home\s*=\s*(.+)$", config, re.MULTILINE)
    if home is None:
        return []
    folder = join("/", home[1].strip())
    roots = [posixpath.dirname(folder) if posixpath.basename(folder) == "bin" else folder]
    return [site for root in roots for site in site_packages(files, root)]


def _is_environment(files: FileSystem, path: str) -> bool:
    return files.is_file(join(path, "pyvenv.cfg")) or files.is_dir(join(path, "conda-meta"))


def _environment_of(python: str) -> str:
    """The folder of the environment that the interpreter at `python` belongs to."""
    folder = posixpath.dirname(python)
    return posixpath.dirname(folder) if posixpath.basename(folder) in {"bin", "Scripts"} else folder


def _version_key(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _expand(path: str, home: str) -> str:
    return join(home, path[2:]) if path.startswith(("~/", "~\\")) else path
