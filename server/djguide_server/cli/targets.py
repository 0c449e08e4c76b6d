"""Which folders a command looks at, and how it names files in its output."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Sequence
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import NamedTuple

PROJECT_MARKS = ("manage.py", "pyproject.toml", "djguide.toml", "setup.py", "setup.cfg", ".git", ".hg")


class Targets(NamedTuple):
    """The path arguments of a command (absolute) and the folders that must be read to judge them."""

    paths: tuple[Path, ...]
    roots: tuple[Path, ...]
    bases: tuple[str, ...]
    """Folders that file names are printed relative to, the first that fits; POSIX, with a slash at the end."""

    @classmethod
    def of(cls, arguments: Sequence[Path], *, cwd: Path | None = None) -> Targets:
        """Targets for path arguments that exist; none stands for the current directory."""
        here = (cwd or Path.cwd()).resolve()
        paths = tuple((here / argument).resolve() for argument in arguments) or (here,)
        folders = (path if path.is_dir() else path.parent for path in paths)
        bases = dict.fromkeys(_prefix(folder) for folder in (here, *folders))
        return cls(paths, _outermost(project_root(path) for path in paths), tuple(bases))

    def display(self, path: str) -> str:
        """The absolute POSIX `path` as it is printed: relative to the current directory if it lies below
        it, else to the path argument it lies below, else absolute."""
        for base in self.bases:
            if path.startswith(base) and len(path) > len(base):
                return path[len(base) :]
        return path

    def contains(self, path: str) -> bool:
        """Whether the absolute POSIX `path` is one of the path arguments or lies below one."""
        return any(path == target.as_posix() or path.startswith(_prefix(target)) for target in self.paths)

    def scope(self) -> list[str] | None:
        """The path arguments for `Workspace.check`: None when they are just the roots."""
        return None if set(self.paths) == set(self.roots) else [path.as_posix() for path in self.paths]


def project_root(path: Path) -> Path:
    """The folder to read so that `path` can be judged: the nearest one, from `path` upwards, that looks like
    a project or a checkout; else the one that holds the package around `path`; else the folder of `path`.

    A folder given by name counts for itself as soon as it has such a mark. The home, temporary and root
    folders never count, whatever lies around in them.
    """
    folder = path if path.is_dir() else path.parent
    limits = {Path(folder.anchor), Path(tempfile.gettempdir()).resolve()}
    with contextlib.suppress(RuntimeError):  # a user without a home
        limits.add(Path.home().resolve())
    candidates = list(takewhile(lambda candidate: candidate not in limits, (folder, *folder.parents)))
    for candidate in candidates:
        if any((candidate / mark).exists() for mark in PROJECT_MARKS):
            return candidate
    # Templates and the like lie below a package without being one, hence the first that is.
    outside = dropwhile(lambda candidate: not _is_package(candidate), candidates)
    return next(dropwhile(_is_package, outside), folder)


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").exists()


def _outermost(folders: Iterable[Path]) -> tuple[Path, ...]:
    """`folders` without those that lie below another."""
    unique = list(dict.fromkeys(folders))
    return tuple(folder for folder in unique if not any(other in folder.parents for other in unique))


def _prefix(folder: Path) -> str:
    return folder.as_posix().rstrip("/") + "/"
