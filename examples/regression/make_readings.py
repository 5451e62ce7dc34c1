"""Write readings.csv: what a 12-bit ADC sees of a thermistor, computed.

A thermistor of 10 kOhm at 25 degrees and B = 3950 K lies between the supply and the ADC, 10 kOhm
between the ADC and ground; the ADC's reference is a fixed 3.0 V, while the supply sags. Two counts
of noise. R(T) = R25 · exp(B · (1/T − 1/T25)), in kelvins, is the B-parameter equation.

    python examples/regression/make_readings.py > readings.csv
"""

from __future__ import annotations

import math
import random
import sys
from typing import TextIO

R25, B, T25, FIXED, REFERENCE_MV, COUNTS = 10_000.0, 3950.0, 298.15, 10_000.0, 3000.0, 4095
ROWS = 2000


def adc(celsius: float, supply_mv: float) -> float:
    """The ADC's counts, before noise."""
    thermistor = R25 * math.exp(B * (1 / (celsius + 273.15) - 1 / T25))
    return COUNTS * supply_mv * FIXED / (thermistor + FIXED) / REFERENCE_MV


def write(stream: TextIO) -> None:
    """The same rows each time."""
    draw = random.Random(1)
    stream.write("adc,supply_mv,temperature\n")
    for _ in range(ROWS):
        celsius, supply = draw.uniform(-20, 80), draw.uniform(2500, 3000)
        counts = round(adc(celsius, supply) + draw.gauss(0, 2))
        stream.write(f"{counts},{supply:.0f},{celsius:.2f}\n")


if __name__ == "__main__":
    write(sys.stdout)
