"""`python -m model`."""

from support.errors import run_module

run_module("python -m model", f"{__package__}.cli")
