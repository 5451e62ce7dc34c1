"""`python -m tests.protocol.fuzz`: millions of frames at the receiver, under sanitizers."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.errors import UserError, run_cli
from support.progress import Progress
from tests.protocol.toys import link_fuzz

# Frames per process: how often progress is told, and how far a finding is to be replayed.
_PORTION = 250_000


def main() -> int:
    """Run portions with rising seeds, on two processors, until all frames are through."""
    parser = argparse.ArgumentParser(prog="python -m tests.protocol.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=10_000_000, help="how many (10,000,000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first portion (1)")
    arguments = parser.parse_args()
    portions = max(1, -(-arguments.frames // _PORTION))
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        fuzz = link_fuzz(Path(folder) / "fuzz")
        progress = Progress("fuzz: frames", portions * _PORTION)
        for first in range(0, portions, 2):
            seeds = range(arguments.seed + first, arguments.seed + min(first + 2, portions))
            running = [(seed, _started(fuzz, seed)) for seed in seeds]
            for seed, process in running:
                _check(seed, process)
                progress.advance(_PORTION)
        progress.finish()
    count = portions * _PORTION
    print(f"{count:,} frames, no finding, {count / (time.monotonic() - start):,.0f} a second")
    return 0


def _started(fuzz: Path, seed: int) -> subprocess.Popen[str]:
    command = [str(fuzz), str(seed), str(_PORTION)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _check(seed: int, process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate()
    if process.returncode != 0:
        print(errors, file=sys.stderr)
        raise UserError(f"a finding with seed {seed}", f"again: --seed {seed} --frames {_PORTION}")


if __name__ == "__main__":
    run_cli("fuzz", main)
