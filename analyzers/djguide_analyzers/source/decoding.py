"""Bytes of a file to text, and back without loss."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")


class Decoded(NamedTuple):
    """A file's text without its byte order mark.

    `problem` says why the declared encoding could not be used; the text is then read as Latin-1, which
    never fails and keeps every byte.
    """

    text: str
    encoding: str
    bom: bool
    problem: str | None = None

    def encode(self, text: str) -> bytes:
        """`text` in this file's encoding, with its byte order mark; UTF-8 where that can't express it."""
        try:
            data = text.encode(self.encoding)
        except UnicodeEncodeError:
            data = text.encode("utf-8", "surrogatepass")
        return codecs.BOM_UTF8 + data if self.bom else data


def decode(data: bytes) -> Decoded:
    """Decode by byte order mark, then by the coding cookie of the first two lines, then as UTF-8."""
    bom = data.startswith(codecs.BOM_UTF8)
    if bom:
        data = data[len(codecs.BOM_UTF8) :]
    encoding = "utf-8" if bom else _normal(_cookie(data))
    try:
        text = data.decode(encoding)
        if encoding == "utf-8" or text.encode(encoding) == data:
            return Decoded(text, encoding, bom)
        problem = f"encoding {encoding!r} does not suit the file"
    except UnicodeDecodeError as error:
        problem = f"not valid {encoding}: {error.reason} at byte {error.start}"
    except (LookupError, UnicodeError):
        problem = f"unknown encoding {encoding!r}"
    return Decoded(data.decode("latin-1"), "latin-1", bom, problem)


def _cookie(data: bytes) -> str:
    for line in data.split(b"\n", 2)[:2]:
        if match := _COOKIE.match(line):
            return match[1].decode("ascii")
        if not _BLANK.match(line.rstrip(b"\r")):
            break
    return "utf-8"


def _normal(encoding: str) -> str:
    """Python's own reading of names such as ``utf-8-unix``."""
    name = encoding[:12].lower().replace("_", "-")
    for known in ("utf-8", "latin-1", "iso-8859-1", "iso-latin-1"):
        if name == known or name.startswith(known + "-"):
            return "utf-8" if known == "utf-8" else "latin-1"
    return encoding
