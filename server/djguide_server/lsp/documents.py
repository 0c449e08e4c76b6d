"""The documents that the client has open, as it has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path

from djguide_analyzers.source.positions import Encoding, LineIndex, Position, Range

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, eq=False)
class Document:
    """One version of an open document. `path` is absolute and POSIX, None when it is not on disk.

    Two documents are the same only when they are identical: a change makes a new one, so identity says
    whether something computed from a document still holds.
    """

    uri: str
    path: str | None
    version: int
    text: str

    @cached_property
    def index(self) -> LineIndex:
        """Line index of the text."""
        return LineIndex(self.text)

    def edited(
        self, version: int, changes: Iterable[types.TextDocumentContentChangeEvent], encoding: Encoding
    ) -> Document:
        """The document after `changes`, applied in order."""
        index = self.index
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                span = range_from_client(index, change.range, encoding)
                start, end = sorted((index.offset(span.start), index.offset(span.end)))
                text = index.text[:start] + change.text + index.text[end:]
            else:
                text = change.text
            index = LineIndex(_without_surrogates(text) if _SURROGATE.search(change.text) else text)
        document = Document(self.uri, self.path, version, index.text)
        document.__dict__["index"] = index
        return document


class Documents:
    """All open documents, the one touched last at the end."""

    def __init__(self) -> None:
        self._by_key: dict[str, Document] = {}

    def open(self, item: types.TextDocumentItem) -> Document:
        """Take a document over from the client; one that was open already is replaced."""
        text = _without_surrogates(item.text) if _SURROGATE.search(item.text) else item.text
        document = Document(item.uri, path_of(item.uri), item.version, text)
        return self._put(document)

    def change(self, params: types.DidChangeTextDocumentParams, encoding: Encoding) -> Document | None:
        """Apply changes; None when the document is not open."""
        identifier = params.text_document
        if (document := self.get(identifier.uri)) is None:
            return None
        return self._put(document.edited(identifier.version, params.content_changes, encoding))

    def close(self, uri: str) -> Document | None:
        """Forget a document; None when it was not open."""
        return self._by_key.pop(_key(uri), None)

    def get(self, uri: str) -> Document | None:
        """The open document with this address."""
        return self._by_key.get(_key(uri))

    def by_path(self, path: str) -> Document | None:
        """The open document of a file; the one touched last when the client has it open twice."""
        return self.on_disk().get(path)

    def on_disk(self) -> dict[str, Document]:
        """Open documents that are files, by path, the one touched last at the end."""
        return {document.path: document for document in self._by_key.values() if document.path is not None}

    def _put(self, document: Document) -> Document:
        key = _key(document.uri)
        self._by_key.pop(key, None)
        self._by_key[key] = document
        return document


def path_of(uri: str) -> str | None:
    """Absolute POSIX path of a ``file:`` address; None for any other."""
    path = to_fs_path(uri)
    if not path:
        return None
    found = Path(path)
    return found.as_posix() if found.is_absolute() else None


def uri_of(path: str) -> str:
    """Address of the file at an absolute path."""
    return from_fs_path(path) or Path(path).as_uri()


def range_from_client(index: LineIndex, range_: types.Range, encoding: Encoding) -> Range:
    """A range of the client in characters."""
    return Range(
        position_from_client(index, range_.start, encoding), position_from_client(index, range_.end, encoding)
    )


def position_from_client(index: LineIndex, position: types.Position, encoding: Encoding) -> Position:
    """A position of the client in characters."""
    return index.from_units(Position(position.line, position.character), encoding)


def _key(uri: str) -> str:
    return unquote(uri)


def _without_surrogates(text: str) -> str:
    """`text` with surrogate pairs joined and lone halves replaced, which keeps all columns."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
