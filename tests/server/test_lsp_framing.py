from hypothesis import given
from hypothesis import strategies as st

from djguide_server.lsp.framing import FrameReader, Malformed, decode


def bodies(*chunks: bytes) -> list[bytes]:
    pieces = iter(chunks)
    return list(FrameReader(lambda: next(pieces, b"")))


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@given(st.lists(st.binary(max_size=50)), st.integers(1, 7))
def test_messages_arrive_whole_however_the_stream_is_cut(sent: list[bytes], size: int) -> None:
    data = b"".join(map(frame, sent))
    assert bodies(*(data[i : i + size] for i in range(0, len(data), size))) == sent


def test_header_names_are_case_insensitive_and_others_are_skipped() -> None:
    assert bodies(b"content-type: x\ncontent-length: 2\n\n{}") == [b"{}"]


def test_reading_goes_on_after_noise() -> None:
    noise = b"hello\r\n\r\nContent-Length: many\r\n\r\n" + b"x" * 200_000 + b"\n"
    assert bodies(noise, frame(b"1")) == [b"1"]


def test_an_absurd_length_is_not_waited_for() -> None:
    assert bodies(b"Content-Length: 99999999999999\r\n\r\n", frame(b"1")) == [b"1"]


def test_a_body_cut_off_by_the_end_is_dropped() -> None:
    assert bodies(frame(b"12345")[:-1]) == []


def test_what_is_not_json_is_marked() -> None:
    assert decode(b'{"a": 1}') == {"a": 1}
    assert isinstance(decode(b"{"), Malformed)
    assert isinstance(decode(b"\xff"), Malformed)
    assert isinstance(decode(b"[" * 100_000), Malformed)
