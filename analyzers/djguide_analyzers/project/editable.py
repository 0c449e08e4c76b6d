"""What ``.pth`` files and editable installs add to the places packages are imported from, read as text."""

from __future__ import annotations

import json
import posixpath
import re
from urllib.parse import unquote, urlsplit

from djguide_analyzers.project.files import FileSystem, join

_FINDER = re.compile(r"import\s+(__editable___\w+_finder)\b")
_MAPPING = re.compile(r"^MAPPING\b[^=]*=\s*(\{.*?\})", re.MULTILINE | re.DOTALL)
_PAIR = re.compile(r"""(['"])([\w.]+)\1\s*:\s*(['"])(.*?)\3""")


def import_folders(files: FileSystem, sites: list[str]) -> tuple[list[str], dict[str, str]]:
    """Folders to import from in the order Python would search them, and packages mapped one by one.

    A mapping leads from a top-level name to the package's folder or the module's file. Only what exists is
    returned.
    """
    folders: list[str] = []
    mapped: dict[str, str] = {}
    for site in sites:
        added: list[str] = []
        names = files.list_dir(site)
        for name in names:
            if name.endswith(".pth"):
                _read_pth(files, site, name, added, mapped)
        for name in names:
            if name.endswith(".dist-info") and (folder := _editable_source(files, join(site, name))):
                added += _sources(files, folder, [*added, *mapped.values()])
        folders += [folder for folder in (site, *added) if folder not in folders]
    return folders, mapped


def _read_pth(files: FileSystem, site: str, name: str, added: list[str], mapped: dict[str, str]) -> None:
    for line in (files.read_text(join(site, name)) or "").splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith(("import ", "import\t")):
            for finder in _FINDER.findall(line):
                mapped.update(_finder_mapping(files, join(site, finder + ".py")))
            continue
        path = join(site, line)
        if files.is_dir(path) and path not in added:
            added.append(path)


def _finder_mapping(files: FileSystem, path: str) -> dict[str, str]:
    """The table in the module that setuptools generates for an editable install."""
    found = _MAPPING.search(files.read_text(path) or "")
    if found is None:
        return {}
    result: dict[str, str] = {}
    for _, package, _, place in _PAIR.findall(found[1]):
        place = join("/", place.replace("\\\\", "/"))
        if files.is_dir(place):
            result[package] = place
        elif files.is_file(place + ".py"):
            result[package] = place + ".py"
        elif files.is_file(place):
            result[package] = place
    return result


def _editable_source(files: FileSystem, dist_info: str) -> str | None:
    """The folder that a distribution was installed from in editable mode (PEP 610)."""
    text = files.read_text(join(dist_info, "direct_url.json"))
    if text is None:
        return None
    try:
        document = json.loads(text)
        if document["dir_info"]["editable"] is not True:
            return None
        url = urlsplit(document["url"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    path = unquote(url.path)
    if re.match(r"/[A-Za-z]:/", path):
        path = path[1:]
    return join("/", path) if url.scheme == "file" and files.is_dir(path) else None


def _sources(files: FileSystem, folder: str, known: list[str]) -> list[str]:
    """Where the packages of an editable distribution start, if no ``.pth`` file has told that already."""
    if any(path == folder or path.startswith(folder + "/") for path in known):
        return []
    source = join(folder, "src")
    holds_packages = files.is_dir(source) and not files.is_file(join(source, "__init__.py"))
    return [source] if holds_packages else [posixpath.normpath(folder)]
