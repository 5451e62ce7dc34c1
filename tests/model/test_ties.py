"""The value nearest to halfway between two steps is found, whichever layer it is in."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from model import qdq
from model.ties import nearest_tie
from tests.model.integer_reference import integer_reference
from tests.model.products import Products


def test_nearest_tie_is_the_integer_reference_s(products: Products) -> None:
    model = onnx.load(products.int8)
    test = products.arrays("test")["inputs"]
    first, *computed = qdq.activations(model)
    names = [activation.tensor for activation in computed]
    seen = set()
    for image in range(20):
        tie = nearest_tie(model, image, test[image])
        layers = integer_reference(model, first.quantize(test[image].reshape(1, -1)))
        exact = layers[names.index(tie.tensor)][1][0, tie.element]
        assert tie.steps == pytest.approx(exact, abs=1e-3)
        assert tie.distance == pytest.approx(abs(exact - np.floor(exact) - 0.5), abs=1e-3)
        for activation, (_, steps) in zip(computed, layers, strict=True):
            shifted = steps + activation.zero_point
            inside = steps[(shifted > -128) & (shifted < 127)]
            assert np.min(np.abs(inside - np.floor(inside) - 0.5)) >= tie.distance - 1e-3
        seen.add(tie.tensor)
    assert len(seen) > 1
