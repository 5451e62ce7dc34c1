"""The JSON files of a build that its commands read: what each holds, and what makes it anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.errors import UserError
from support.files import read_json
from support.shape import SIGNED, Named, wrong


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        what: it is.
        made_by: the target of scons that writes it.
        shape: as `shape.wrong` takes it: what is read of it.
    """

    what: str
    made_by: str
    shape: Any

    @property
    def remedy(self) -> str:
        """What to do about a file that is missing or damaged."""
        return f"make it anew: scons {self.made_by}"

    def damaged(self, path: Path, why: str) -> UserError:
        """The error for a file that cannot be used."""
        return UserError(f"{path}: not {self.what} as this version writes it: {why}", self.remedy)


_END = {
    "name": str,
    "shape": [int],
    "type?": str,
    "bytes?": int,
    "size?": int,
    "scale?": float,
    "zero_point?": SIGNED,
}
_LAYER = {
    "name": str,
    "op?": str,
    "kernel?": str,
    "why?": str,
    "activation?": str,
    "macs?": int,
    "constants_bytes?": int,
    "scratch_bytes?": int,
    "output_size?": int,
}
_BUFFER = {"name": str, "kind": str, "offset": int, "bytes": int, "first": int, "last": int}
_OFFER = {"bytes": int, "slower_percent": float}
_COMPARED = {"identical": int, "total": int, "received": int}
_NODE = (str, int)
_BOARD = {"name": str, "title": str}
_ACCURACY = {"accuracy?": float, "rmse?": float, "r2?": float}
_SYMBOL = {"name": str, "size": int}
_SECTION = {"section": str, "address": int, "bytes": int, "note": str, "largest": [_SYMBOL]}

KINDS = {
    "manifest": Kind(
        "the manifest of a network",
        "generate",
        {
            "name": str,
            "model_sha256": str,
            "generator": str,
            "origin": str,
            "c_api?": str,
            "macs?": int,
            "weights_bytes?": int,
            "activations_bytes?": int,
            "tables_bytes?": int,
            "layers": [_LAYER],
            "input?": _END,
            "inputs?": [_END],
            "outputs?": [{"scale?": float, "zero_point?": SIGNED}],
            "edges?": [{"from": _NODE, "to": _NODE}],
            "memory?": {
                "buffers": [_BUFFER],
                "steps": [[str]],
                "needed": _OFFER,
                "others": [_OFFER],
            },
            "runtime?": {"vendor?": str},
        },
    ),
    "training": Kind(
        "the history of a training",
        "train",
        {
            "recipe?": str,
            "plan": {"epochs": int, "seed": int},
            "inputs": {"train": int, "validation": int, "test": int},
            "versions": Named(str),
            "units?": [str],
            "history?": [
                {
                    "epoch": int,
                    "loss": float,
                    "validation_loss?": float,
                    "training?": _ACCURACY,
                    "validation?": _ACCURACY,
                }
            ],
        },
    ),
    "quantization": Kind(
        "the report of a quantization",
        "quantize",
        {"calibration": {"method": str, "inputs": int}, "versions": Named(str)},
    ),
    "evaluation": Kind(
        "the results of an evaluation", "evaluate", {"float?": _ACCURACY, "int8?": _ACCURACY}
    ),
    "memory": Kind(
        "the memory table",
        "size",
        {
            "regions": [
                {
                    "name": str,
                    "kind": str,
                    "origin": int,
                    "length": int,
                    "used": int,
                    "free": int,
                    "items": [_SECTION],
                }
            ],
            "placement?": Named(
                {"run": str, "load?": str, "reserved?": int, "linked": int, "why": str}
            ),
        },
    ),
    "memories": Kind(
        "a memories.json",
        "elf",
        {
            "board": _BOARD,
            "cpu": {"core": str},
            "memories": [
                {
                    "name": str,
                    "kind": str,
                    "origin": int,
                    "length": int,
                    "access": str,
                    "external": bool,
                    "image": bool,
                    "reserve_start": int,
                    "word": int,
                    "zero_wait": bool,
                }
            ],
            "placement": Named([str]),
            "budget": Named(int),
        },
    ),
    "placement": Kind(
        "the placement of a firmware",
        "elf",
        {
            "board": _BOARD,
            "objects": Named({"run": str, "load?": str, "bytes": int, "why": str}),
            "vendor_runtime?": bool,
            "internal_subset?": int,
            "checks?": [{"told": str, "remedy": str}],
        },
    ),
    "validation": Kind(
        "the results of a validation",
        "validate",
        {
            "board": str,
            "inputs": int,
            "done": int,
            "seconds": float,
            "stopped?": str,
            "kernels?": [str],
            "model?": str,
            "firmware?": {"model?": str},
            "comparison": _COMPARED,
            "cost?": {
                "unit": str,
                "mean": float,
                "smallest": int,
                "largest": int,
                "microseconds?": float,
            },
            "layers": [{"index": int, "name": str, "mean_cost?": float, "comparison?": _COMPARED}],
            "first_wrong_layer?": str,
        },
    ),
    "profile": Kind(
        "the profile of a firmware",
        "profile",
        {
            "model": str,
            "kernels": [str],
            "inferences": int,
            "instructions?": {"mean": float},
            "init?": {"instructions": int},
            "layers": [{"instructions?": float}],
        },
    ),
    "expected": Kind("what the firmware expects", "elf", {"outputs_crc32": int, "success?": int}),
    "code_sizes": Kind(
        "the table of code sizes",
        "code-sizes",
        [
            {
                "compiler": int,
                "core": str,
                "fpu": str,
                "float_abi": str,
                "kernels": Named(int),
                "libgcc": int,
            }
        ],
    ),
    "debugging": Kind(
        "what IDEs need to know of a board",
        "ide",
        {
            "board": _BOARD,
            "gdb?": str,
            "programmers": [{"name": str}],
            "qemu": [Named(str)],
        },
    ),
}


def read_build_file(path: Path, kind: str) -> Any:
    """The content of a file of the build.

    Args:
        kind: a name of `KINDS`.

    Raises:
        UserError: it cannot be read, or is not what this version writes.
    """
    return checked(read_json(path, KINDS[kind].remedy), path, kind)


def checked(content: Any, path: Path, kind: str) -> Any:
    """What was read of such a file.

    Raises:
        UserError: it is not what this version writes.
    """
    of = KINDS[kind]
    if why := wrong(content, of.shape):
        raise of.damaged(path, why)
    return content
