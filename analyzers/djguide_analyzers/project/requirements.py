"""The requirement on one distribution as the files of a project state it, with file and line.

Each reader takes a folder and yields what it finds there, best first; broken files yield nothing.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from djguide_analyzers.project.bounds import ANY, Bounds, bounds_of, poetry_bounds, unite_all
from djguide_analyzers.project.documents import line_of, read_ini, read_toml, strings, table
from djguide_analyzers.project.files import FileSystem, join

_LOCK_FILES = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_REQUIREMENTS = re.compile(r"(?:.*[-_.])?(?:requirements?|reqs|constraints)(?:[-_.].*)?\.(?:txt|in)$", re.I)
_PREFERRED = ("requirements", "base", "common", "production", "prod", "main", "django", "local", "dev")
_OPTION = re.compile(r"(?:-r|--requirement|-c|--constraint)(?:\s+|=|(?=\S))(.+)")
_MAX_INCLUDES = 50


class Stated(NamedTuple):
    """What one place says: the bounds, the words, and where (zero-based line)."""

    bounds: Bounds
    text: str
    path: str
    line: int


class Distribution(NamedTuple):
    """Which distribution is asked for, and for which Python its markers are to be read."""

    name: str
    python: str | None = None

    def pattern(self) -> str:
        """A regular expression for the name in any of its spellings, ignoring case."""
        parts = re.split(r"[-_.]+", self.name)
        return r"(?<![\w.-])" + "[-_.]+".join(map(re.escape, parts)) + r"(?![\w-]|\.\w)"


# --- lock files ------------------------------------------------------------------------------------------


def locked(files: FileSystem, folder: str, wanted: Distribution) -> Iterator[Stated]:
    """Versions that the lock files in `folder` pin."""
    for name in _LOCK_FILES:
        path = join(folder, name)
        if (text := files.read_text(path)) and (found := _toml_lock(text, path, wanted)):
            yield found
    path = join(folder, "Pipfile.lock")
    if (text := files.read_text(path)) and (found := _pipfile_lock(text, path, wanted)):
        yield found


def _toml_lock(text: str, path: str, wanted: Distribution) -> Stated | None:
    """All four formats write ``name`` and then ``version`` at the head of each ``[[package]]``.

    They are read by pattern since parsing a lock file of some megabytes would take seconds.
    """
    entry = re.compile(
        rf"^\[\[packages?\]\]\s*\nname\s*=\s*[\"']{wanted.pattern()}[\"']\s*\nversion\s*=\s*[\"']([^\"']+)",
        re.MULTILINE | re.IGNORECASE,
    )
    matches = list(entry.finditer(text.replace("\r\n", "\n")))
    if not matches:
        return None
    # Several versions are locked when they depend on the Python version or the platform.
    bounds = unite_all(bounds_of(f"=={match[1]}") for match in matches)
    line = text.count("\n", 0, matches[0].start()) + 1
    return Stated(bounds, ", ".join(match[1] for match in matches), path, line)


def _pipfile_lock(text: str, path: str, wanted: Distribution) -> Stated | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    for section in ("default", "develop"):
        for name, entry in table(document if isinstance(document, dict) else {}, section).items():
            if canonicalize_name(name) == wanted.name and isinstance(entry, dict):
                version = str(entry.get("version", ""))
                return Stated(bounds_of(version), version, path, line_of(text, f'"{name}"'))
    return None


# --- requirements files ----------------------------------------------------------------------------------


def required(files: FileSystem, folder: str, wanted: Distribution) -> Iterator[Stated]:
    """What the requirements files in `folder` (and in ``requirements/``) say, with those they include."""
    names = [(name, name) for name in files.list_dir(folder) if _REQUIREMENTS.match(name)]
    for below in ("requirements", "reqs"):
        names += [
            (f"{below}/{name}", name)
            for name in files.list_dir(join(folder, below))
            if name.endswith((".txt", ".in"))
        ]
    names.sort(key=lambda pair: (_preference(pair[1]), pair[0]))
    for name, _ in names:
        found = list(_requirements(files, join(folder, name), wanted, set()))
        if found:
            yield _merge(found, wanted.python)


def _preference(name: str) -> tuple[int, bool]:
    stem = name.rpartition(".")[0].lower()
    rank = _PREFERRED.index(stem) if stem in _PREFERRED else len(_PREFERRED)
    return rank, name.endswith(".in")


def _requirements(
    files: FileSystem, path: str, wanted: Distribution, seen: set[str]
) -> Iterator[tuple[Requirement, str, int]]:
    text = files.read_text(path)
    if text is None or path in seen or len(seen) > _MAX_INCLUDES:
        return
    seen.add(path)
    for number, line in _logical_lines(text):
        if option := _OPTION.match(line):
            yield from _requirements(files, join(posixpath.dirname(path), option[1].strip()), wanted, seen)
        elif requirement := _requirement(line, wanted):
            yield requirement, path, number


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines of a requirements file with continuations joined, comments and per-requirement options gone."""
    start, pending = 0, ""
    for number, line in enumerate(text.splitlines()):
        if not pending:
            start = number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        whole = re.sub(r"(?:^|\s)#.*", "", pending + line).strip()
        pending = ""
        if whole:
            yield start, whole if whole.startswith("-") else whole.split(" --", 1)[0].strip()


# --- declared dependencies -------------------------------------------------------------------------------


def declared(files: FileSystem, folder: str, wanted: Distribution) -> Iterator[Stated]:
    """What the project in `folder` declares, in the order of the tools' popularity."""
    yield from _pyproject(files, join(folder, "pyproject.toml"), wanted)
    yield from _setup_cfg(files, join(folder, "setup.cfg"), wanted)
    yield from _setup_py(files, join(folder, "setup.py"), wanted)
    yield from _pipfile(files, join(folder, "Pipfile"), wanted)
    for name in ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml"):
        yield from _conda(files, join(folder, name), wanted)
    for name in files.list_dir(folder):
        if name.endswith(".dist-info"):
            yield from _metadata(files, join(folder, name, "METADATA"), wanted)


def _pyproject(files: FileSystem, path: str, wanted: Distribution) -> Iterator[Stated]:
    document = read_toml(files, path)
    if not document:
        return
    text = files.read_text(path) or ""
    groups = [table(document, "project").get("dependencies")]
    poetry = table(document, "tool", "poetry")
    poetry_groups = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    poetry_groups += [table(poetry, "group", name).get("dependencies") for name in table(poetry, "group")]
    optional = [
        *table(document, "dependency-groups").values(),
        *table(document, "project", "optional-dependencies").values(),
        table(document, "tool", "uv").get("dev-dependencies"),
        *table(document, "tool", "pdm", "dev-dependencies").values(),
    ]
    yield from _listed(groups, text, path, wanted)
    for group in poetry_groups:
        yield from _named(group, text, path, wanted, poetry_bounds)
    yield from _listed(optional, text, path, wanted)


def _listed(groups: list[Any], text: str, path: str, wanted: Distribution) -> Iterator[Stated]:
    """Requirements in lists of PEP 508 strings."""
    for group in groups:
        found = [
            (requirement, path, _line(text, item, wanted))
            for item in strings(group)
            if (requirement := _requirement(item, wanted))
        ]
        if found:
            yield _merge(found, wanted.python)


def _named(group: Any, text: str, path: str, wanted: Distribution, read: Any) -> Iterator[Stated]:
    """A requirement in a table of names; the value is a version, a table with one, or a list of tables."""
    for name, value in table({"group": group}, "group").items():
        if canonicalize_name(name) != wanted.name:
            continue
        values = value if isinstance(value, list) else [value]
        versions = [item.get("version") if isinstance(item, dict) else item for item in values]
        known = [version for version in versions if isinstance(version, str)]
        if known:
            bounds = unite_all(read(version) for version in known)
            yield Stated(bounds, " || ".join(known), path, _line(text, known[0], wanted))


def _setup_cfg(files: FileSystem, path: str, wanted: Distribution) -> Iterator[Stated]:
    parser = read_ini(files, path)
    text = files.read_text(path) or ""
    blocks = [parser.get("options", "install_requires", fallback=None)]
    if parser.has_section("options.extras_require"):
        blocks += [value for _, value in parser.items("options.extras_require")]
    lines = [(block or "").replace(";\n", "\n").splitlines() for block in blocks]
    yield from _listed(lines, text, path, wanted)


def _setup_py(files: FileSystem, path: str, wanted: Distribution) -> Iterator[Stated]:
    """String literals of ``setup.py`` that read as a requirement on the distribution."""
    text = files.read_text(path) or ""
    if "setup(" in text:
        literals = re.findall(r"\"([^\"\\\n]+)\"|'([^'\\\n]+)'", text)
        candidates = [double or single for double, single in literals]
        yield from _listed([[c for c in candidates if re.search(r"[<>=~]=?\s*\d", c)]], text, path, wanted)


def _pipfile(files: FileSystem, path: str, wanted: Distribution) -> Iterator[Stated]:
    document = read_toml(files, path)
    text = files.read_text(path) or ""
    for section in ("packages", "dev-packages"):
        yield from _named(document.get(section), text, path, wanted, poetry_bounds)


def _conda(files: FileSystem, path: str, wanted: Distribution) -> Iterator[Stated]:
    text = files.read_text(path) or ""
    item = re.compile(rf"^\s*-\s*[\"']?{wanted.pattern()}\s*([^\"'#\n]*)", re.MULTILINE | re.IGNORECASE)
    for match in item.finditer(text):
        stated = match[1].strip()
        version = re.fullmatch(r"=\s*([\d.]+)(?:\.\*)?(?:=\w+)?", stated)
        bounds = bounds_of(f"=={version[1]}.*" if version else stated)
        yield Stated(bounds, stated, path, text.count("\n", 0, match.start(1)))


def _metadata(files: FileSystem, path: str, wanted: Distribution) -> Iterator[Stated]:
    """``Requires-Dist`` of an unpacked or installed distribution; ``Django (==4.2)`` is the old spelling."""
    found: list[tuple[Requirement, str, int]] = []
    for number, line in enumerate((files.read_text(path) or "").splitlines()):
        if not line:
            break  # the description follows
        if line.startswith("Requires-Dist:"):
            requirement = _requirement(line.partition(":")[2].strip(), wanted)
            if requirement:
                found.append((requirement, path, number))
    if found:
        yield _merge(found, wanted.python)


# --- requirements ----------------------------------------------------------------------------------------


def _requirement(text: str, wanted: Distribution) -> Requirement | None:
    """`text` as a requirement on the distribution, None when it is one on another or none at all."""
    if not re.match(wanted.pattern(), text.lstrip(), re.IGNORECASE):
        return None
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    return requirement if canonicalize_name(requirement.name) == wanted.name else None


def _merge(found: list[tuple[Requirement, str, int]], python: str | None) -> Stated:
    """All requirements as one: those under the same marker hold together, different markers are alternatives."""
    plain = [item for item in found if "extra" not in str(item[0].marker or "")] or found
    applying = [item for item in plain if _applies(item[0], python)] or plain
    by_marker: dict[str, Bounds] = {}
    for requirement, _, _ in applying:
        marker = str(requirement.marker or "")
        by_marker[marker] = _requirement_bounds(requirement).intersect(by_marker.get(marker, ANY))
    always = by_marker.pop("", ANY)
    bounds = unite_all(by_marker.values()).intersect(always) if by_marker else always
    best = next((item for item in applying if _requirement_bounds(item[0]).minimum), applying[0])
    text = ", ".join(dict.fromkeys(str(requirement) for requirement, _, _ in applying))
    return Stated(bounds, text, best[1], best[2])


def _applies(requirement: Requirement, python: str | None) -> bool:
    """Whether the marker may hold; without a known Python it may."""
    if requirement.marker is None or python is None:
        return True
    short = ".".join(python.split(".")[:2])
    full = python if python.count(".") > 1 else f"{short}.0"
    try:
        return requirement.marker.evaluate(
            {"python_version": short, "python_full_version": full, "extra": ""}
        )
    except ValueError:
        return True


def _requirement_bounds(requirement: Requirement) -> Bounds:
    if requirement.url:
        archive = re.search(r"-(\d+(?:\.\w+)+?)(?:\.tar\.gz|\.zip|-py\w+-)", requirement.url)
        return bounds_of(f"=={archive[1]}") if archive else ANY
    return bounds_of(requirement.specifier)


def _line(text: str, stated: str, wanted: Distribution) -> int:
    """The line that names the distribution and says `stated`, or else just names it."""
    name = re.compile(wanted.pattern(), re.IGNORECASE)
    lines = [number for number, line in enumerate(text.splitlines()) if name.search(line)]
    all_lines = text.splitlines()
    return next((n for n in lines if stated in all_lines[n]), lines[0] if lines else 0)
