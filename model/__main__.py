"""`python -m model`."""

from __future__ import annotations

from support.errors import run_cli


def main() -> None:
    """Run the command line, whose packages take seconds to load: Ctrl-C is answered meanwhile."""
    from model.cli import main as run

    run()


run_cli("python -m model", main)
