"""What the rest of the graph knows of a network before it is code, wherever it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from site_tools.module_literals import TEST_SUBSET


@dataclass(frozen=True)
class Dataset:
    """The MNIST files.

    Attributes:
        folder: node of the folder that they lie below.
        files: their nodes, tests' first.
    """

    folder: Any
    files: list[Any]

    @property
    def words(self) -> list[Any]:
        """Its option; where the files lie says nothing about what is made of them."""
        return ["--data", "$(", self.folder, "$)"]


@dataclass(frozen=True)
class Model:
    """A network before it is code.

    Attributes:
        dataset: MNIST's files.
        int8: the quantized ONNX file; None where a bundle is all there is.
        ends: option and file that tell types and shapes of inputs and outputs.
        test_images: inputs to try it with.
        typical: options with inputs like those that it will see; none where those are made up.
        subset: what the header of test inputs and its symbols are called.
        reference: outputs of the integer reference for the test images; None without a model.
        steps: what training left, by the report's option; empty for a given network.
        targets: name of the target → its nodes.
    """

    dataset: Dataset
    int8: Any
    ends: tuple[Any, ...]
    test_images: Any
    typical: tuple[Any, ...]
    reference: Any
    subset: str = TEST_SUBSET
    steps: Mapping[str, Any] = field(default_factory=dict)
    targets: Mapping[str, Any] = field(default_factory=dict)
