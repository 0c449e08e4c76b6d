"""Roots, settings and files outside of the editor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import PUSH, Client

from djguide_server.lsp.roots import project_root

Start = Callable[..., Client]
CONFIGURATION = {**PUSH, "workspace": {**PUSH["workspace"], "configuration": True}}


def begin(client: Client, path: Path, text: str = "teh") -> str:
    uri = client.open(path, text)
    client.published(uri)
    return uri


def test_one_root_and_no_folders(client: Client, tmp_path: Path) -> None:
    params = {
        "processId": None,
        "rootUri": tmp_path.as_uri(),
        "capabilities": {"workspace": {"workspaceFolders": False}},
    }
    client.request("initialize", params)
    client.notify("initialized", {})
    begin(client, tmp_path / "a.py")
    assert client.report()["roots"] == [tmp_path.as_posix()]


def test_only_a_root_path(client: Client, tmp_path: Path) -> None:
    client.request(
        "initialize", {"processId": None, "rootUri": None, "rootPath": str(tmp_path), "capabilities": {}}
    )
    client.notify("initialized")
    begin(client, tmp_path / "a.py")
    assert client.report()["roots"] == [tmp_path.as_posix()]


def test_without_a_root_the_project_of_an_open_file_is_taken(client: Client, tmp_path: Path) -> None:
    (tmp_path / "project" / "app").mkdir(parents=True)
    (tmp_path / "project" / "manage.py").touch()
    client.initialize()
    uri = begin(client, tmp_path / "project" / "app" / "a.py")
    assert client.report()["roots"] == [(tmp_path / "project").as_posix()]
    begin(client, tmp_path / "project" / "app" / "b.py")
    client.close(uri)
    assert client.report()["roots"] == [(tmp_path / "project").as_posix()]
    # Names in texts are relative to it.
    (tmp_path / "project" / "app" / "owner.py").write_text("owner")
    uri = begin(client, tmp_path / "project" / "app" / "c.py", "far")
    position = {"line": 0, "character": 0}
    hover = client.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
    assert "- app/owner.py:1 " in hover["contents"]["value"].replace("`", "")


def test_the_root_of_a_file_is_marked_and_never_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    inside = home / "code" / "app"
    inside.mkdir(parents=True)
    for marked in (home, tmp_path):
        (marked / "pyproject.toml").touch()
    monkeypatch.setattr(Path, "home", lambda: home)
    assert project_root((inside / "a.py").as_posix()) is None
    (home / "code" / ".git").mkdir()
    assert project_root((inside / "a.py").as_posix()) == (home / "code").as_posix()


def test_folders_come_and_go(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path / "one")
    uri = begin(client, tmp_path / "one" / "a.py")
    folders = [{"uri": (tmp_path / name).as_uri(), "name": name} for name in ("one", "two")]
    event = {"added": folders[1:], "removed": folders[:1]}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    client.change(uri, 2, "teh teh")
    client.published(uri, 2)
    report = client.report()
    assert report["roots"] == [(tmp_path / "two").as_posix()]
    # The new workspace knows the open documents.
    assert report["log"][0][0] == "set_text"


def test_settings_are_asked_for_before_the_first_analysis(start: Start, tmp_path: Path) -> None:
    client = start(answers={"workspace/configuration": [{"select": ["x"], "unset": None}]})
    client.initialize(tmp_path, CONFIGURATION, initializationOptions={"settings": {"ignore": ["y"]}})
    uri = begin(client, tmp_path / "a.py")
    assert client.all("workspace/configuration") == [{"items": [{"section": "djguide"}]}]
    assert client.report()["settings"] == {"select": ["x"]}
    client.answers["workspace/configuration"] = [{"select": ["z"]}]
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    client.wait_for("workspace/configuration", lambda p: len(client.all("workspace/configuration")) == 2)
    client.change(uri, 2, "adn")
    client.published(uri, 2)
    while (report := client.report())["settings"] == {"select": ["x"]}:
        pass
    assert report["settings"] == {"select": ["z"]}


def test_a_client_that_never_answers_about_settings(start: Start, tmp_path: Path) -> None:
    client = start(answers={"unanswered": ["workspace/configuration"]})
    client.initialize(tmp_path, CONFIGURATION, initializationOptions={"djguide": {"select": ["x"]}})
    begin(client, tmp_path / "a.py")
    assert client.report()["settings"] == {"select": ["x"]}
    (asked,) = (message for message in client.seen if message["method"] == "workspace/configuration")
    client.send({"jsonrpc": "2.0", "id": asked["id"], "result": [{"select": ["late"]}]})
    while client.report()["settings"] != {"select": ["late"]}:
        pass


def test_a_client_that_refuses_to_tell_settings(start: Start, tmp_path: Path) -> None:
    client = start(answers={"unanswered": ["workspace/configuration"]})
    client.initialize(tmp_path, CONFIGURATION)
    client.wait_for("workspace/configuration")
    (asked,) = (message for message in client.seen if message["method"] == "workspace/configuration")
    client.send({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32603, "message": "no"}})
    begin(client, tmp_path / "a.py")
    assert client.report()["settings"] == {}
    assert client.all("window/logMessage") == []


def test_settings_that_the_client_pushes(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    uri = begin(client, tmp_path / "a.py")
    for version, (sent, expected) in enumerate(
        [
            ({"djguide": {"select": ["x"]}}, {"select": ["x"]}),
            ({"other": {}}, {"select": ["x"]}),
            ([], {"select": ["x"]}),
            ({"djguide": None}, {}),
            ({"djguide": "all"}, {}),
        ],
        start=2,
    ):
        client.notify("workspace/didChangeConfiguration", {"settings": sent})
        client.change(uri, version, "teh" + " " * version)
        client.published(uri, version)
        assert client.report()["settings"] == expected
    (entry,) = client.all("window/logMessage")
    assert "'djguide' must be a table, not str" in entry["message"]


def registered(client: Client) -> dict[str, Any]:
    params = client.wait_for("client/registerCapability")
    return {entry["method"]: entry["registerOptions"] for entry in params["registrations"]}


def test_files_and_settings_are_watched_where_that_can_be_registered(client: Client, tmp_path: Path) -> None:
    dynamic = {"dynamicRegistration": True}
    workspace = {**PUSH["workspace"], "didChangeWatchedFiles": dynamic, "didChangeConfiguration": dynamic}
    client.initialize(tmp_path, {**PUSH, "workspace": workspace})
    options = registered(client)
    assert options["workspace/didChangeConfiguration"] == {"section": "djguide"}
    patterns = [watcher["globPattern"] for watcher in options["workspace/didChangeWatchedFiles"]["watchers"]]
    assert "**/{pyproject,djguide}.toml" in patterns
    assert any(pattern.startswith("**/*.{py,") for pattern in patterns)
    assert "**/templates/**" in patterns


def test_nothing_is_registered_where_that_is_not_possible(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    begin(client, tmp_path / "a.py")
    assert client.all("client/registerCapability") == []


def test_changes_on_disk_reach_the_analysis(client: Client, tmp_path: Path) -> None:
    owner = tmp_path / "owner.py"
    client.initialize(tmp_path)
    uri = client.open(tmp_path / "access.py", "far")
    assert client.published(uri) == []
    owner.write_text("owner")
    changes = [{"uri": owner.as_uri(), "type": 1}, {"uri": "untitled:x", "type": 2}]
    client.notify("workspace/didChangeWatchedFiles", {"changes": changes})
    assert len(client.published(uri)) == 1
    assert ["changed_on_disk", owner.as_posix()] in client.report()["log"]


def test_saving_and_closing_tell_that_the_disk_changed(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    path, other = tmp_path / "a.py", tmp_path / "b.py"
    uri = begin(client, path)
    begin(client, other)
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    client.close(uri)
    client.published(uri)
    while ["drop_text", path.as_posix()] not in (log := client.report()["log"]):
        pass
    assert ["changed_on_disk", path.as_posix()] in log
