"""`python -m target` under its former name: `python -m device` since 0.1; gone with 0.2."""

from __future__ import annotations

import sys

from support.errors import run_module

if __name__ == "__main__":
    print("python -m target is python -m device now", file=sys.stderr)
    run_module("device", "device.cli")
