"""What PyTorch cannot export of a network module is told of at its network()."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch
from torch import nn

from model.module.export import to_onnx
from model.module.quiet import flush_everything
from model.module.weights import Ends
from support.errors import UserError
from tests.model.products import REPOSITORY
from tests.model.small_modules import ARRAYS, DATA, GOOD, HEAD, LAYER, QUICK, Trained, train

pytestmark = pytest.mark.usefixtures("own_folder")

EXPORTS = {
    "a shape that depends on values": (
        "super().forward(x)[x[:, :3] > -99].reshape(1, -1)",
        r"the shape of 'output' depends on the input's values",
    ),
    "an operator that ONNX has not": (
        "super().forward(x) + torch.linalg.svdvals(x[:, None, :]).sum()",
        r"PyTorch cannot export the network \(legacy: ",
    ),
}


@pytest.mark.parametrize("kind", EXPORTS)
def test_what_cannot_be_exported(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    forward, told = EXPORTS[kind]
    own = "def train(network, data):\n    pass\n"
    trained = train(tmp_path, HEAD + LAYER % forward + ARRAYS + DATA + own)
    with pytest.raises(UserError, match=told) as error:
        trained.network()
    assert re.fullmatch(r"[^\n]+\n  remedy: [^\n]+", str(error.value))
    assert not (tmp_path / "float.onnx").exists()
    flush_everything()
    assert "graph(" not in capfd.readouterr().out


OTHER_STEPS = {
    "an if by values": "super().forward(x) if x[0, 0] > 0 else -super().forward(x)",
    "random numbers": "nn.functional.dropout(super().forward(x))",
    "other inputs of the batch": "super().forward(x - x.mean(0, keepdim=True))",
}


@pytest.mark.parametrize("kind", OTHER_STEPS)
def test_what_computes_something_else_when_exported(kind: str, tmp_path: Path) -> None:
    text = HEAD + LAYER % OTHER_STEPS[kind] + ARRAYS + DATA + QUICK
    told = r"net\.py:\d+: .* \(legacy: other outputs than forward\(\) gives for \d+ of 32 inputs\)"
    with pytest.raises(UserError, match=told) as error:
        train(tmp_path, text).network()
    assert re.fullmatch(
        r"[^\n]+\n  remedy: have forward\(\) take the same [^\n]+", str(error.value)
    )
    assert not (tmp_path / "float.onnx").exists()


def test_the_first_cause_is_told() -> None:
    network = nn.Linear(2, 1)
    network.forward = _raising  # type: ignore[method-assign, assignment]
    with pytest.raises(UserError, match="legacy: ValueError: the cause"):
        to_onnx(network, Ends([[2]], ("input",), ""), "net.py:1")


def _raising(x: torch.Tensor) -> torch.Tensor:
    raise RuntimeError("step 3 of 3") from ValueError("the cause")


def test_a_network_that_is_another_each_time(tmp_path: Path) -> None:
    trained = train(tmp_path, GOOD)
    (tmp_path / "net.py").write_text(GOOD.replace("16", "12"))
    with pytest.raises(UserError, match=r"net\.py:5: network\(\) makes another network"):
        trained.network()


def _export(trained: Trained, before: str, temporary: Path) -> str:
    """What `export` says, in a shell that did something `before`; it fails and writes nothing."""
    here, out = trained.folder, trained.folder / "float.onnx"
    words: list[str | Path] = [
        "--module",
        here / "net.py",
        "--weights",
        here / "weights.pt",
        "--out",
        out,
    ]
    done = subprocess.run(
        ["sh", "-c", f'{before}exec "$@"', "sh", sys.executable, "-m", "model", "export", *words],
        cwd=REPOSITORY,
        # Python keeps the half of a compiled module that a limit let it write, for all who come.
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and not out.exists()
    told: str = done.stderr
    return told[told.index("python -m model: error: ") :]


def test_a_file_that_may_not_become_so_large(tmp_path: Path) -> None:
    """It was taken for a fault of the network's."""
    told = _export(train(tmp_path, GOOD), "ulimit -f 1; ", Path(tempfile.gettempdir()))
    assert told == (
        f"python -m model: error: {tempfile.gettempdir()}: File too large\n  remedy: allow larger"
        " files (ulimit -f unlimited), or set TMPDIR to a folder on another disk\n"
    )


def test_a_full_folder_for_temporary_files(tmp_path: Path) -> None:
    """Only a little is free: of a wholly full one Python takes another."""
    (full := tmp_path / "full").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(full)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("may not mount a file system")
    try:
        told = _export(train(tmp_path, GOOD.replace("16", "9000")), "", full)
    finally:
        subprocess.run(["umount", str(full)], check=True)
    assert told == (
        f"python -m model: error: {full}: No space left on device\n  remedy: free space there"
        " (df -h tells how much there is), or set TMPDIR to a folder on another disk\n"
    )
