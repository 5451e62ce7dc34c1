"""Packed bytes: the run lengths in which inputs travel (docs/protocol.md, "Packed bytes")."""

from __future__ import annotations

import re

_LITERALS = 128  # codes below: code + 1 bytes follow
_SHORTEST, _LONGEST = 3, 130
_RUN = re.compile(rb"(.)\1{%d,%d}" % (_SHORTEST - 1, _LONGEST - 1), re.DOTALL)


def pack(data: bytes) -> bytes:
    """Replace runs of equal bytes; at worst one byte more in 128."""
    out = bytearray()
    at = 0
    for run in _RUN.finditer(data):
        _literals(out, data, at, run.start())
        out.append(_LITERALS + run.end() - run.start() - _SHORTEST)
        out.append(data[run.start()])
        at = run.end()
    _literals(out, data, at, len(data))
    return bytes(out)


def _literals(out: bytearray, data: bytes, start: int, end: int) -> None:
    for at in range(start, end, _LITERALS):
        piece = data[at : min(at + _LITERALS, end)]
        out.append(len(piece) - 1)
        out += piece
