"""What PyTorch cannot export of a network module is told of at its network()."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.errors import UserError
from tests.model.small_modules import ARRAYS, DATA, GOOD, HEAD, LAYER, train

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
def test_what_cannot_be_exported(kind: str, tmp_path: Path) -> None:
    forward, told = EXPORTS[kind]
    own = "def train(network, data):\n    pass\n"
    trained = train(tmp_path, HEAD + LAYER % forward + ARRAYS + DATA + own)
    with pytest.raises(UserError, match=told) as error:
        trained.network()
    assert re.fullmatch(r"[^\n]+\n  remedy: [^\n]+", str(error.value))
    assert not (tmp_path / "float.onnx").exists()


def test_a_network_that_is_another_each_time(tmp_path: Path) -> None:
    trained = train(tmp_path, GOOD)
    (tmp_path / "net.py").write_text(GOOD.replace("16", "12"))
    with pytest.raises(UserError, match=r"net\.py:5: network\(\) makes another network"):
        trained.network()
