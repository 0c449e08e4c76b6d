from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import PULL, PUSH, Client, span

from shop_project import FILES

Start = Callable[..., Client]
PUBLISH = "textDocument/publishDiagnostics"
REFRESH = "workspace/diagnostic/refresh"


def codes(diagnostics: list[Any]) -> list[str]:
    return [diagnostic["code"] for diagnostic in diagnostics]


def test_push_publishes_versions_and_clears(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    path = tmp_path / "a.py"
    uri = client.open(path, "x = teh", 7)
    (found,) = client.published(uri, 7)
    assert span(found["range"]) == (0, 4, 0, 7)
    assert (found["severity"], found["source"], found["code"]) == (2, "djguide", "misspelt")
    assert found["data"]["id"]
    assert "codeDescription" not in found
    client.change(uri, 8, "\n", (0, 0, 0, 0))
    (moved,) = client.published(uri, 8)
    assert (span(moved["range"]), moved["data"]) == ((1, 4, 1, 7), found["data"])
    client.change(uri, 9, "the")
    assert client.published(uri, 9) == []
    client.change(uri, 10, "teh")
    client.published(uri, 10)
    client.close(uri)
    assert client.published(uri) == []


def test_push_does_not_repeat_what_the_client_has(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    uri = client.open(first, "teh")
    client.published(uri)
    other = client.open(second, "adn")
    client.published(other)
    client.change(other, 2, "adn adn")
    client.published(other, 2)
    client.settle(second, "adn adn")
    assert [p["uri"] for p in client.all(PUBLISH)] == [uri, other, other]


def test_findings_that_start_in_files_nobody_opened_arrive_later(client: Client, tmp_path: Path) -> None:
    (tmp_path / "access.py").write_text("far")
    client.initialize(tmp_path, initializationOptions={"settings": {"unsettled": True}})
    uri = client.open(tmp_path / "owner.py", "owner")
    published = client.wait_for(PUBLISH, lambda p: p["uri"] == uri and p["diagnostics"])
    assert codes(published["diagnostics"]) == ["far"]


def test_a_client_with_pull_gets_no_push(client: Client, tmp_path: Path) -> None:
    capabilities = client.initialize(tmp_path, PULL)
    assert capabilities["diagnosticProvider"] == {
        "interFileDependencies": True,
        "workspaceDiagnostics": True,
        "identifier": "djguide",
    }
    uri = client.open(tmp_path / "a.py", "teh")
    report = client.pull(uri)
    assert (report["kind"], codes(report["items"])) == ("full", ["misspelt"])
    assert client.pull(uri, report["resultId"]) == {"kind": "unchanged", "resultId": report["resultId"]}
    client.change(uri, 2, "teh teh")
    again = client.pull(uri, report["resultId"])
    assert (again["kind"], codes(again["items"])) == ("full", ["misspelt", "misspelt"])
    assert again["resultId"] != report["resultId"]
    client.close(uri)
    assert client.pull(uri) == {"kind": "full", "items": []}
    assert client.all(PUBLISH) == client.all(REFRESH) == []


def test_pull_waits_for_the_newest_text_and_ends_with_its_document(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, PULL)
    uri = client.open(tmp_path / "a.py", "wait")
    document = {"textDocument": {"uri": uri}}
    waiting = client.send_request("textDocument/diagnostic", document)
    cancelled = client.send_request("textDocument/diagnostic", document)
    client.notify("$/cancelRequest", {"id": cancelled})
    assert client.response(cancelled)["error"]["code"] == -32800
    client.change(uri, 2, "teh")
    assert codes(client.result(waiting)["items"]) == ["misspelt"]
    client.change(uri, 3, "wait")
    waiting = client.send_request("textDocument/diagnostic", document)
    client.close(uri)
    assert client.result(waiting) == {"kind": "full", "items": []}


def test_pull_is_told_to_ask_again_when_another_file_changed_its_diagnostics(
    client: Client, tmp_path: Path
) -> None:
    client.initialize(tmp_path, PULL)
    owner, access = tmp_path / "owner.py", tmp_path / "access.py"
    access_uri = client.open(access, "far")
    assert client.pull(access_uri)["items"] == []
    client.open(owner, "owner")
    client.wait_for(REFRESH)
    assert codes(client.pull(access_uri)["items"]) == ["far"]
    client.settle(access, "far")
    assert len(client.all(REFRESH)) == 1


@pytest.mark.parametrize("diagnostics", [None, {}, {"refreshSupport": False}])
def test_a_client_that_cannot_be_told_to_ask_again_is_pushed_to(
    client: Client, tmp_path: Path, diagnostics: Any
) -> None:
    workspace = {key: value for key, value in PULL["workspace"].items() if key != "diagnostics"}
    if diagnostics is not None:
        workspace["diagnostics"] = diagnostics
    capabilities = client.initialize(tmp_path, {**PULL, "workspace": workspace})
    assert "diagnosticProvider" not in capabilities
    uri = client.open(tmp_path / "access.py", "far")
    assert client.published(uri) == []
    client.open(tmp_path / "owner.py", "owner")
    assert codes(client.published(uri)) == ["far"]
    assert client.pull(uri) == {
        "kind": "full",
        "items": [],
    }  # one that asks nevertheless is told nothing twice
    assert client.all(REFRESH) == []


def test_findings_of_other_files_reach_a_client_that_cannot_be_told_to_ask_again(
    client: Client, tmp_path: Path
) -> None:
    (tmp_path / "access.py").write_text("far")
    workspace = {key: value for key, value in PULL["workspace"].items() if key != "diagnostics"}
    client.initialize(
        tmp_path, {**PULL, "workspace": workspace}, initializationOptions={"settings": {"unsettled": True}}
    )
    uri = client.open(tmp_path / "owner.py", "owner")
    published = client.wait_for(PUBLISH, lambda p: p["uri"] == uri and p["diagnostics"])
    assert codes(published["diagnostics"]) == ["far"]


@pytest.mark.parametrize("capabilities", [PUSH, PULL], ids=["push", "pull"])
def test_a_deleted_file_has_no_diagnostics_until_it_is_back(
    client: Client, tmp_path: Path, capabilities: Any
) -> None:
    client.initialize(tmp_path, capabilities)
    pull = capabilities is PULL
    path = tmp_path / "a.py"
    uri = client.open(path, "teh")

    def shown() -> list[Any]:
        return client.pull(uri)["items"] if pull else client.published(uri)

    assert codes(shown()) == ["misspelt"]
    event = {"uri": uri, "type": 3}
    client.notify("workspace/didChangeWatchedFiles", {"changes": [event]})
    if pull:
        client.wait_for(REFRESH)
    assert shown() == []
    client.notify("workspace/didChangeWatchedFiles", {"changes": [event, {**event, "type": 1}]})
    assert codes(shown()) == ["misspelt"]


@pytest.mark.parametrize(
    ("offered", "used", "column"),
    [
        (["utf-16", "utf-8"], "utf-8", 7),
        (["utf-32", "utf-16"], "utf-16", 5),
        (["utf-32"], "utf-32", 4),
        (None, "utf-16", 5),
    ],
)
def test_columns_are_counted_as_agreed(
    client: Client, tmp_path: Path, offered: Any, used: str, column: int
) -> None:
    general = {"positionEncodings": offered} if offered else {}
    capabilities = client.initialize(tmp_path, {**PUSH, "general": general})
    assert capabilities["positionEncoding"] == used
    uri = client.open(tmp_path / "a.py", "😀   teh\n")
    (found,) = client.published(uri, 1)
    assert span(found["range"]) == (0, column, 0, column + 3)
    client.change(uri, 2, "😀", (0, 0, 0, 0))
    (moved,) = client.published(uri, 2)
    width = column - 3
    assert span(moved["range"])[1] == column + width
    start = moved["range"]["start"]["character"]
    actions = client.actions(uri, (0, start, 0, start))
    edits = [a["edit"]["documentChanges"][0]["edits"] for a in actions if a["title"] == "Replace with the"]
    assert [span(edit["range"]) for edit in edits[0]] == [(0, start, 0, start + 3)]


def test_columns_in_another_file_follow_that_file(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    (tmp_path / "owner.py").write_text("😀owner", encoding="utf-8")
    uri = client.open(tmp_path / "access.py", "far")
    (found,) = client.published(uri)
    (related,) = found["relatedInformation"]
    assert span(related["location"]["range"]) == (0, 2, 0, 7)


def test_two_ends_in_two_files_are_shown_at_both(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    owner = client.open(tmp_path / "owner.py", "owner")
    client.published(owner, 1)
    access = client.open(tmp_path / "access.py", "x = far")
    (at_access,) = client.published(access)
    (at_owner,) = client.published(owner)
    assert (span(at_access["range"]), span(at_owner["range"])) == ((0, 4, 0, 7), (0, 0, 0, 5))
    (cause,) = at_access["relatedInformation"]
    (effect,) = at_owner["relatedInformation"]
    assert cause == {"location": {"uri": owner, "range": at_owner["range"]}, "message": "The cause is here"}
    assert effect == {
        "location": {"uri": access, "range": at_access["range"]},
        "message": "The effect shows here",
    }
    for uri, found in ((access, at_access), (owner, at_owner)):
        titles = [a["title"] for a in client.actions(uri, span(found["range"])) if a["kind"] == "quickfix"]
        assert "Repair the owner" in titles


def test_two_ends_in_one_file_are_shown_once_at_the_access(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    uri = client.open(tmp_path / "a.py", "top\nx = near")
    (found,) = client.published(uri)
    assert span(found["range"]) == (1, 4, 1, 8)
    (related,) = found["relatedInformation"]
    assert span(related["location"]["range"]) == (0, 0, 0, 3)


def test_evidence_becomes_lines_where_it_cannot_be_shown_apart(client: Client, tmp_path: Path) -> None:
    publish = {"textDocument": {"publishDiagnostics": {"relatedInformation": False}}}
    client.initialize(tmp_path, publish)
    client.open(tmp_path / "sub" / "owner.py", "\nowner")
    uri = client.open(tmp_path / "sub" / "a.py", "far")
    (found,) = client.published(uri)
    assert found["message"] == "far word\nsub/owner.py:2: The cause is here"
    assert "relatedInformation" not in found


def test_a_mistake_in_the_configuration_is_shown_in_its_file(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("# mistake")
    client.initialize(tmp_path)
    client.open(tmp_path / "a.py", "")
    (closed,) = client.published(path.as_uri())
    assert (closed["code"], closed["message"], span(closed["range"])) == (
        "configuration",
        "there is a mistake",
        (0, 2, 0, 9),
    )
    uri = client.open(path, "\n# mistake", language="toml")
    assert [span(d["range"]) for d in client.published(uri, 1)] == [(1, 2, 1, 9)]
    for _ in range(
        2
    ):  # told once for each place, when everything is checked: a change could come before that
        entry = client.wait_for("window/logMessage")
        assert entry["message"].endswith("there is a mistake")
    client.change(uri, 2, "")
    assert client.published(uri, 2) == []
    path.write_text("")
    client.close(uri)
    client.settle(tmp_path / "a.py", "")
    assert len(client.all("window/logMessage")) == 2


def test_documents_that_are_no_files_do_no_harm(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, PULL)
    uri = client.open("untitled:Untitled-1", "teh")
    client.change(uri, 2, "teh teh", (0, 0, 0, 3))
    assert client.pull(uri)["items"] == []
    assert client.actions(uri, (0, 0, 0, 3)) == []
    client.close(uri)
    assert codes(client.pull(client.open(tmp_path.parent / "outside.py", "teh"))["items"]) == ["misspelt"]
    assert client.shutdown() == 0


def test_evidence_that_leads_to_the_place_itself_is_left_out(client: Client, tmp_path: Path) -> None:
    """The finding of `misspelt` has such a step."""
    client.initialize(tmp_path)
    (found,) = client.published(client.open(tmp_path / "a.py", "teh"))
    assert "relatedInformation" not in found


def asked(client: Client, previous: Any = (), **more: Any) -> int:
    """Ask for the diagnostics of closed files; the request's id."""
    return client.send_request("workspace/diagnostic", {"previousResultIds": list(previous), **more})


def test_closed_files_are_told_when_they_change(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, PULL)
    (tmp_path / "closed.py").write_text("teh")
    (tmp_path / "fine.py").write_text("x")
    uri = client.open(tmp_path / "a.py", "teh")
    client.pull(uri)
    (report,) = client.result(asked(client))["items"]
    assert (report["kind"], report["uri"], report["version"]) == (
        "full",
        (tmp_path / "closed.py").as_uri(),
        None,
    )
    assert [item["code"] for item in report["items"]] == ["misspelt"]
    known = [{"uri": report["uri"], "value": report["resultId"]}]
    held = asked(client, known)
    client.change(uri, 2, "x")
    client.pull(uri)
    (tmp_path / "fine.py").write_text("adn")
    client.notify(
        "workspace/didChangeWatchedFiles", {"changes": [{"uri": (tmp_path / "fine.py").as_uri(), "type": 2}]}
    )
    (second,) = client.result(held)["items"]
    assert second["uri"] == (tmp_path / "fine.py").as_uri()
    (tmp_path / "fine.py").unlink()
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": second["uri"], "type": 3}]})
    (third,) = client.result(asked(client, [*known, {"uri": second["uri"], "value": second["resultId"]}]))[
        "items"
    ]
    assert (third["uri"], third["items"]) == (second["uri"], [])


def test_closed_files_are_told_where_nothing_is_open(start: Start, tmp_path: Path) -> None:
    (tmp_path / "closed.py").write_text("teh")
    client = start()
    client.initialize(tmp_path, PULL, initializationOptions={"settings": {"unsettled": True}})
    (report,) = client.result(asked(client))["items"]
    assert report["uri"] == (tmp_path / "closed.py").as_uri()
    assert ["settle"] in client.report()["log"]


def test_a_client_hears_that_closed_files_are_fine_once(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, PULL)
    (tmp_path / "closed.py").write_text("x")
    assert client.result(asked(client)) == {"items": []}
    held = asked(client)
    (tmp_path / "closed.py").write_text("teh")
    client.notify(
        "workspace/didChangeWatchedFiles",
        {"changes": [{"uri": (tmp_path / "closed.py").as_uri(), "type": 2}]},
    )
    (report,) = client.result(held)["items"]
    assert report["uri"] == (tmp_path / "closed.py").as_uri()


def test_closed_files_come_in_parts_where_the_client_takes_them(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, PULL)
    for number in range(120):
        (tmp_path / f"closed{number}.py").write_text("teh")
    client.open(tmp_path / "a.py", "x")
    result = client.result(asked(client, partialResultToken="parts"))
    assert result["items"] == []
    parts = [p["value"]["items"] for p in client.all("$/progress") if p["token"] == "parts"]
    assert [len(part) for part in parts] == [100, 20]


def test_a_closed_file_is_told_after_its_document(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, PULL)
    path = tmp_path / "a.py"
    path.write_text("teh")
    uri = client.open(path, "teh")
    client.open(tmp_path / "b.py", "x")
    client.pull(uri)
    held = asked(client)
    client.close(uri)
    (report,) = client.result(held)["items"]
    assert (report["uri"], len(report["items"])) == (uri, 1)


TAGS: Any = {
    **PUSH,
    "textDocument": {
        **PUSH["textDocument"],
        "publishDiagnostics": {"codeDescriptionSupport": True, "tagSupport": {"valueSet": [1, 2]}},
    },
}


def test_tags_and_pages_for_clients_that_show_them(start_shop: Any, shop: Path) -> None:
    text = FILES["shop/models.py"].replace("name = models.CharField(max_length=10)",
        "name = models.CharField(max_length=10, unique=True, db_index=True)")  # fmt: skip
    client = start_shop(TAGS)
    found = {item["code"]: item for item in client.published(client.open(shop / "shop" / "models.py", text))}
    assert found["redundant-index-on-unique"]["tags"] == [1]
    assert found["redundant-index-on-unique"]["codeDescription"]["href"].endswith(
        "/redundant_index_on_unique.md"
    )
    plain = start_shop()
    found = {item["code"]: item for item in plain.published(plain.open(shop / "shop" / "models.py", text))}
    assert not {"tags", "codeDescription"} & found["redundant-index-on-unique"].keys()


def test_mistakes_in_a_closed_configuration_file(start_shop: Any, shop: Path) -> None:
    path = shop / "pyproject.toml"
    path.write_text("[tool.djguide]\nselect = 4\n")
    client = start_shop()
    client.open(shop / "shop" / "forms.py", FILES["shop/forms.py"])
    (found,) = client.published(path.as_uri())
    assert (found["code"], span(found["range"])) == ("invalid-configuration", (1, 9, 1, 10))
    path.write_text("[tool.djguide]\n")
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": path.as_uri(), "type": 2}]})
    assert client.published(path.as_uri()) == []
