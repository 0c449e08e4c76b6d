"""Which folders are under analysis."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path

from djguide_server.lsp.documents import path_of

_MARKERS = ("manage.py", "djguide.toml", "pyproject.toml", ".git")


def client_roots(params: types.InitializeParams) -> dict[str, str]:
    """Folders of an `initialize` request, as paths by address; clients without folders send one root only."""
    if params.workspace_folders is not None:
        return folder_paths(params.workspace_folders)
    uri = params.root_uri or (from_fs_path(params.root_path) if params.root_path else None)
    return _paths([uri]) if uri else {}


def folder_paths(folders: Iterable[types.WorkspaceFolder]) -> dict[str, str]:
    """Paths of workspace folders by their address; those that are not on disk are left out."""
    return _paths(folder.uri for folder in folders)


def project_root(path: str) -> str | None:
    """The folder of the project that a file seems to belong to; None when nothing says so.

    For clients that open a file without a folder. Neither the home folder nor anything above it is a project.
    """
    home = Path.home()
    for folder in Path(path).parents:
        if folder == home or folder in home.parents:
            return None
        if any((folder / marker).exists() for marker in _MARKERS):
            return folder.as_posix()
    return None


def _paths(uris: Iterable[str]) -> dict[str, str]:
    found = ((uri, path_of(uri)) for uri in uris)
    return {uri: path.rstrip("/") or "/" for uri, path in found if path}
