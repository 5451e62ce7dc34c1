"""COBS, packed bytes and frames: the host's side alone, and against the firmware's C."""

from __future__ import annotations

import ctypes
import struct
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device.link import cobs, frames
from device.link.frames import Frame, FrameReader
from device.link.packing import pack

# Many zeros and long stretches without one: where COBS has its edges.
BYTES = st.lists(
    st.one_of(st.just(b"\0"), st.binary(max_size=8), st.binary(min_size=1).map(lambda b: b * 90)),
    max_size=12,
).map(b"".join)


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [  # worked out by hand from the paper's definition
        (b"", b"\x01"),
        (b"\0", b"\x01\x01"),
        (b"\0\0", b"\x01\x01\x01"),
        (b"\x11\x22\0\x33", b"\x03\x11\x22\x02\x33"),
        (b"\x11\0\0\0", b"\x02\x11\x01\x01\x01"),
        (bytes(range(1, 255)), b"\xff" + bytes(range(1, 255)) + b"\x01"),
        (b"\0" + bytes(range(1, 255)), b"\x01\xff" + bytes(range(1, 255)) + b"\x01"),
        (bytes(range(1, 256)), b"\xff" + bytes(range(1, 255)) + b"\x02\xff"),
    ],
)
def test_stuffs_as_published(plain: bytes, stuffed: bytes) -> None:
    assert cobs.encode(plain) == stuffed
    assert cobs.decode(stuffed) == plain


def test_takes_a_full_last_block_without_its_empty_follower() -> None:
    """Encoders may leave it out (the firmware's does)."""
    assert cobs.decode(b"\xff" + bytes(range(1, 255))) == bytes(range(1, 255))


@given(BYTES)
def test_stuffing_is_undone_and_small(plain: bytes) -> None:
    stuffed = cobs.encode(plain)
    assert 0 not in stuffed
    assert len(stuffed) <= len(plain) + 1 + len(plain) // 254
    assert cobs.decode(stuffed) == plain


@given(st.binary(max_size=300))
def test_any_bytes_unstuff_or_are_refused(stuffed: bytes) -> None:
    plain = cobs.decode(stuffed)
    assert plain is None or len(plain) <= len(stuffed)


# --- packed bytes ---------------------------------------------------------------------------------
def unpack(packed: bytes, size: int) -> tuple[int, bytes] | None:
    """The specification, word by word: (bytes taken, `size` bytes), or None."""
    out, at = b"", 0
    while len(out) < size:
        if at >= len(packed):
            return None
        code = packed[at]
        piece = packed[at + 1 : at + 2 + code] if code < 128 else packed[at + 1 : at + 2]
        if len(piece) != (code + 1 if code < 128 else 1):
            return None
        at += 1 + len(piece)
        out += piece if code < 128 else piece * (code - 125)
    return (at, out) if len(out) == size else None


def c_unpack(protocol: ctypes.CDLL, packed: bytes, size: int) -> tuple[int, bytes] | None:
    """The firmware's, once only checking and once for real."""
    skipped = protocol.protocol_unpack(
        packed, ctypes.c_size_t(len(packed)), None, ctypes.c_size_t(size)
    )
    out = ctypes.create_string_buffer(size)
    taken = protocol.protocol_unpack(
        packed, ctypes.c_size_t(len(packed)), out, ctypes.c_size_t(size)
    )
    assert taken == skipped
    return (taken, out.raw) if taken else None


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=3), st.integers(1, 300)), max_size=6))
def test_packing_is_undone_by_the_firmware(
    protocol: ctypes.CDLL, parts: list[tuple[bytes, int]]
) -> None:
    plain = b"".join(piece * times for piece, times in parts) or b"x"
    packed = pack(plain)
    assert len(packed) <= len(plain) + (len(plain) + 127) // 128
    assert unpack(packed, len(plain)) == (len(packed), plain)
    assert c_unpack(protocol, packed, len(plain)) == (len(packed), plain)


@settings(max_examples=500)
@given(st.binary(max_size=40), st.integers(1, 200))
@example(b"\x05abc", 6)  # literals cut off
@example(b"\x80", 3)  # a run without its byte
@example(b"\xffx", 129)  # a run beyond the end
def test_any_packed_bytes_are_read_alike(protocol: ctypes.CDLL, packed: bytes, size: int) -> None:
    assert c_unpack(protocol, packed, size) == unpack(packed, size)


# --- frames ---------------------------------------------------------------------------------------
def test_frame_is_what_the_specification_says() -> None:
    plain = struct.pack("<BBH", 2, 0x02, 0x1234) + b"body"
    stuffed = cobs.encode(plain + struct.pack("<I", zlib.crc32(plain)))
    assert frames.encode(Frame(0x02, 0x1234, b"body")) == b"\0" + stuffed + b"\0"


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 65535), BYTES), max_size=5), st.data()
)
def test_frames_arrive_in_pieces_of_any_size_between_text_and_noise(
    sent: list[tuple[int, int, bytes]], data: st.DataObject
) -> None:
    stream = b"hello\r\n"
    for verb, sequence, body in sent:
        stream += frames.encode(Frame(verb, sequence, body)) + data.draw(
            st.sampled_from([b"", b"\0\0", b"\0text\n", b"\0\xfe\xed", b"\0\x07cut"])
        )
    reader = FrameReader()
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        reader.feed(stream[:size])
        stream = stream[size:]
    assert [(f.verb, f.sequence, f.body) for f in reader.frames] == sent
    assert reader.text().startswith("hello") or not sent


def test_memory_stays_bounded_without_delimiters() -> None:
    reader = FrameReader()
    for _ in range(40):
        reader.feed(b"x" * 100_000)
    assert len(reader.text()) <= 4096
    reader.feed(frames.encode(Frame(1, 2, b"3")))
    assert [frame.body for frame in reader.frames] == [b"3"]
