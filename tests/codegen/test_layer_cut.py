"""What a cut network's record says of its tensors."""

from __future__ import annotations

import numpy as np

from codegen.cut.opened import Tensors
from codegen.ir.graph import tensor
from codegen.ir.types import Quantization


def test_only_a_tflite_file_numbers_its_tensors() -> None:
    tensors = Tensors()
    value = tensor("value", (1, 2), Quantization(np.float32(0.5), 3))
    elements = np.zeros(2, np.int8)
    assert tensors.add("a", value, elements) == 0
    assert tensors.add("b", value, elements, 7) == 1
    assert [each.number for each in tensors.tensors] == [-1, 7]
