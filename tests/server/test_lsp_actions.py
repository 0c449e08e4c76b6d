from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import PULL, PUSH, Client, RpcError, lsp_range, span

from djguide_analyzers.source.edits import Edit, apply_edits
from djguide_analyzers.source.positions import Position, Range

Start = Callable[..., Client]
FIX_ALL = "source.fixAll.djguide"
REPLACE, REMOVE = "Replace with the", "Remove it (please review)"
IGNORE = "Ignore misspelt on this line"
IGNORE_IN_FILE = "Ignore misspelt in this file"
RESOLVING: Any = {
    **PUSH,
    "window": {"showDocument": {"support": True}},
    "textDocument": {
        **PUSH["textDocument"],
        "codeAction": {**PUSH["textDocument"]["codeAction"], "resolveSupport": {"properties": ["edit"]}},
    },
    "workspace": {
        **PUSH["workspace"],
        "workspaceEdit": {"documentChanges": True, "changeAnnotationSupport": {"groupsOnLabel": True}},
    },
}


def titles(actions: list[Any]) -> list[str]:
    return [action["title"] for action in actions]


def applied(text: str, action: Any, uri: str) -> str:
    """`text` after an action's edits to the document at `uri` (columns of ASCII texts)."""
    edit = action["edit"]
    changes = edit.get("changes") or {d["textDocument"]["uri"]: d["edits"] for d in edit["documentChanges"]}
    edits = []
    for change in changes[uri]:
        line, column, end_line, end_column = span(change["range"])
        edits.append(
            Edit("", Range(Position(line, column), Position(end_line, end_column)), change["newText"])
        )
    return apply_edits(text, edits)


def begin(client: Client, tmp_path: Path, text: str, capabilities: Any = PUSH, name: str = "a.py") -> str:
    client.initialize(tmp_path, capabilities)
    uri = client.open(tmp_path / name, text)
    if capabilities is PULL:
        client.pull(uri)
    else:
        client.published(uri)
    return uri


def test_fixes_of_a_finding(client: Client, tmp_path: Path) -> None:
    uri = begin(client, tmp_path, "x = teh\n")
    actions = client.actions(uri, (0, 5, 0, 5))
    assert titles(actions) == [
        REPLACE,
        REMOVE,
        IGNORE,
        IGNORE_IN_FILE,
        "Apply all safe djguide fixes in this file",
    ]
    assert [action["kind"] for action in actions] == ["quickfix"] * 4 + [FIX_ALL]
    assert [action.get("isPreferred") for action in actions] == [True, None, None, None, None]
    assert [applied("x = teh\n", action, uri) for action in actions] == [
        "x = the\n",
        "x = \n",
        "x = teh  # djguide: ignore[misspelt]\n",
        "# djguide: ignore-file[misspelt]\nx = teh\n",
        "x = the\n",
    ]
    assert actions[0]["diagnostics"][0]["code"] == "misspelt"
    assert actions[0]["edit"]["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 1}


def test_fixes_of_one_title_say_where_they_edit(client: Client, tmp_path: Path) -> None:
    uri = begin(client, tmp_path, "x = teh\ny = teh\n")
    actions = client.actions(uri, (0, 0, 1, 7), only=["quickfix"])
    both = [f"{REPLACE} at a.py:{line}" for line in (1, 2)]
    both += [f"Remove it at a.py:{line} (please review)" for line in (1, 2)]
    assert [title for title in titles(actions) if title in both] == both
    assert applied("x = teh\ny = teh\n", actions[1], uri) == "x = teh\ny = the\n"


def test_a_client_that_only_sends_back_range_message_and_code(client: Client, tmp_path: Path) -> None:
    capabilities = {
        "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}
    }
    uri = begin(client, tmp_path, "\nx = teh\n", capabilities)
    returned = {"range": lsp_range(1, 4, 1, 7), "message": "misspelt word", "code": "misspelt"}
    actions = client.actions(uri, (0, 0, 0, 0), [returned])
    assert titles(actions)[:3] == [REPLACE, REMOVE, IGNORE]
    assert actions[0]["edit"] == {"changes": {uri: [{"range": lsp_range(1, 4, 1, 7), "newText": "the"}]}}
    assert "isPreferred" not in actions[0]
    foreign = {**returned, "code": "E501"}
    assert titles(client.actions(uri, (0, 0, 0, 0), [foreign])) == [
        "Apply all safe djguide fixes in this file"
    ]


def test_odd_diagnostics_of_other_servers_do_no_harm(client: Client, tmp_path: Path) -> None:
    uri = begin(client, tmp_path, "x = teh\n")
    odd = [{"range": lsp_range(0, 4, 0, 7), "severity": 9, "code": {"value": 1}}, {"code": "x"}, 4]
    ours = {"range": lsp_range(0, 4, 0, 7), "message": "", "code": "misspelt", "tags": ["x"]}
    assert titles(client.actions(uri, (0, 0, 0, 0), [*odd, ours]))[:1] == [REPLACE]


def test_no_action_is_built_from_an_older_text(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    uri = begin(client, tmp_path, "x = teh")
    old = {"range": lsp_range(0, 4, 0, 7), "message": "misspelt word", "code": "misspelt"}
    client.change(uri, 2, "wait ", (0, 0, 0, 0))
    assert client.actions(uri, (0, 4, 0, 7), [old]) == []
    (tmp_path / "go").touch()
    client.settle(path, "wait x = teh")
    actions = client.actions(uri, (0, 9, 0, 12), [old])
    assert applied("wait x = teh", actions[0], uri) == "wait x = the"
    assert titles(client.actions(uri, (0, 0, 0, 3), [old])) == ["Apply all safe djguide fixes in this file"]


def test_a_fix_in_another_file_waits_until_that_file_is_analysed_too(client: Client, tmp_path: Path) -> None:
    owner = tmp_path / "owner.py"
    owner.write_text("owner\n")
    uri = begin(client, tmp_path, "far")
    (action,) = (a for a in client.actions(uri, (0, 0, 0, 3)) if a["title"] == "Repair the owner")
    (change,) = action["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": owner.as_uri(), "version": None}
    owner_uri = client.open(owner, "owner \r\n", version=4)
    client.published(owner_uri)
    while not (found := [a for a in client.actions(uri, (0, 0, 0, 3)) if a["title"] == "Repair the owner"]):
        pass  # the file touched last is analysed first, this one after it
    (change,) = found[0]["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": owner_uri, "version": 4}
    # The line breaks are those of the document that is edited.
    assert change["edits"][0]["newText"] == "repaired\r\n"
    client.change(owner_uri, 5, "wait ", (0, 0, 0, 0))
    assert "Repair the owner" not in titles(client.actions(uri, (0, 0, 0, 3)))


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (["quickfix"], {"quickfix"}),
        (["source"], {FIX_ALL}),
        (["source.fixAll"], {FIX_ALL}),
        ([FIX_ALL], {FIX_ALL}),
        ([""], {"quickfix", FIX_ALL}),
        (["source.fixAll.other"], set()),
        (["source.fix"], set()),
        (["refactor"], set()),
    ],
)
def test_only_what_is_asked_for(shared: Any, only: list[str], kinds: set[str]) -> None:
    client, uri = shared
    actions = client.actions(uri, (0, 4, 0, 7), only=only)
    assert {action["kind"] for action in actions} == kinds


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A session on ``x = teh`` that is only asked."""
    client = Client()
    try:
        yield client, begin(client, tmp_path_factory.mktemp("shared"), "x = teh")
    finally:
        client.kill()
    assert client.errors == b""


def test_actions_that_the_editor_asks_for_by_itself_leave_out_fix_all(shared: Any) -> None:
    client, uri = shared
    assert titles(client.actions(uri, (0, 4, 0, 7), triggerKind=2)) == [REPLACE, REMOVE, IGNORE]
    assert client.actions(uri, (0, 0, 0, 0), triggerKind=2) == []


def test_fix_all_applies_what_does_not_overlap(client: Client, tmp_path: Path) -> None:
    text = "teh adn\na teh\n"
    uri = begin(client, tmp_path, text)
    (action,) = client.actions(uri, (0, 0, 0, 0), only=[FIX_ALL])
    # "adn" would take "teh" with it: the first fix wins, the second is left for the next time.
    assert applied(text, action, uri) == "the adn\na the\n"


def test_fix_all_leaves_other_files_alone(client: Client, tmp_path: Path) -> None:
    (tmp_path / "owner.py").write_text("owner\n")
    uri = begin(client, tmp_path, "far")
    assert client.actions(uri, (0, 0, 0, 3), only=[FIX_ALL]) == []


def test_fix_all_at_saving_waits_for_the_text_that_is_saved(
    start: Callable[..., Client], tmp_path: Path
) -> None:
    client = start(environment={"FIX_ALL_SECONDS": "60"})  # however busy the machine is
    uri = begin(client, tmp_path, "x")
    for version in range(2, 8):
        client.change(uri, version, f"{'x' * version} = teh")
        (action,) = client.actions(uri, (0, 0, 0, 0), only=["source.fixAll"])
        assert applied(f"{'x' * version} = teh", action, uri) == f"{'x' * version} = the"


def test_fix_all_at_saving_does_not_wait_for_ever(client: Client, tmp_path: Path) -> None:
    uri = begin(client, tmp_path, "x")
    client.change(uri, 2, "wait teh")
    assert client.actions(uri, (0, 0, 0, 0), only=[FIX_ALL]) == []


def test_suppressing_joins_the_comment_that_is_there(client: Client, tmp_path: Path) -> None:
    text = "x = teh  # djguide: ignore[other]\n"
    uri = begin(client, tmp_path, text)
    (action,) = (a for a in client.actions(uri, (0, 4, 0, 4)) if a["title"] == IGNORE)
    assert applied(text, action, uri) == "x = teh  # djguide: ignore[other, misspelt]\n"


def test_suppressing_in_a_template(client: Client, tmp_path: Path) -> None:
    text = "<p>teh</p>\r\n"
    uri = begin(client, tmp_path, text, name="page.html")
    (action,) = (a for a in client.actions(uri, (0, 4, 0, 4)) if a["title"] == IGNORE)
    assert applied(text, action, uri) == "<p>teh</p> {# djguide: ignore[misspelt] #}\r\n"


def test_actions_work_for_clients_that_pull(client: Client, tmp_path: Path) -> None:
    uri = begin(client, tmp_path, "teh", PULL)
    assert titles(client.actions(uri, (0, 0, 0, 0)))[:1] == [REPLACE]


def test_all_of_one_rule(client: Client, tmp_path: Path) -> None:
    text = "teh\nx = teh\nfoo adn\n"
    uri = begin(client, tmp_path, text)
    (action,) = (
        a for a in client.actions(uri, (1, 4, 1, 4)) if a["title"] == "Fix all misspelt in this file"
    )
    assert action["kind"] == "quickfix"
    assert len(action["diagnostics"]) == 2
    assert applied(text, action, uri) == "the\nx = the\nfoo adn\n"
    assert "Fix all joined in this file" not in titles(client.actions(uri, (2, 4, 2, 4)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[project]\n", '[project]\n\n[tool.djguide]\nignore = ["misspelt"]\n'),
        ("[tool.djguide]\nselect = []\n", '[tool.djguide]\nignore = ["misspelt"]\nselect = []\n'),
        ('[tool.djguide]\nignore = ["a"]\n', '[tool.djguide]\nignore = ["a", "misspelt"]\n'),
        ("[tool.djguide]\nignore = [ ]\n", '[tool.djguide]\nignore = ["misspelt"]\n'),
        (
            '[tool.djguide]\nignore = [\n    "a",  # why\n]\n',
            '[tool.djguide]\nignore = [\n    "a",\n    "misspelt",  # why\n]\n',
        ),
        ('[tool.djguide]\nignore = ["misspelt"]\n', None),
        ("tool = {djguide = {select = []}}\n", None),
        ("[broken\n", None),
    ],
)
def test_ignoring_in_the_configuration(
    client: Client, tmp_path: Path, before: str, after: str | None
) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(before)
    (tmp_path / "sub").mkdir()
    uri = begin(client, tmp_path, "x = teh\n", name="sub/a.py")
    title = "Ignore misspelt in pyproject.toml"
    found = [action for action in client.actions(uri, (0, 4, 0, 4)) if action["title"] == title]
    assert [applied(before, action, path.as_uri()) for action in found] == ([] if after is None else [after])
    assert path.read_text() == before


def test_the_configuration_as_it_is_in_the_editor_counts(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("")
    uri = begin(client, tmp_path, "x = teh\n")
    text = '[tool.djguide]\nignore = ["a"]\n'
    client.open(path, text, version=7)
    title = "Ignore misspelt in pyproject.toml"
    while not (found := [a for a in client.actions(uri, (0, 4, 0, 4)) if a["title"] == title]):
        pass  # the opened file is analysed first
    (change,) = found[0]["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": path.as_uri(), "version": 7}
    assert 'ignore = ["a", "misspelt"]' in applied(text, found[0], path.as_uri())


def test_the_edit_of_other_files_comes_when_it_is_chosen(client: Client, tmp_path: Path) -> None:
    owner = tmp_path / "owner.py"
    owner.write_text("owner\n")
    uri = begin(client, tmp_path, "far teh", RESOLVING)
    actions = {action["title"]: action for action in client.actions(uri, (0, 0, 0, 7))}
    assert "edit" in actions[REPLACE]
    assert "edit" not in actions["Repair the owner"]
    resolved = client.request("codeAction/resolve", actions["Repair the owner"])
    (change,) = resolved["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": owner.as_uri(), "version": None}
    annotation = change["edits"][0]["annotationId"]
    expected = {"label": "Repair the owner", "needsConfirmation": False}
    assert resolved["edit"]["changeAnnotations"] == {annotation: expected}


def test_an_action_for_an_older_text_is_not_resolved(client: Client, tmp_path: Path) -> None:
    (tmp_path / "owner.py").write_text("owner\n")
    uri = begin(client, tmp_path, "far", RESOLVING)
    (action,) = (a for a in client.actions(uri, (0, 0, 0, 3)) if a["title"] == "Repair the owner")
    client.change(uri, 2, "far ")
    with pytest.raises(RpcError) as raised:
        client.request("codeAction/resolve", action)
    assert raised.value.code == -32801
    with pytest.raises(RpcError):
        client.request("codeAction/resolve", {"title": "mine", "data": {"uri": 4}})


def test_an_action_that_needs_nothing_more_is_resolved_to_itself(client: Client, tmp_path: Path) -> None:
    uri = begin(client, tmp_path, "teh", RESOLVING)
    actions = {action["title"]: action for action in client.actions(uri, (0, 0, 0, 3))}
    fix = actions["Replace with the"]
    assert fix["edit"]
    assert client.request("codeAction/resolve", fix)["edit"] == fix["edit"]


def test_the_page_of_a_rule_is_opened(start_shop: Start, shop: Path) -> None:
    client = start_shop(RESOLVING)
    text = (
        "from shop.models import Book\n\n\ndef f():\n    return [b.author.name for b in Book.objects.all()]\n"
    )
    uri = client.open(shop / "shop" / "more.py", text)
    client.published(uri)
    actions = client.actions(uri, (4, 12, 4, 25))
    (action,) = (a for a in actions if a["title"] == "Open the page of n-plus-one-foreign-key")
    client.answers["window/showDocument"] = {"success": True}
    client.request("workspace/executeCommand", action["command"])
    shown = client.wait_for("window/showDocument")
    assert shown["uri"].endswith("/n_plus_one_foreign_key.md")
    assert shown["takeFocus"]
