"""TCP ports as arguments."""

from __future__ import annotations

import argparse


def tcp_port(text: str) -> int:
    """A TCP port that can be listened on; 0 is any free one.

    Raises:
        argparse.ArgumentTypeError: another text.
    """
    if text.isascii() and text.isdigit() and len(text) <= len("65535") and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is no TCP port: give a number up to 65535")
