"""CPU seconds of the generator, beside those before networks were graphs: part of
`scons bench-build`.

`python -m tests.codegen.bench` prints this part alone. A computer's speed is divided out by a
yardstick, and CPU time and the least of several runs leave out what else a computer does.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.graph.project import REPOSITORY

TIMES = 7
MOST = 1.2  # times what it was
YARDSTICK = "import numpy, onnx, jinja2"
# Network of tests/fixtures, kernels → CPU seconds over those of the yardstick, at commit da8811b:
# the last one whose generator knew a network as a line of layers. Measured there in the same turns.
BEFORE = {
    ("guide", "portable"): 1.9,
    ("guide", "auto"): 2.9,
    ("augmented", "auto"): 2.7,
    ("autoencoder", "auto"): 6.5,
}


def seconds(words: Sequence[str], environment: Mapping[str, str]) -> float:
    """CPU seconds of a Python, and of what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *words],
        cwd=REPOSITORY,
        env=environment,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def print_generator(folder: Path) -> None:
    """Measure in `folder` and print a table: the first run compiles the templates."""
    own = {"PYTHONPYCACHEPREFIX": str(folder / "modules")}
    silent = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
    around = {key: value for key, value in os.environ.items() if key not in silent} | own
    print(f"{'generator, CPU':<30} {'first':>8} {'then':>7}  budget")
    for (network, kernels), before in BEFORE.items():
        model = REPOSITORY / "tests" / "fixtures" / f"{network}_int8.onnx"
        words = ["-m", "codegen", "generate", "--model", str(model), "--kernels", kernels]
        words += ["--out-dir", str(folder / "out")]
        seconds(words, around | {"XDG_CACHE_HOME": str(folder / "modules")})
        kept = around | {"XDG_CACHE_HOME": str(folder / f"{network} {kernels}")}
        first = seconds(words, kept)
        # In turns: a computer's speed changes while it is measured.
        turns = [(seconds(words, kept), seconds(["-c", YARDSTICK], around)) for _ in range(TIMES)]
        then, yardstick = (min(taken) for taken in zip(*turns, strict=True))
        ratio = then / yardstick / before
        verdict = "within" if ratio <= MOST else "OVER"
        print(
            f"{f'{network}, kernels={kernels}':<30} {first:>8.2f} {then:>7.2f}"
            f"  {ratio:.2f} times what it was: {verdict} {MOST}",
            flush=True,
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print_generator(Path(temporary))
