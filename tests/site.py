"""`python -m tests.site`: the documentation as a site, with every warning an error (`scons docs`).

The pages are those of docs/; `mkdocs.yml` has their order. Links between them and to headings are
checked by MkDocs; what else is checked of them stands in tests/docs/.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from support.errors import UserError, run_cli
from support.files import write_bytes

ROOT = Path(__file__).resolve().parents[1]


def build(out: Path, config: Path = ROOT / "mkdocs.yml") -> int:
    """Write the site; files in `out` that are none of its stay. Returns how many files it has.

    Raises:
        UserError: MkDocs warns of something: all of it is shown.
    """
    with tempfile.TemporaryDirectory(prefix="nn2flash-") as name:
        site = Path(name)
        words = ["build", "--strict", "--config-file", config, "--site-dir", site]
        done = subprocess.run(
            [sys.executable, "-m", "mkdocs", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            print(done.stdout, end="", file=sys.stderr)
            raise UserError("the documentation has faults: see above", "mend those pages")
        files = [path for path in sorted(site.rglob("*")) if path.is_file()]
        for path in files:
            write_bytes(out / path.relative_to(site), path.read_bytes())
    return len(files)


def main() -> None:
    """Build it, and say where it is."""
    parser = argparse.ArgumentParser(prog="python -m tests.site", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    count = build(arguments.out)
    print(f"docs: {count} files; open {arguments.out / 'index.html'}")


if __name__ == "__main__":
    run_cli("docs", main)
