"""Where rules come from besides djguide itself: packages beside it, and folders that the user names.

To load a rule is to run it. So a workspace cannot bring rules of its own: packages count when they are installed
where djguide is and have an entry point in the group ``djguide.rules``; folders count when the user's own
configuration names them, or the user when starting djguide.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import tomllib
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

import platformdirs
from msgspec import Struct

GROUP = "djguide.rules"
_FAILURES = (Exception, SystemExit)
"""What a module may raise when it is imported; an interruption by the user is none of them."""

_named: list[Path] = []


class Broken(Struct, frozen=True):
    """Rules that could not be loaded: what it is about, why, and the traceback if there is one."""

    name: str
    message: str
    detail: str = ""


class Source(Struct, frozen=True):
    """A package of rules: its dotted name, the folder it lies in, and how to call it when rules are listed."""

    package: str
    folder: Path
    title: str


def use_folders(folders: Iterable[Path]) -> None:
    """Load rules from these absolute folders as well. To be called before anything asks for a rule."""
    _named.extend(folder for folder in folders if folder not in _named)


def named() -> list[Path]:
    """The folders given to `use_folders`."""
    return list(_named)


def user_file() -> Path:
    """The user's own configuration, which no workspace can write."""
    return platformdirs.user_config_path("djguide", appauthor=False) / "djguide.toml"


def sources() -> tuple[list[Source], list[Broken]]:
    """All sources besides djguide's own rules, and what is wrong with the rest."""
    found: list[Source] = []
    broken: list[Broken] = []
    for entry_point in sorted(entry_points(group=GROUP)):
        try:
            found.append(_installed(entry_point))
        except _FAILURES as error:
            broken.append(failure(f"entry point {entry_point.name}", error))
    try:
        folders = [*_named, *_users_folders()]
    except (OSError, ValueError) as error:
        broken.append(Broken(str(user_file()), str(error)))
        folders = _named
    for folder in dict.fromkeys(folders):
        if folder.is_dir():
            found.append(_local(folder))
        else:
            broken.append(Broken(str(folder), "there is no such folder of rules"))
    return found, broken


def failure(name: str, error: BaseException) -> Broken:
    """What to tell of an exception that came out of `name`."""
    message = f"{type(error).__name__}: {error}".rstrip(": ")
    return Broken(name, message, "".join(traceback.format_exception(error)))


@contextmanager
def contained(name: str, broken: list[Broken], *, own: bool) -> Iterator[None]:
    """Note what goes wrong inside in `broken`; write no byte code unless the rules are djguide's `own`.

    Folders of rules are other people's. Without their byte code, djguide's rules would be compiled at each start.
    """
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = before or not own
    try:
        yield
    except _FAILURES as error:
        broken.append(failure(name, error))
    finally:
        sys.dont_write_bytecode = before


def _installed(entry_point: EntryPoint) -> Source:
    """The package that an entry point names.

    Raises:
        Exception: whatever importing it raises.
    """
    package = importlib.import_module(entry_point.module)
    folder = Path(next(iter(package.__path__)))
    name = entry_point.dist.name if entry_point.dist is not None else entry_point.name
    return Source(package.__name__, folder, name)


def _local(folder: Path) -> Source:
    """`folder` as a package under a name of its own, so that rules can import what lies beside them."""
    digest = hashlib.blake2s(str(folder).encode(errors="surrogateescape"), digest_size=6).hexdigest()
    package = ModuleType(f"djguide_rules_{digest}")
    package.__path__ = [str(folder)]
    sys.modules.setdefault(package.__name__, package)
    return Source(package.__name__, folder, str(folder))


def _users_folders() -> list[Path]:
    """``rule-folders`` of the user's configuration.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not what it should be.
    """
    path = user_file()
    if not path.is_file():
        return []
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    names = document.pop("rule-folders", [])
    if document:
        raise ValueError(f"unknown key '{next(iter(document))}': only 'rule-folders' can stand here")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ValueError("'rule-folders' must be a list of folders")
    return [path.parent / Path(name).expanduser() for name in names]
