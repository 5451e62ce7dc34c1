"""`python -m model`."""

from model.cli import main
from support.errors import run_cli

run_cli("python -m model", main)
