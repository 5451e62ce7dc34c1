"""Whether a network finds room on a board, by the rules of placement, and what lacks how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codegen.place import place_objects
from support.errors import UserError

# Objects whose size is planned before anything is linked. What the network itself is estimated to
# take stands under flash and RAM; these say how much of the board is set aside.
RESERVED = {
    "code": "reserved for the rest of the firmware",
    "data": "reserved for its variables",
    "stack": "reserved",
    "kernels": "reserved for the network's fast code",
}


@dataclass(frozen=True)
class Placement:
    """What placement says.

    Attributes:
        fits: everything has a place.
        objects: object → where it runs, where it is stored, bytes; empty where something lacks.
        why, remedy: what does not fit, and by how much; "" where all does.
    """

    fits: bool
    objects: dict[str, dict[str, Any]]
    why: str = ""
    remedy: str = ""

    def about(self, name: str) -> str:
        """What an object's bytes are, where they are not its size: "" or "reserved …"."""
        return RESERVED.get(name, "")


def placement(
    memories: dict[str, Any], manifest: dict[str, Any], code: int, largest: Any
) -> Placement:
    """Place a network alone, with no test inputs, beside the board's own code, data and stack.

    Args:
        memories: the board, as in memories.json.
        manifest: the network's.
        code: bytes to reserve for the inference's code.
        largest: kind of object → its largest layers, in words.
    """
    blocks = [int(size) for size in manifest["weights_blocks"]]
    sizes = {
        "kernels": code,
        "weights": blocks[0],
        "activations": int(manifest["activations_bytes"]),
        "results": int(manifest["output_bytes"]),
        "tables": int(manifest["tables_bytes"]),
        "subset": 0,
    }
    try:
        placed = place_objects(memories, sizes, {}, {"weights": blocks[1:]}, largest)
    except UserError as error:
        return Placement(False, {}, error.message, error.remedy)
    return Placement(True, placed)
