"""Which files changed, as ``check --changed`` asks of git.

A repository can make git run programs: monitors of the file system, hooks, filters that files pass through before
they are compared, helpers that fetch what a partial clone lacks. djguide runs nothing in a project's name. So git
is only asked for names and for hashes from its database, with monitors and transports turned off; that the
files on the disk are what those hashes say is found out here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from djguide_analyzers.project.files import is_inside

_HARDENED = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("core.untrackedCache", "false"),
    ("core.pager", "cat"),
    ("safe.bareRepository", "explicit"),
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
SECONDS = 60


class GitError(Exception):
    """git could not answer; the message says why."""


class Repository:
    """The repository around one folder, compared with one of its revisions.

    Args:
        folder: Absolute folder to look at; what lies elsewhere in the repository does not matter.
        since: Revision; files count that changed after the present branch left it. None: the last commit.

    Raises:
        GitError: there is no git, no repository around `folder`, or no such revision.
    """

    def __init__(self, folder: Path, since: str | None = None) -> None:
        self._git = _executable(folder)
        self._folder = folder
        self.top = Path(os.fsdecode(self._ask("rev-parse", "--show-toplevel").rstrip(b"\n"))).resolve()
        self._base = self._revision(since)

    def changed(self, path: str) -> bool:
        """Whether the file at the absolute POSIX `path` is new or differs; ignored files never do."""
        real = Path(path).resolve().as_posix()
        if real not in self._files:
            return False
        known = self._hashes.get(real)
        if known is None:
            return True
        try:
            data = Path(real).read_bytes()
        except OSError:
            return True
        # Line ends may be converted on their way into the database.
        return known not in (_blob(data, known), _blob(data.replace(b"\r\n", b"\n"), known))

    def holds(self, path: str) -> bool:
        """Whether `path` lies in the folder that this looks at."""
        return is_inside(path, self._folder.as_posix())

    def _revision(self, since: str | None) -> str | None:
        """The commit to compare with; None when there is none yet."""
        if since is None:
            found = self._try("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
            return None if found is None else found.decode().strip()
        if (
            since.startswith("-")
            or self._try("rev-parse", "--verify", "--quiet", f"{since}^{{commit}}") is None
        ):
            raise GitError(f"git knows no revision {since!r} here. In a shallow clone, fetch it first.")
        fork = self._try("merge-base", since, "HEAD")
        return fork.decode().strip() if fork else since

    @cached_property
    def _files(self) -> set[str]:
        """Files that git knows or would take: not the ignored ones. Absolute, links resolved."""
        names = self._ask(
            "ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--", "."
        )
        return {self._absolute(name) for name in names.split(b"\0") if name}

    @cached_property
    def _hashes(self) -> dict[str, str]:
        """The hash that each file has in the revision."""
        if self._base is None:
            return {}
        found: dict[str, str] = {}
        for row in self._ask("ls-tree", "-r", "-z", "--full-name", self._base, "--", ".").split(b"\0"):
            described, _, name = row.partition(b"\t")
            if name:
                found[self._absolute(name)] = described.split()[2].decode()
        return found

    def _absolute(self, name: bytes) -> str:
        return (self.top / os.fsdecode(name)).as_posix()

    def _try(self, *arguments: str) -> bytes | None:
        done = self._run(arguments)
        return done.stdout if done.returncode == 0 else None

    def _ask(self, *arguments: str) -> bytes:
        done = self._run(arguments)
        if done.returncode == 0:
            return done.stdout
        said = os.fsdecode(done.stderr).strip().removeprefix("fatal: ")
        if "not a git repository" in said:
            raise GitError(f"{self._folder} is not in a git repository.")
        raise GitError(f"git says: {said}")

    def _run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        options = [option for key, value in _HARDENED for option in ("-c", f"{key}={value}")]
        # A hook that starts djguide has variables set that tell git where it is; here the folder tells it.
        # The user's configuration (such as which folders are safe) may stand in variables as well.
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("GIT_") or key.startswith("GIT_CONFIG")
        }
        try:
            return subprocess.run(
                [self._git, "--no-pager", *options, *arguments],
                cwd=self._folder,
                env=inherited | _ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GitError(f"git could not be run: {error}") from error


def _executable(folder: Path) -> str:
    """Where git is; one that lies in the project is not the user's."""
    found = shutil.which("git")
    path = None if found is None else Path(found).absolute()
    if path is None:
        raise GitError("there is no git on this machine, or not in PATH.")
    if is_inside(path.as_posix(), folder.as_posix()):
        raise GitError(f"{path} lies in the project: it is not run.")
    return str(path)


def _blob(data: bytes, like: str) -> str:
    """The hash git gives to `data`, in the same algorithm as the hash `like`."""
    make = hashlib.sha256 if len(like) == hashlib.sha256().digest_size * 2 else hashlib.sha1
    return make(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class Changes:
    """Which files below several folders changed.

    Raises:
        GitError: as for `Repository`.
    """

    def __init__(self, folders: Sequence[Path], since: str | None = None) -> None:
        self._repositories = [Repository(folder, since) for folder in folders]

    def __call__(self, path: str) -> bool:
        """Whether the file at the absolute POSIX `path` changed."""
        return any(repository.changed(path) for repository in self._repositories if repository.holds(path))
