"""`python -m nn2flash.wheel.release --out DIR`: everything that a release is made of, in a folder.

The wheel, the source archive, the bill of materials, the licence, what changed, and SHA256SUMS of
all. Two runs of one commit give the same bytes, whatever the time and SOURCE_DATE_EPOCH: no file
tells when it was made.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from nn2flash.wheel import sbom
from nn2flash.wheel.backend import LOCKED, build_sdist, build_wheel
from nn2flash.wheel.contents import ROOT, project
from support.errors import UserError, run_cli
from support.files import write_bytes

SUMS = "SHA256SUMS"
CHANGES = "CHANGELOG.md"


def release(folder: Path) -> list[str]:
    """Write a release; returns the names of its files.

    Raises:
        UserError: CHANGELOG.md knows nothing of this version.
    """
    facts = project()
    text = (ROOT / CHANGES).read_text(encoding="utf-8")
    if f"\n## {facts['version']}" not in text:
        raise UserError(
            f"{CHANGES} has no heading for version {facts['version']}", "tell what changed in it"
        )
    files = {
        f"nn2flash-{facts['version']}.cdx.json": sbom.document(facts, ROOT / LOCKED).encode(),
        CHANGES: text.encode(),
        **{name: (ROOT / name).read_bytes() for name in facts["license-files"]},
    }
    with tempfile.TemporaryDirectory(prefix="nn2flash-") as name:
        for build in (build_wheel, build_sdist):
            made = build(name)
            files[made] = Path(name, made).read_bytes()
    lines = [
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())
    ]
    files[SUMS] = "".join(lines).encode()
    for name, data in sorted(files.items()):
        write_bytes(folder / name, data)
    return sorted(files)


def has_changes() -> bool:
    """Whether the working tree differs from its commit; no in an unpacked archive."""
    words = ["git", "-C", str(ROOT), "status", "--porcelain"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


def main() -> None:
    """Write it, and say what is in it."""
    parser = argparse.ArgumentParser(prog="python -m nn2flash.wheel.release", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    if has_changes():
        print("warning: some files are not as committed", file=sys.stderr)
    for name in release(arguments.out):
        print(f"release: {arguments.out / name}")


if __name__ == "__main__":
    run_cli("release", main)
