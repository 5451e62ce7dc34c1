#!/usr/bin/env python3
"""A stand-in for ST's `stedgeai`: behaves as the real one is documented and reported to.

What it generates lies ready in $STANDIN/made; how it misbehaves is said in $STANDIN/mood, one word
a line. It keeps its command lines in $STANDIN/calls.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

HERE = Path(os.environ["STANDIN"])
MOODS = (HERE / "mood").read_text().split() if (HERE / "mood").exists() else []
BANNER = (HERE / "banner").read_text() if (HERE / "banner").exists() else ""


def option(name: str) -> str:
    """The word after an option."""
    return sys.argv[sys.argv.index(name) + 1]


def say(text: str) -> None:
    """A line of the tool's output."""
    print(text, flush=True)


with (HERE / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\n")
if "hangs" in MOODS:
    if os.fork() == 0:
        (HERE / "child").write_text(str(os.getpid()))
        time.sleep(600)
    time.sleep(600)
if "asks" in MOODS and sys.stdin.readline() == "":
    say("no answer to: accept the licence? [y/N]")
    sys.exit(0)
if sys.argv[1:] == ["--version"]:
    say(BANNER or "ST Edge AI Core v2.2.0-20266 2adc00962")
    sys.exit(0)

say("\x1b[32mST Edge AI Core v2.2.0-20266 2adc00962\x1b[0m")
say("2026-01-01 00:00:00.000000: I tensorflow/core/platform: error handling is on")
for percent in range(0, 101, 5):
    print(f"\r PASS: {percent} % ", end="")
if "floods" in MOODS:
    for line in range(60_000):
        say(f"WARNING line {line}: nothing of interest, but a lot of it, for whoever likes to read")
if "slow" in MOODS:
    time.sleep(1)
if "fails" in MOODS:
    say("E010(InvalidModelError): Couldn't load ONNX model. Unsupported layer types: Foo")
    sys.exit(0)
output = Path(option("--output"))
output.mkdir(parents=True, exist_ok=True)
for path in (HERE / "made").iterdir():
    if not ("forgets" in MOODS and path.name.endswith("_data_params.c")):
        shutil.copy(path, output)
if "empties" in MOODS:
    (output / "network.c").write_text("")
if "complains" in MOODS:
    say("INTERNAL ERROR: list index out of range")
say("elapsed time (generate): 1.234s")
sys.exit(3 if "lies" in MOODS else 0)
