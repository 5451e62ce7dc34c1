"""Write recordings.csv and test_recordings.csv: what an accelerometer on a fan's housing would see.

The data is synthetic: computed here, measured by nobody. Put recordings of your own in their
place.

A fan turns 18 to 27 times a second; a sensor of 3 axes, mounted within 15 degrees of upright, is
read 400 times a second, in thousandths of g, with 3 mg of noise of its own (a LIS3DH's 220 µg/√Hz
below 200 Hz). Each recording is one of four states:

off         gravity and the sensor's noise
running     what is left of an unbalance, a force that turns with the rotor and grows with the speed
            squared; seven blades that pass, and turbulence
unbalanced  the same with a blade that lost some of its mass
bearing     a pit in the outer race: each of eight balls that rolls over it strikes the housing,
            which rings at its own frequency and dies away. They strike n/2 · (1 − d/D) times a
            turn, a little irregularly, because balls slip

    python examples/accelerometer/make_recordings.py FOLDER
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

STATES = ("off", "running", "unbalanced", "bearing")
RATE, ROWS = 400, 512
BALLS, BALL_TO_PITCH, BLADES = 8, 0.22, 7
SENSOR_NOISE, GRAVITY = 3.0, 1000.0
FILES = {"recordings.csv": (7, 1), "test_recordings.csv": (4, 2)}
"""Recordings of each state, and the seed."""

Vector = tuple[float, float, float]


def rotated(vector: Vector, tilt: float, turn: float) -> Vector:
    """As a sensor sees it that is tilted around an axis of its plane, in radians."""
    x, y, z = vector
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    along, z = (
        along * math.cos(tilt) + z * math.sin(tilt),
        z * math.cos(tilt) - along * math.sin(tilt),
    )
    return (
        along * math.cos(turn) - across * math.sin(turn),
        along * math.sin(turn) + across * math.cos(turn),
        z,
    )


def strikes(draw: random.Random, speed: float) -> list[tuple[float, float]]:
    """(time in s, size in mg) of each ball over the pit, from a second before the recording on."""
    period = 1 / (speed * BALLS / 2 * (1 - BALL_TO_PITCH))
    size = draw.uniform(25, 90)
    found, time = [], -1.0 + period * draw.random()
    while time < ROWS / RATE:
        found.append((time, size * draw.uniform(0.6, 1.4)))
        time += period * draw.gauss(1, 0.02)
    return found


def ringing(time: float, struck: list[tuple[float, float]], frequency: float) -> float:
    """The housing's answer to all strikes before a time, in mg; 5 % of critical damping."""
    omega, total = 2 * math.pi * frequency, 0.0
    for begun, size in struck:
        since = time - begun
        if 0 <= since < 0.15:
            total += size * math.exp(-0.05 * omega * since) * math.sin(omega * since)
    return total


def recording(state: str, draw: random.Random) -> Iterator[tuple[int, int, int]]:
    """ROWS rows of ax, ay, az in mg."""
    tilt, turn = math.radians(draw.uniform(0, 15)), draw.uniform(0, 2 * math.pi)
    speed = draw.uniform(18, 27)
    force = draw.uniform(45, 130) if state == "unbalanced" else draw.uniform(15, 40)
    force *= (speed / 20) ** 2
    blades, turbulence = draw.uniform(5, 15), draw.uniform(4, 8)
    phase, housing = draw.uniform(0, 2 * math.pi), draw.uniform(125, 155)
    struck = strikes(draw, speed) if state == "bearing" else []
    for row in range(ROWS):
        time = row / RATE
        x = y = z = 0.0
        if state != "off":
            angle = 2 * math.pi * speed * time + phase
            passing = blades * math.sin(BLADES * angle)
            ring = ringing(time, struck, housing)
            x = force * math.cos(angle) + draw.gauss(0, turbulence) + ring
            y = 0.7 * force * math.sin(angle) + draw.gauss(0, turbulence) + 0.4 * ring
            z = passing + draw.gauss(0, turbulence) + 0.6 * ring
        seen = rotated((x, y, z + GRAVITY), tilt, turn)
        ax, ay, az = (round(axis + draw.gauss(0, SENSOR_NOISE)) for axis in seen)
        yield ax, ay, az


def write(stream: TextIO, each: int, seed: int) -> None:
    """The same rows each time: `each` recordings of every state."""
    draw = random.Random(seed)
    stream.write("ax,ay,az,recording,state\n")
    for number in range(each * len(STATES)):
        state = STATES[number % len(STATES)]
        for ax, ay, az in recording(state, draw):
            stream.write(f"{ax},{ay},{az},{number},{state}\n")


if __name__ == "__main__":
    for name, (each, seed) in FILES.items():
        with Path(*sys.argv[1:], name).open("w", encoding="utf-8", newline="\n") as file:
            write(file, each, seed)
