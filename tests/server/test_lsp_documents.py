from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from djguide_analyzers.source.positions import Encoding
from djguide_server.lsp.documents import Document, Documents, path_of, uri_of

TEXT = st.text(alphabet="ab\n\r\f\u2028é€😀", max_size=20)
UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def document(text: str) -> Document:
    return Document("file:///a.py", "/a.py", 1, text)


def partial(start: types.Position, end: types.Position, text: str) -> types.TextDocumentContentChangePartial:
    return types.TextDocumentContentChangePartial(range=types.Range(start, end), text=text)


def client_position(text: str, offset: int, encoding: Encoding) -> types.Position:
    """An independent account of how a client counts: lines by hand, columns by encoding the line's start."""
    head = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    codec, width = UNITS[encoding]
    lines = head.split("\n")
    return types.Position(len(lines) - 1, len(lines[-1].encode(codec)) // width)


@given(TEXT, st.data(), TEXT, st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_an_incremental_change_does_what_the_client_did(
    text: str, data: st.DataObject, new: str, encoding: Encoding
) -> None:
    places = [i for i in range(len(text) + 1) if text[i - 1 : i + 1] != "\r\n"]
    start, end = sorted((data.draw(st.sampled_from(places)), data.draw(st.sampled_from(places))))
    change = partial(client_position(text, start, encoding), client_position(text, end, encoding), new)
    assert document(text).edited(2, [change], encoding).text == text[:start] + new + text[end:]


def test_changes_apply_in_order_and_a_whole_text_replaces() -> None:
    changes = [
        types.TextDocumentContentChangeWholeDocument("one\ntwo"),
        partial(types.Position(1, 0), types.Position(1, 3), "2"),
        partial(types.Position(0, 3), types.Position(1, 0), " "),
    ]
    edited = document("zero").edited(5, changes, "utf-16")
    assert (edited.text, edited.version, edited.index.line(0)) == ("one 2", 5, "one 2")


def test_positions_beyond_the_text_are_clamped_and_reversed_ranges_accepted() -> None:
    far = types.Position(2**31 - 1, 2**31 - 1)
    assert document("ab").edited(2, [partial(far, types.Position(0, 1), "c")], "utf-8").text == "ac"


def test_halves_of_a_pair_are_joined_or_replaced_without_moving_columns() -> None:
    documents = Documents()
    opened = documents.open(types.TextDocumentItem("file:///a.py", "python", 1, "\ud83d\ude00x\ud83dy"))
    assert opened.text == "😀x\ufffdy"
    assert opened.text.encode("utf-8")


def test_the_last_touched_document_comes_last_and_addresses_compare_unquoted() -> None:
    documents = Documents()
    for name in ("a%20b.py", "c.py"):
        documents.open(types.TextDocumentItem(f"file:///{name}", "python", 1, ""))
    identifier = types.VersionedTextDocumentIdentifier(2, "file:///a b.py")
    changed = documents.change(types.DidChangeTextDocumentParams(identifier, []), "utf-8")
    assert changed is not None
    assert changed.uri == "file:///a%20b.py"
    assert list(documents.on_disk()) == ["/c.py", "/a b.py"]


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "git:/a.py?x", "vscode-notebook-cell:/a.ipynb#1", "nonsense", ""]
)
def test_what_is_not_a_file_has_no_path(uri: str) -> None:
    assert path_of(uri) is None


@pytest.mark.parametrize("name", ["a b.py", "ä#?;%41.py", "x[1].html"])
def test_addresses_and_paths_round_trip(tmp_path: Path, name: str) -> None:
    path = (tmp_path / name).as_posix()
    assert path_of(uri_of(path)) == path
    assert path_of((tmp_path / name).as_uri()) == path
