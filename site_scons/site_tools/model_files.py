"""What the rest of the graph knows of a network before it is code, wherever it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from site_tools.module_literals import TEST_SUBSET
from site_tools.standalone import standalone

data_sets = standalone("data_sets")


@dataclass(frozen=True)
class Datasets:
    """The sets of data that are fetched.

    Attributes:
        folder: node of the folder that they lie below.
        files: nodes of each set's files, by the set's name.
    """

    folder: Any
    files: Mapping[str, list[Any]]

    def of(self, *names: str) -> list[Any]:
        """Nodes of the files of some sets; without a name, of all."""
        return [node for name in names or self.files for node in self.files[name]]

    def tried(self, name: str) -> list[Any]:
        """Nodes of the files of a set that a given network can be tried with, inputs first."""
        inputs = data_sets.SETS[name].inputs
        return [node for wanted in inputs for node in self.files[name] if node.name == wanted]


@dataclass(frozen=True)
class Model:
    """A network before it is code.

    Attributes:
        datasets: what is fetched.
        int8: the quantized ONNX file; None where a bundle is all there is.
        ends: option and file that tell types and shapes of inputs and outputs.
        test_images: inputs to try it with.
        typical: options with inputs like those that it will see; none where those are made up.
        subset: what the header of test inputs and its symbols are called.
        reference: outputs of the integer reference for the test images; None without a model.
        steps: what training left, by the report's option; empty for a given network.
        targets: name of the target → its nodes.
    """

    datasets: Datasets
    int8: Any
    ends: tuple[Any, ...]
    test_images: Any
    typical: tuple[Any, ...]
    reference: Any
    subset: str = TEST_SUBSET
    steps: Mapping[str, Any] = field(default_factory=dict)
    targets: Mapping[str, Any] = field(default_factory=dict)
