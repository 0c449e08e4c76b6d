"""What is analysed when: bursts, stale results, failures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsp_client import PULL, PUSH, Client

Start = Callable[..., Client]
PUBLISH = "textDocument/publishDiagnostics"
STATUS = "experimental/serverStatus"


def checks(report: dict[str, Any], path: Path) -> list[str]:
    """The texts of a file whose analysis came to an end."""
    return [entry[2] for entry in report["log"] if entry[:2] == ["end", path.as_posix()]]


def test_a_burst_of_edits_costs_few_analyses_and_ends_with_the_last(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    path = tmp_path / "a.py"
    uri = client.open(path, "wait")
    for version in range(2, 202):
        client.change(uri, version, "x ", (0, 0, 0, 0))
    client.change(uri, 202, "teh")
    assert len(client.published(uri, 202)) == 1
    report = client.settle(path, "teh")
    assert checks(report, path) == ["teh"]
    assert [p["version"] for p in client.all(PUBLISH)] == [202]


def test_results_for_an_older_text_are_dropped(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    path = tmp_path / "a.py"
    uri = client.open(path, "teh")
    client.published(uri, 1)
    for version in range(2, 100):
        client.change(uri, version, f"teh {version}")
    client.settle(path, "teh 99")
    versions = [p["version"] for p in client.all(PUBLISH)]
    assert versions == sorted(versions)
    assert versions[-1] == 99


def test_the_file_touched_last_is_checked_first(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    uris = [client.open(tmp_path / f"{name}.py", name) for name in "abc"]
    for uri in uris:
        client.published(uri)
    client.change(uris[1], 2, "teh")
    log = client.settle(tmp_path / "a.py", "a")["log"]
    last = len(log) - 1 - log[::-1].index(["set_text", (tmp_path / "b.py").as_posix(), "teh"])
    begun = [entry[1] for entry in log[last:] if entry[0] == "begin"]
    assert begun[:1] == [(tmp_path / "b.py").as_posix()]


def test_an_edit_interrupts_the_check_of_another_file(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    slow, quick = tmp_path / "slow.py", tmp_path / "quick.py"
    client.open(slow, "wait")
    uri = client.open(quick, "teh")
    assert len(client.published(uri)) == 1
    client.change(uri, 2, "teh teh")
    assert len(client.published(uri, 2)) == 2
    (tmp_path / "go").touch()
    client.settle(slow, "wait")


def test_the_report_is_given_while_an_analysis_waits_its_turn(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    uri = client.open(tmp_path / "a.py", "teh")
    client.published(uri)
    assert client.report()["roots"] == [tmp_path.as_posix()]


def test_an_exception_is_told_once_and_silences_nobody_else(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, {**PUSH, "experimental": {"serverStatusNotification": True}})
    broken = client.open(tmp_path / "a.py", "teh boom")
    assert client.published(broken, 1) == []
    fine = client.open(tmp_path / "sub" / "b.py", "adn")
    assert len(client.published(fine, 1)) == 1
    client.change(broken, 2, "boom again")
    assert client.published(broken, 2) == []
    failed = client.wait_for(STATUS, lambda p: p["health"] == "error" and p["quiescent"])
    assert "boom in a.py" in failed["message"]
    client.change(broken, 3, "teh")
    assert len(client.published(broken, 3)) == 1
    client.wait_for(STATUS, lambda p: p["health"] == "ok" and p["quiescent"])
    (entry,) = client.all("window/logMessage")
    assert entry["type"] == 1
    assert "checking a.py: RuntimeError: boom in a.py" in entry["message"]
    assert "Traceback" in entry["message"]
    assert client.shutdown() == 0


def test_an_exception_in_work_that_was_interrupted_is_past(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, {**PUSH, "experimental": {"serverStatusNotification": True}})
    slow = tmp_path / "slow.py"
    waiting = client.open(slow, "wait")
    broken = client.open(tmp_path / "sub" / "a.py", "boom")
    client.published(broken, 1)
    client.change(broken, 2, "teh")  # all the while, the other file is not done
    client.published(broken, 2)
    client.wait_for(STATUS, lambda params: not params["quiescent"])
    (tmp_path / "go").touch()
    client.published(waiting)
    while not client.all(STATUS)[-1]["quiescent"]:
        client.report()
    assert client.all(STATUS)[-1] == {"health": "ok", "quiescent": True, "message": None}


def test_an_exception_answers_those_who_wait_for_diagnostics(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, PULL)
    uri = client.open(tmp_path / "a.py", "boom")
    assert client.pull(uri)["items"] == []
    client.change(uri, 2, "teh")
    assert len(client.pull(uri)["items"]) == 1


def test_a_workspace_that_cannot_be_opened_is_told_and_can_be_mended(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, initializationOptions={"settings": {"refuse": True}})
    uri = client.open(tmp_path / "a.py", "teh")
    assert client.published(uri, 1) == []
    (entry,) = client.all("window/logMessage")
    assert "opening the workspace: ValueError: refused to start" in entry["message"]
    client.notify("workspace/didChangeConfiguration", {"settings": {"djguide": {"refuse": False}}})
    assert len(client.published(uri, 1)) == 1


def test_work_that_ends_before_its_progress_was_accepted(start: Start, tmp_path: Path) -> None:
    client = start(answers={"unanswered": ["window/workDoneProgress/create"]})
    client.initialize(tmp_path, {**PUSH, "window": {"workDoneProgress": True}})
    path = tmp_path / "a.py"
    uri = client.open(path, "wait")
    client.wait_for("window/workDoneProgress/create")
    (tmp_path / "go").touch()
    client.published(uri)
    (asked,) = (m for m in client.seen if m["method"] == "window/workDoneProgress/create")
    client.send({"jsonrpc": "2.0", "id": asked["id"], "result": None})
    client.settle(path, "wait")
    assert client.all("$/progress") == client.all("window/logMessage") == []


def test_status_tells_of_long_work_and_of_its_end(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, {**PUSH, "experimental": {"serverStatusNotification": True}})
    path = tmp_path / "a.py"
    uri = client.open(path, "wait")
    # A slow start may tell of the empty session first.
    working = client.wait_for(STATUS, lambda params: not params["quiescent"])
    assert working == {"health": "ok", "quiescent": False, "message": None}
    (tmp_path / "go").touch()
    done = client.wait_for(STATUS, lambda params: params["quiescent"])
    assert done == {"health": "ok", "quiescent": True, "message": None}
    (tmp_path / "pyproject.toml").write_text("# mistake")
    client.change(uri, 2, "x")
    found = client.wait_for(STATUS, lambda params: params["health"] == "warning")
    assert found["message"] == f"{(tmp_path / 'pyproject.toml').as_posix()}:1: there is a mistake"


def test_no_status_for_clients_that_do_not_know_it(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    client.published(client.open(tmp_path / "a.py", "boom"))
    assert client.all(STATUS) == []


def test_progress_is_shown_for_long_work_only(start: Callable[..., Client], tmp_path: Path) -> None:
    client = start(environment={"LONG_WORK_SECONDS": "6"})  # so that nothing takes long on a busy machine
    client.initialize(tmp_path, {**PUSH, "window": {"workDoneProgress": True}})
    path = tmp_path / "a.py"
    uri = client.open(path, "wait")
    begin = client.wait_for("$/progress", lambda p: p["value"]["kind"] == "begin")
    assert begin["value"]["title"] == "djguide"
    report = client.wait_for("$/progress", lambda p: p["value"]["kind"] == "report")
    assert (report["token"], report["value"]["message"], report["value"]["percentage"]) == (
        begin["token"],
        "reading 1/4",
        25,
    )
    (tmp_path / "go").touch()
    assert client.wait_for("$/progress", lambda p: p["value"]["kind"] == "end")["token"] == begin["token"]
    client.change(uri, 2, "teh")
    client.published(uri, 2)
    assert len(client.all("window/workDoneProgress/create")) == 1
