"""Consistent Overhead Byte Stuffing: bytes without zeros, one byte more in 254.

Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2).
"""

from __future__ import annotations

_LONGEST = 254


def encode(data: bytes) -> bytes:
    """Stuff `data`; the result has no zero byte and no delimiter."""
    out = bytearray()
    for part in data.split(b"\0"):
        start = 0
        while len(part) - start >= _LONGEST:
            out.append(0xFF)
            out += part[start : start + _LONGEST]
            start += _LONGEST
        out.append(len(part) - start + 1)
        out += part[start:]
    return bytes(out)


def decode(stuffed: bytes | bytearray) -> bytes | None:
    """Undo `encode`; None for bytes that it cannot have made (cut off, or with a zero)."""
    if 0 in stuffed:
        return None
    out = bytearray()
    at, size = 0, len(stuffed)
    while at < size:
        code = stuffed[at]
        if at + code > size:
            return None
        out += stuffed[at + 1 : at + code]
        at += code
        if code <= _LONGEST and at < size:
            out.append(0)
    return bytes(out)
