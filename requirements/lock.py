"""Write requirements/locked/*.txt anew, after a pin was edited: `python requirements/lock.py`.

Each set is resolved for Python 3.11 to 3.14 on Linux, x86-64 and aarch64 alike, with the hashes of
all files of each release. What is locked already stays at its version while the pins allow it; with
--upgrade, packages that no pin names move on.

torch and torchvision are locked by version alone (requirements/torch.txt), and what only they ask
for, the CUDA packages, not at all: an index of CPU-only builds has other wheels of the same version
that need none of them.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SETS = ("core", "train", "cloud", "demo", "docs", "scons", "test", "bench")
UV = "uv==0.13.9"
HEAD = "# Made by requirements/lock.py from requirements/{name}.txt; do not edit.\n"
# Installed by version alone, and what comes with them.
UNLOCKED = re.compile(r"(torch|torchvision|triton|cuda-|nvidia-)")
# A requirement with its hashes and the comment that tells who asked for it.
BLOCK = re.compile(r"^[\w.-]+==.*\n(?:[ #].*\n)*", re.MULTILINE)


def compiled(uv: Path, sources: list[Path], out: Path, *options: str) -> str:
    """Resolve `sources` together into `out`, whose versions are kept where that is possible."""
    words = ["pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    words += ["--generate-hashes", "--no-header", "--system-certs", *options, "--output-file"]
    subprocess.run([uv, *words, out.name, *map(str, sources)], cwd=out.parent, check=True)
    return out.read_text(encoding="utf-8")


def locked(name: str, text: str) -> str:
    """A set's file: without what stays unlocked, and without where this ran."""
    blocks = [block for block in BLOCK.findall(text) if not UNLOCKED.match(block)]
    text = re.sub(r" *#? *-c \S+\n", "", "".join(blocks))
    return HEAD.format(name=name) + re.sub(r"-r \S*/requirements/", "-r ", text)


def main() -> None:
    """Resolve all sets together, then each as a part of that."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="newer releases where no pin is")
    options = ["--upgrade"] if parser.parse_args().upgrade else []
    folder = HERE / "locked"
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
        uv = place / "venv" / "bin" / "uv"
        subprocess.run([uv.with_name("pip"), "install", "-q", UV], check=True)
        everything = place / "all.txt"
        known = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))]
        everything.write_text("".join(dict.fromkeys(BLOCK.findall("".join(known)))))
        compiled(uv, [HERE / f"{name}.txt" for name in SETS], everything, *options)
        folder.mkdir(exist_ok=True)
        for name in SETS:
            source = [HERE / f"{name}.txt"]
            text = compiled(uv, source, place / f"{name}.txt", "--constraint", everything.name)
            (folder / f"{name}.txt").write_text(locked(name, text), encoding="utf-8")


if __name__ == "__main__":
    main()
