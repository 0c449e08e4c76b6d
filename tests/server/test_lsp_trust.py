"""The trust contract in the editor: the server reads a project from within its folder and runs none of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lsp_client import PULL, Client, span

from untrusted import AUDIT, OTHER_FILES, PYTHON_FILES, environment, listing, write_project

Start = Callable[..., Client]
ARGUMENTS = ["server", "--stdio"]
COMMANDS = {
    "module": [sys.executable, "-m", "djguide_server", *ARGUMENTS],
    "module of the server": [sys.executable, "-m", "djguide_server.lsp"],
    "program": [str(Path(sys.executable).with_name("djguide")), *ARGUMENTS],
}
OPENED = {
    "shop/views.py": "python",
    "shop/models.py": "python",
    "project/settings.py": "python",
    "conftest.py": "python",
    "django/__init__.py": "python",
    "shop/templatetags/shop_tags.py": "python",
    "shop/templates/shop/list.html": "django-html",
    "pyproject.toml": "toml",
}


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """The folder in which a file appears for each trap that was run."""
    folder = tmp_path / "marker"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path, marker: Path) -> Path:
    """A project in which every Python file is a trap."""
    write_project(tmp_path / "shop", marker)
    return tmp_path / "shop"


@contextmanager
def left_alone(project: Path, marker: Path) -> Iterator[None]:
    """Afterwards the project is as it was before, and no trap was run."""
    before = listing(project)
    yield
    assert listing(project) == before
    assert [path.name for path in marker.iterdir()] == []


def whole_session(client: Client, project: Path) -> list[Any]:
    """All that an editor does with a project, saving aside; the diagnostics of the views."""
    client.initialize(project, PULL, processId=os.getpid())
    uris: dict[str, str] = {}
    for name, language in OPENED.items():
        path = project / name
        uris[name] = client.open(path, path.read_text(encoding="utf-8"), language=language)
    diagnostics = client.pull(uris["shop/views.py"])["items"]
    for name, uri in uris.items():
        text = (project / name).read_text(encoding="utf-8")
        client.change(uri, 2, "\n" + text)
        for found in client.pull(uri)["items"]:
            client.actions(uri, span(found["range"]), [found])
            client.request(
                "textDocument/hover", {"textDocument": {"uri": uri}, "position": found["range"]["start"]}
            )
        client.actions(uri, (0, 0, 0, 0), only=["source.fixAll"])
        client.change(uri, 3, text)
        client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    client.change(uris["shop/views.py"], 4, "def broken(:\n")
    client.notify("workspace/didChangeConfiguration", {"settings": {"djguide": {"select": ["queries"]}}})
    changes = [{"uri": (project / name).as_uri(), "type": 2} for name in (*PYTHON_FILES, *OTHER_FILES)]
    client.notify("workspace/didChangeWatchedFiles", {"changes": changes})
    client.pull(uris["shop/views.py"])
    assert "project.settings" in str(client.report())
    for uri in uris.values():
        client.close(uri)
    return diagnostics


@pytest.mark.parametrize("name", COMMANDS)
def test_no_code_of_the_project_runs(start: Start, project: Path, marker: Path, name: str) -> None:
    with left_alone(project, marker):
        client = start(COMMANDS[name], environment=clean(project), folder=project)
        assert whole_session(client, project)
        assert client.shutdown() == 0


@pytest.mark.parametrize("paths", [".", "", "PROJECT"], ids=["dot", "empty entry", "absolute"])
def test_the_project_on_the_search_path_runs_no_code(
    start: Start, project: Path, marker: Path, paths: str
) -> None:
    """Variables of a shell in which somebody works on the project."""
    for name in ("sitecustomize.py", "usercustomize.py", "typing.py", "asyncio.py"):
        # These Python itself takes from there, before there is any djguide.
        (project / name).unlink()
    variables = clean(project)
    variables["PYTHONPATH"] = os.pathsep.join(
        [paths.replace("PROJECT", str(project)), variables["PYTHONPATH"]]
    )
    with left_alone(project, marker):
        client = start(COMMANDS["program"], environment=variables, folder=project)
        assert whole_session(client, project)
        assert client.shutdown() == 0


def test_no_network_no_process_no_import_no_write(start: Start, project: Path, marker: Path) -> None:
    """What the watch has to tell goes to stderr, which has to stay empty."""
    code = AUDIT.format(root=str(project), arguments=ARGUMENTS)
    with left_alone(project, marker):
        client = start([sys.executable, "-P", "-c", code], environment=clean(project), folder=project)
        assert whole_session(client, project)
        assert client.shutdown() == 0
    assert client.errors == b""


def test_the_watch_works_in_the_server(project: Path) -> None:
    code = AUDIT.format(root=str(project), arguments=ARGUMENTS).replace(
        "status = 0\n", "status = 0\nimport socket; socket.create_server(('127.0.0.1', 0)).close()\n"
    )
    client = Client([sys.executable, "-P", "-c", code], environment=clean(project), folder=project)
    try:
        client.initialize(project)
        client.shutdown()
    finally:
        client.kill()
    assert b"VIOLATION socket.bind" in client.errors


def clean(project: Path) -> dict[str, str]:
    """The variables of the trust tests; those that a client adds to are emptied."""
    kept = environment(project)
    return {name: "" for name in os.environ if name.startswith(("PYTHON", "DJANGO", "VIRTUAL"))} | kept
