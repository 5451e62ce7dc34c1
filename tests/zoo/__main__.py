"""`python -m tests.zoo --models DIR`: conformance of every model below a folder.

Each is read, its C runs on this computer with sanitizers and on an emulated board and must give
the reference's bytes, and each layer, with forced inputs, is compared with onnxruntime or LiteRT. A
differing byte is accepted where its exact value is a tie (model/exact.py). The status is 1 when a
program gives other bytes, a difference stays unexplained, or a model ends in anything but a clear
line; a refusal is none of these.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from support.errors import UserError, run_cli
from tests.zoo.entries import model_files
from tests.zoo.table import judge, total


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder of .onnx and .tflite")
    parser.add_argument("--count", type=int, default=4, help="inputs of each model")
    parser.add_argument("--board", default="mps2_an500", help="emulated; host: this computer only")
    given = parser.parse_args()
    if given.count < 1:
        raise UserError(f"--count {given.count}: nothing to run", "give 1 or more")
    rows = judge(model_files(given.models), dict.fromkeys(["host", given.board]), given.count)
    for row in rows:
        print(row.line(str(row.path.relative_to(given.models))))
    print(total(rows))
    return 1 if any(row.wrong for row in rows) else 0


if __name__ == "__main__":
    run_cli("zoo", main)
