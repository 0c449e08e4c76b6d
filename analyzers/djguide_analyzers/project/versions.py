"""Which version of a distribution (Django above all) a project runs on, and how that is known."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct
from packaging.utils import canonicalize_name

from djguide_analyzers.project.bounds import Bounds, bounds_of
from djguide_analyzers.project.environment import Environment
from djguide_analyzers.project.files import FileSystem, join, parents
from djguide_analyzers.project.requirements import Distribution, Stated, declared, locked, required

_INFO = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(?:-py[\d.]+)?\.(?:dist-info|egg-info)$")
_VERSION_FIELD = re.compile(r"^Version:\s*(\S+)", re.MULTILINE)
_VERSION_TUPLE = re.compile(r"^VERSION\s*=\s*\((\d+),\s*(\d+),\s*(\d+)", re.MULTILINE)

How = Literal["installed", "locked", "required", "declared"]


class VersionRange(Struct, frozen=True):
    """The versions that a project may run on.

    Attributes:
        name: Normalised name of the distribution.
        minimum: The smallest version known to be allowed, None when nothing says.
        maximum: The upper bound, None when there is none; inside only if `includes_maximum`.
        exact: Whether just one version is possible.
        how: Read from an installed distribution, a lock file, a requirements file, or declared dependencies.
        stated: The words that were read, such as ``django~=5.2.0``.
        path: The file that says so, absolute.
        line: Zero-based line in it.
    """

    name: str
    minimum: str | None
    maximum: str | None
    includes_minimum: bool
    includes_maximum: bool
    exact: bool
    how: How
    stated: str
    path: str
    line: int

    @property
    def series(self) -> tuple[int, int] | None:
        """Major and minor number of the smallest version, such as ``(5, 2)``."""
        if self.minimum is None:
            return None
        release = bounds_of(f"=={self.minimum}").minimum
        return None if release is None else (release.major, release.minor)

    def within(self, specifier: str) -> bool | None:
        """Whether every possible version satisfies `specifier` (as ``>=4.2,<6.0``).

        False when none does, None when it depends on the version.
        """
        whole = bounds_of(",".join(filter(None, (self._lower(), self._upper()))))
        return whole.within(bounds_of(specifier))

    def _lower(self) -> str:
        return "" if self.minimum is None else (">=" if self.includes_minimum else ">") + self.minimum

    def _upper(self) -> str:
        return "" if self.maximum is None else ("<=" if self.includes_maximum else "<") + self.maximum


def find_version(
    files: FileSystem,
    name: str,
    project: str,
    *,
    workspace: str | None = None,
    environment: Environment | None = None,
) -> VersionRange | None:
    """The version of the distribution `name` for the project in folder `project`.

    What is installed comes first, then lock files, then requirements and declared dependencies; each in
    `project` and in the folders above it up to `workspace`. None when nothing mentions the distribution.
    """
    wanted = Distribution(canonicalize_name(name), environment.python if environment else None)
    if environment and (found := installed_version(files, environment.site_packages, wanted.name)):
        return found
    folders = parents(project, workspace or project)
    for folder in folders:
        for stated in locked(files, folder, wanted):
            return _range(wanted.name, stated, "locked")
    vague: VersionRange | None = None
    for folder in folders:
        for stated, how in _in_folder(files, folder, wanted):
            result = _range(wanted.name, stated, how)
            if result.minimum is not None:
                return result
            vague = vague or result
    return vague


def _in_folder(files: FileSystem, folder: str, wanted: Distribution) -> list[tuple[Stated, How]]:
    return [
        *((stated, "required") for stated in required(files, folder, wanted)),
        *((stated, "declared") for stated in declared(files, folder, wanted)),
    ]


def installed_version(files: FileSystem, site_packages: tuple[str, ...], name: str) -> VersionRange | None:
    """The version of the distribution `name` in folders of packages, by its metadata.

    Django without metadata (as in a vendored copy) is known by its own ``VERSION``.
    """
    wanted = canonicalize_name(name)
    for site in site_packages:
        for entry in files.list_dir(site):
            match = _INFO.match(entry)
            if match and canonicalize_name(match["name"]) == wanted:
                return _installed(files, wanted, join(site, entry), match["version"])
        module = join(site, wanted.replace("-", "_"), "__init__.py")
        if wanted == "django" and (version := _VERSION_TUPLE.search(files.read_text(module) or "")):
            text = ".".join(version.groups())
            return _range(wanted, Stated(bounds_of(f"=={text}"), text, module, 0), "installed")
    return None


def _installed(files: FileSystem, name: str, info: str, version: str) -> VersionRange:
    path, line = info, 0
    for metadata in ("METADATA", "PKG-INFO"):
        text = files.read_text(join(info, metadata))
        if text is not None and (match := _VERSION_FIELD.search(text)):
            path, line, version = join(info, metadata), text.count("\n", 0, match.start()), match[1]
            break
    return _range(name, Stated(bounds_of(f"=={version}"), version, path, line), "installed")


def _range(name: str, stated: Stated, how: How) -> VersionRange:
    bounds: Bounds = stated.bounds
    return VersionRange(
        name=name,
        minimum=None if bounds.minimum is None else str(bounds.minimum),
        maximum=None if bounds.maximum is None else str(bounds.maximum),
        includes_minimum=bounds.includes_minimum,
        includes_maximum=bounds.includes_maximum,
        exact=bounds.exact,
        how=how,
        stated=stated.text,
        path=stated.path,
        line=stated.line,
    )
