from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lsp_client import PUSH, Client

from djguide_server.lsp.hover import escape, introduction, plain, rule_summary

PAGE = """# some-code

What it is, in `code` and **bold**,
with a [link](https://example.org).

- a point

```python
bad
```

## Why
"""


def hover(client: Client, uri: str, line: int, column: int) -> Any:
    position = {"line": line, "character": column}
    return client.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})


def test_markdown(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    uri = client.open(tmp_path / "a.py", "x = teh")
    client.published(uri)
    found = hover(client, uri, 0, 5)
    assert found["contents"] == {
        "kind": "markdown",
        "value": "misspelt word `misspelt`\n\n---\n\n"
        "- **Fix to review:** Remove it\n- **Safe fix:** Replace with the\n- **Advice:** Learn to spell",
    }
    assert found["range"] == {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 7}}
    assert hover(client, uri, 0, 1) is None


def test_plain_text_and_other_encodings(client: Client, tmp_path: Path) -> None:
    hover_support = {"hover": {"contentFormat": ["plaintext"]}}
    client.initialize(tmp_path, {**PUSH, "textDocument": {**PUSH["textDocument"], **hover_support}})
    uri = client.open(tmp_path / "a.py", "😀 teh")
    client.published(uri)
    contents = hover(client, uri, 0, 3)["contents"]
    assert (contents["kind"], contents["value"].splitlines()[:4]) == (
        "plaintext",
        ["misspelt word (misspelt)", "", "- Fix to review: Remove it", "- Safe fix: Replace with the"],
    )
    assert hover(client, uri, 0, 2) is None


@pytest.mark.parametrize("markdown", [True, False])
def test_evidence_elsewhere(client: Client, tmp_path: Path, markdown: bool) -> None:
    formats = {"hover": {"contentFormat": ["markdown" if markdown else "plaintext"]}}
    client.initialize(tmp_path, {**PUSH, "textDocument": {**PUSH["textDocument"], **formats}})
    owner = tmp_path / "owner.py"
    owner.write_text("\nowner = 1\n", encoding="utf-8")
    uri = client.open(tmp_path / "a.py", "far")
    client.published(uri)
    line = "- `owner.py:2` The cause is here" if markdown else "- owner.py:2 The cause is here"
    assert hover(client, uri, 0, 1)["contents"]["value"].splitlines()[2] == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`__str__` of __a__", r"`__str__` of \_\_a\_\_"),
        ("2 * a_b__c, *d, _e, f_", r"2 \* a_b__c, \*d, \_e, f\_"),
        ("an odd ` and <b>", r"an odd ` and \<b>"),
        ("[1, 2] (3) and [b](c)", r"[1, 2] (3) and \[b](c)"),
    ],
)
def test_only_code_is_marked_in_a_message(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_nothing_while_the_text_is_not_analysed(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    uri = client.open(tmp_path / "a.py", "x = teh")
    client.published(uri)
    client.change(uri, 2, "wait = teh")
    assert hover(client, uri, 0, 8) is None
    assert hover(client, "file:///not/open.py", 0, 0) is None


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    registry = ModuleType("registry")
    registry.page = {"some-code": PAGE}.__getitem__  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "djguide_analyzers.rules.registry", registry)
    rule_summary.cache_clear()
    yield
    rule_summary.cache_clear()


@pytest.mark.usefixtures("pages")
def test_the_summary_is_what_the_page_says_first() -> None:
    expected = "What it is, in `code` and **bold**,\nwith a [link](https://example.org).\n\n- a point"
    assert rule_summary("some-code") == expected
    assert rule_summary("no-such-code") is None
    assert plain(expected) == "What it is, in code and bold,\nwith a link.\n\n- a point"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("", None),
        ("# title\n", None),
        ("---\nx: 1\n---\n# t\ntext\n", "text"),
        ("text\n# other\nmore", "text"),
        ("# t\ntext\n\nSeverity: **warning** · Fix: **safe**\n\n## Why\n", "text"),
    ],
)
def test_introductions(page: str, expected: str | None) -> None:
    assert introduction(page) == expected
