"""gdb's remote protocol: replies as a stub may pack them."""

from __future__ import annotations

import pytest

from device.rsp import _expand


@pytest.mark.parametrize(
    ("packed", "meant"),
    [
        (b"OK", b"OK"),
        (b"0* ", b"0000"),  # GDB manual, E.1: a space is 32, which is 29 and 3 more
        (b'ab*"c', b"abbbbbbc"),
        (b"0* 1* 2", b"000011112"),
        (b"}\x03", b"#"),  # E.1: escaped characters come with bit 5 changed
        (b"a}\x04b}]c", b"a$b}c"),
        (b"}\x0a* ", b"****"),
        (b"*", b"*"),
        (b"}", b"}"),
    ],
)
def test_run_lengths_and_escapes(packed: bytes, meant: bytes) -> None:
    assert _expand(packed) == meant
