"""Frames on a byte stream: COBS between zero bytes, CRC-32 inside. docs/protocol.md, "Frames"."""

from __future__ import annotations

import enum
import struct
import zlib
from collections import deque
from dataclasses import dataclass

from device.link import cobs

VERSION = 2
_HEADER = struct.Struct("<BBH")
_CRC = struct.Struct("<I")
# Nothing that a target sends is longer; what is comes from something else.
_LONGEST = 1 << 20


class Verb(enum.IntEnum):
    """What a frame asks or answers."""

    SYNC = 0x01
    INFO = 0x02
    RUN = 0x03
    RUN_LAYERS = 0x04
    REPORT = 0x05
    LAYER = 0xC4
    ERROR = 0xFF


ANSWER = 0x80


class ErrorCode(enum.IntEnum):
    """Why a target refused a frame."""

    VERSION = 1
    VERB = 2
    BODY = 3
    NETWORK = 4


@dataclass(frozen=True)
class Frame:
    """One frame; `verb` as it was sent, known or not."""

    verb: int
    sequence: int
    body: bytes
    version: int = VERSION


def encode(frame: Frame) -> bytes:
    """The bytes to send, delimiters included: one in front ends whatever was cut off before."""
    plain = _HEADER.pack(frame.version, frame.verb, frame.sequence) + frame.body
    return b"\0" + cobs.encode(plain + _CRC.pack(zlib.crc32(plain))) + b"\0"


def decode(stuffed: bytes | bytearray) -> Frame | None:
    """The frame between two delimiters; None when it is none."""
    data = cobs.decode(stuffed)
    if data is None or len(data) < _HEADER.size + _CRC.size:
        return None
    plain, (crc,) = data[: -_CRC.size], _CRC.unpack(data[-_CRC.size :])
    if zlib.crc32(plain) != crc:
        return None
    version, verb, sequence = _HEADER.unpack_from(plain)
    return Frame(verb, sequence, plain[_HEADER.size :], version)


class FrameReader:
    """Takes a received stream apart.

    Attributes:
        frames: whole ones, in order; whoever uses one takes it out.
        broken: pieces between delimiters that were neither frames nor text.
    """

    def __init__(self) -> None:
        self.frames: deque[Frame] = deque()
        self.broken = 0
        self._rest = bytearray()
        self._text = ""

    def feed(self, data: bytes) -> None:
        """Take what arrived, in pieces of any size."""
        self._rest += data
        *pieces, rest = self._rest.split(b"\0")
        self._rest = bytearray(rest[-_LONGEST:])
        for piece in pieces:
            frame = decode(piece) if piece else None
            if frame is not None:
                self.frames.append(frame)
            elif piece:
                self._keep(piece)

    def _keep(self, piece: bytes | bytearray) -> None:
        if _is_text(piece):
            self._text = (self._text + piece.decode("ascii").replace("\r", ""))[-4096:]
        else:
            self.broken += 1

    def text(self) -> str:
        """What came between frames and reads as text, the last 4 KiB of it."""
        return (self._text + _printable(self._rest)).strip()


def _is_text(piece: bytes | bytearray) -> bool:
    return all(32 <= byte < 127 or byte in b"\t\r\n" for byte in piece)


def _printable(piece: bytes | bytearray) -> str:
    text = piece[-4096:].decode("ascii", errors="ignore").replace("\r", "")
    return "".join(c for c in text if c.isprintable() or c in "\n\t")
