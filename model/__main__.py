"""`python -m model`."""

from support.errors import run_module

run_module("python -m model", "model.cli")
