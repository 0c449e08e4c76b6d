"""Refactorings over the protocol: for clients that resolve, and for those that take edits at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import PUSH, Client, RpcError

from djguide_analyzers.source.edits import Edit, apply_edits
from djguide_analyzers.source.positions import Position, Range
from shop_project import FILES

CODE_ACTION = {**PUSH["textDocument"]["codeAction"], "resolveSupport": {"properties": ["edit"]}}
RESOLVING: Any = {
    **PUSH,
    "textDocument": {**PUSH["textDocument"], "codeAction": CODE_ACTION},
    "workspace": {"workspaceEdit": {"documentChanges": True, "resourceOperations": ["create"]}},
}
PLAIN: Any = {"textDocument": {}}
VIEWS = FILES["shop/views.py"].replace("    pass\n", '    Book.objects.create(title="x")\n    return 1\n', 1)
LINE = VIEWS[: VIEWS.index("    Book.objects.create")].count("\n")
SELECTED = (LINE, 4, LINE, 34)


def opened(client: Client, shop: Path) -> str:
    uri = client.open(shop / "shop" / "views.py", VIEWS, version=3)
    client.published(uri)
    return uri


def offered(client: Client, uri: str, selected: Any, **context: Any) -> dict[str, Any]:
    actions = client.actions(uri, selected, **context)
    return {action["title"]: action for action in actions if action["kind"].startswith("refactor")}


def test_edits_come_when_they_are_asked_for(start_shop: Callable[..., Client], shop: Path) -> None:
    client = start_shop(RESOLVING)
    uri = opened(client, shop)
    found = offered(client, uri, SELECTED)
    assert set(found) == {"Wrap in transaction.atomic()", "Extract the writes to services.py"}
    assert not any("edit" in action for action in found.values())
    wrapped = client.request("codeAction/resolve", found["Wrap in transaction.atomic()"])
    (document,) = wrapped["edit"]["documentChanges"]
    assert document["textDocument"] == {"uri": uri, "version": 3}
    extracted = client.request("codeAction/resolve", found["Extract the writes to services.py"])
    created, text, here = extracted["edit"]["documentChanges"]
    services = (shop / "shop" / "services.py").as_uri()
    assert (created["kind"], created["uri"], text["textDocument"]["uri"]) == ("create", services, services)
    assert "def perform_home():" in text["edits"][0]["newText"]
    assert here["textDocument"]["uri"] == uri
    client.change(uri, 4, VIEWS + "\n")
    with pytest.raises(RpcError):
        client.request("codeAction/resolve", found["Wrap in transaction.atomic()"])


def test_other_clients_get_edits_at_once(start_shop: Callable[..., Client], shop: Path) -> None:
    client = start_shop(PLAIN)
    uri = opened(client, shop)
    found = offered(client, uri, SELECTED)
    assert set(found) == {"Wrap in transaction.atomic()"}  # this client cannot make files
    edits = []
    for change in found["Wrap in transaction.atomic()"]["edit"]["changes"][uri]:
        start, end = (Position(p["line"], p["character"]) for p in change["range"].values())
        edits.append(Edit("", Range(start, end), change["newText"]))
    after = apply_edits(VIEWS, edits)
    assert '    with transaction.atomic():\n        Book.objects.create(title="x")\n    return 1\n' in after
    assert "from django.db import transaction\n" in after


def test_only_what_is_asked_for(start_shop: Callable[..., Client], shop: Path) -> None:
    client = start_shop(RESOLVING)
    uri = opened(client, shop)
    assert len(offered(client, uri, SELECTED, only=["refactor"])) == 2
    assert len(offered(client, uri, SELECTED, only=["refactor.extract"])) == 1
    assert not offered(client, uri, SELECTED, only=["quickfix"])
    assert not offered(client, uri, (LINE, 4, LINE, 4))


def test_code_for_a_model_is_made_from_its_first_line(start_shop: Callable[..., Client], shop: Path) -> None:
    client = start_shop(RESOLVING)
    models = FILES["shop/models.py"]
    uri = client.open(shop / "shop" / "models.py", models, version=1)
    client.published(uri)
    line = models[: models.index("class Author(")].count("\n")
    found = offered(client, uri, (line, 8, line, 8))
    assert set(found) == {
        "Add a viewset for Author with its serializer and route", "Add an atomic service for Author with its test",
        "Add a management command for Author", "Add an admin class for Author",
    }  # fmt: skip
    assert not any("edit" in action for action in found.values())
    made = client.request("codeAction/resolve", found["Add an atomic service for Author with its test"])
    changes = made["edit"]["documentChanges"]
    created = {Path(change["uri"]).name for change in changes if change.get("kind") == "create"}
    texts = {
        Path(change["textDocument"]["uri"]).name: change["edits"][0]["newText"]
        for change in changes
        if "textDocument" in change
    }
    assert created == {"services.py", "tests.py"}
    # full_clean() refuses an empty `born`, which may be null and not blank
    assert "@transaction.atomic\ndef create_author(*, name, born):" in texts["services.py"]
    assert "class CreateAuthorTests(TestCase):" in texts["tests.py"]
    assert not offered(client, uri, (line + 1, 8, line + 1, 8))


def test_code_for_a_model_needs_a_client_that_can_make_files(
    start_shop: Callable[..., Client], shop: Path
) -> None:
    client = start_shop(PLAIN)
    models = FILES["shop/models.py"]
    uri = client.open(shop / "shop" / "models.py", models, version=1)
    client.published(uri)
    line = models[: models.index("class Author(")].count("\n")
    found = offered(client, uri, (line, 8, line, 8))
    assert set(found) == {
        "Add a viewset for Author with its serializer and route", "Add an admin class for Author"
    }  # fmt: skip
    (edits,) = [found["Add an admin class for Author"]["edit"]["changes"]]
    assert [Path(other).name for other in edits] == ["admin.py"]
