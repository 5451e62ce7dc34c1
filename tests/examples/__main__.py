"""`python -m tests.examples --build DIR`: every example at full length, and their table.

`scons examples` does this. Training takes minutes; `--variable epochs=1` shortens it for a look.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.project import examples
from support.errors import run_cli
from tests.examples.rows import GUIDE, ROOT, lines_of, measure, write, write_sentence


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.examples", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder to build in")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "your-network.md")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md")
    parser.add_argument(
        "--variable", action="append", default=[], help="further variables of scons"
    )
    names = [GUIDE, *examples()]
    parser.add_argument(
        "--example", action="append", choices=names, help="only this one; others' rows stay"
    )
    given = parser.parse_args()
    for name in given.example or names:
        row = measure(name, given.build.resolve(), tuple(given.variable))
        write(given.page, [row])
        write_sentence(given.readme, lines_of(given.page))
        print(row.line(), flush=True)


if __name__ == "__main__":
    run_cli("examples", main)
