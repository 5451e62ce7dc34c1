"""torchvision loads beside the installed PyTorch build, quietly, whichever build that is."""

from __future__ import annotations

import subprocess
import sys

from tests.model.products import REPOSITORY


def test_datasets_and_transforms_load_without_a_word() -> None:
    program = (
        "from model.torchvision_import import torchvision; "
        "import torch; from torchvision import transforms; "
        "print(torchvision.datasets.MNIST.__name__, transforms.Normalize((0.5,), (0.5,))"
        "(torch.ones(1, 2, 2)).sum().item())"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "MNIST 4.0"
    assert result.stderr == ""
