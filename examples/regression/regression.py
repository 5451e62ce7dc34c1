"""A thermistor's temperature from an ADC's counts and a supply that sags: a sensor made linear.

scons model=examples/regression/regression.py run
"""

from __future__ import annotations

from typing import Any

from torch import nn

from model import sources

FILES = ["readings.csv"]


def network() -> nn.Module:
    """Counts and millivolts, normalized, to degrees Celsius."""
    return nn.Sequential(
        nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1)
    )


def data() -> dict[str, Any]:
    """Columns `adc` and `supply_mv` are the inputs, `temperature` is the label."""
    return {**sources.csv(FILES[0], target="temperature"), "units": ["°C"]}
