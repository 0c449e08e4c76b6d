"""Bytes to text and back: byte order marks, cookies, and files that lie about themselves."""

from __future__ import annotations

import codecs
import io
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djguide_analyzers.source.decoding import decode


def test_plain_utf_8() -> None:
    decoded = decode("x = 'é😀'\n".encode())
    assert decoded == ("x = 'é😀'\n", "utf-8", False, None)


def test_byte_order_mark_is_taken_off_and_put_back() -> None:
    data = codecs.BOM_UTF8 + "é = 1\r\n".encode()
    decoded = decode(data)
    assert decoded.text == "é = 1\r\n"
    assert decoded.bom
    assert decoded.encode(decoded.text) == data


def test_a_byte_order_mark_wins_over_the_cookie() -> None:
    decoded = decode(codecs.BOM_UTF8 + b"# coding: latin-1\n\xc3\xa9\n")
    assert decoded.text == "# coding: latin-1\né\n"
    assert decoded.problem is None


@pytest.mark.parametrize(
    "head",
    [
        b"# -*- coding: cp1252 -*-\n",
        b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n",
        b"\n# coding:cp1252\n",
        b" \t\f# coding: cp1252\n",
        b"#!/usr/bin/python\r\n# coding=cp1252\r\n",
        b"#!/usr/bin/python\r# coding=cp1252\r",
    ],
)
def test_cookie_in_the_first_two_lines(head: bytes) -> None:
    decoded = decode(head + b"x = '\x80'\n")
    assert decoded.text.rstrip().endswith("'€'")
    assert decoded.encode(decoded.text) == head + b"x = '\x80'\n"


@pytest.mark.parametrize(
    "head", [b"x = 1\n# coding: cp1252\n", b"\n\n# coding: cp1252\n", b"x = 'coding: cp1252'\n"]
)
def test_no_cookie_behind_code_or_the_second_line(head: bytes) -> None:
    assert decode(head + "é".encode()).encoding == "utf-8"


def test_cookies_are_read_as_python_reads_them() -> None:
    for name in (
        "utf8",
        "latin-1",
        "UTF-8",
        "utf-8-unix",
        "utf_8_sig",
        "Latin_1-dos",
        "iso-8859-15",
        "cp932",
    ):
        head = f"# -*- coding: {name} -*-\n".encode()
        expected, _ = tokenize.detect_encoding(io.BytesIO(head).readline)
        decoded = decode(head)
        assert codecs.lookup(decoded.encoding).name == codecs.lookup(expected).name
        assert decoded.problem is None


def test_a_wrong_cookie_is_told_and_no_byte_is_lost() -> None:
    data = b"# coding: ascii\nx = '\xc3\xa9'\n"
    decoded = decode(data)
    assert decoded.problem is not None
    assert "ascii" in decoded.problem
    assert decoded.encode(decoded.text) == data


@pytest.mark.parametrize("name", ["no-such", "..", "hex", "rot13", "zlib", "undefined", "utf-16", "utf-7x"])
def test_an_unusable_encoding_is_told(name: str) -> None:
    data = b"# coding: " + name.encode() + b"\nx = 1\n"
    decoded = decode(data)
    assert decoded.problem is not None
    assert decoded.text == data.decode()
    assert decoded.encode(decoded.text) == data


def test_bytes_that_are_no_utf_8() -> None:
    decoded = decode(b"x = '\xe9'\n")
    assert decoded.text == "x = 'é'\n"
    assert decoded.problem == "not valid utf-8: invalid continuation byte at byte 5"
    assert decoded.encode("x = 'éa'\n") == b"x = '\xe9a'\n"


def test_text_that_the_files_encoding_cannot_express_is_written_as_utf_8() -> None:
    assert decode(b"# coding: latin-1\n").encode("# €") == "# €".encode()


def test_nul_bytes_are_kept() -> None:
    assert decode(b"a\0b").text == "a\0b"


def test_an_empty_file() -> None:
    assert decode(b"") == ("", "utf-8", False, None)


@given(st.binary())
def test_any_bytes_come_back_unchanged(data: bytes) -> None:
    decoded = decode(data)
    assert decoded.encode(decoded.text) == data


@given(
    st.sampled_from([b"# coding: ", b"# coding=", b"#!/x\n# coding: "]), st.binary(max_size=12), st.binary()
)
def test_any_cookie_is_survived(head: bytes, name: bytes, body: bytes) -> None:
    data = head + name + b"\n" + body
    assert decode(data).text is not None
