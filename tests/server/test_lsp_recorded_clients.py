"""Sessions with the capabilities that real editors announced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsp_client import Client
from lsprotocol import converters
from pytest_lsp import client_capabilities

CLIENTS = ["visual-studio-code", "neovim@0.11.0", "neovim@0.6.1", "emacs"]
VIM = {
    "workspace": {"applyEdit": False, "workspaceFolders": False, "configuration": False},
    "textDocument": {
        "hover": {"contentFormat": ["plaintext"]},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}},
        "publishDiagnostics": {"relatedInformation": True},
    },
}


def announced(name: str) -> Any:
    return VIM if name == "vim" else converters.get_converter().unstructure(client_capabilities(name))


@pytest.mark.parametrize("name", [*CLIENTS, "vim"])
def test_a_whole_session(client: Client, tmp_path: Path, name: str) -> None:
    capabilities = announced(name)
    client.answers["workspace/configuration"] = [{}]
    said = client.initialize(tmp_path, capabilities)
    # Neovim 0.11 asks for diagnostics but cannot be told to ask again; the others do not ask at all.
    assert "diagnosticProvider" not in said
    offered = capabilities.get("general", {}).get("positionEncodings", ["utf-16"])
    assert said["positionEncoding"] in offered
    text = "😀 = teh\n"
    uri = client.open(tmp_path / "a.py", text)
    (found,) = client.published(uri)
    column = len("😀 = ".encode("utf-16-le")) // 2 if said["positionEncoding"] == "utf-16" else None
    column = column or {"utf-8": 7, "utf-32": 4}[said["positionEncoding"]]
    assert found["range"]["start"] == {"line": 0, "character": column}
    returned = {key: found[key] for key in ("range", "message", "code")}
    actions = client.actions(uri, (0, column, 0, column), [returned])
    edit = actions[0]["edit"]
    documents = capabilities["workspace"].get("workspaceEdit", {}).get("documentChanges", False)
    assert set(edit) == {"documentChanges" if documents else "changes"}
    position = {"line": 0, "character": column}
    hover = client.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
    assert hover["contents"]["kind"] in capabilities["textDocument"]["hover"]["contentFormat"]
    if name == "vim":
        client.end_input()
        assert client.exit_code() == 0
    else:
        assert client.shutdown() == 0
    assert client.all("window/showMessage") == []
