"""The processor that code is generated for: what the choice of kernels may rely on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from support.errors import UserError
from support.files import read_json

Isa = Literal["scalar", "dsp", "mve"]

# GCC's names of cores → their instructions for several small integers at once. Sources: Arm,
# Cortex-M4, M7, M33 and M55 Technical Reference Manuals ("DSP extension", "MVE").
_ISAS: dict[str, Isa] = {
    "cortex-m0": "scalar",
    "cortex-m0plus": "scalar",
    "cortex-m3": "scalar",
    "cortex-m23": "scalar",
    "cortex-m4": "dsp",
    "cortex-m7": "dsp",
    "cortex-m33": "dsp",
    "cortex-m55": "mve",
    "cortex-m85": "mve",
}
# Those that are made without an FPU only, by the same manuals of Arm.
_WITHOUT_FPU = {"cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m23"}


@dataclass(frozen=True)
class Target:
    """A processor.

    Attributes:
        core: GCC's name, or "native": the development machine.
        isa: "scalar", "dsp" (SMLAD and its kin), "mve" (vectors, and what "dsp" has).
        fpu: whether float32 is computed in hardware.
        tcm: bytes of data memory without wait states; None where nobody has said.
    """

    core: str = "cortex-m7"
    isa: Isa = "dsp"
    fpu: bool = True
    tcm: int | None = None

    @property
    def packed_arithmetic(self) -> bool:
        """Two 16-bit products in one instruction, and float32 to scale their sums."""
        return self.isa in ("dsp", "mve") and self.fpu


# What code is generated for when nobody says: the processor that this project is about.
CORTEX_M7 = Target()


def target_of(memories: dict[str, Any]) -> Target:
    """The target of a board, from its memories.json.

    The development machine stands in for boards: it gets what the Cortex-M7 gets, so that its
    tests prove those kernels' arithmetic.
    """
    cpu = memories.get("cpu") or {}
    core = str(cpu.get("core", CORTEX_M7.core))
    tcm = [
        int(m["length"])
        for m in memories.get("memories", ())
        if m.get("zero_wait") and m.get("kind") == "ram"
    ]
    if core == "native":
        return Target(core)
    fpu = cpu.get("fpu", "none") != "none" and cpu.get("float_abi", "soft") != "soft"
    return Target(core, _ISAS.get(core, "scalar"), fpu, sum(tcm))


def named_target(core: str, fpu: bool) -> Target:
    """The target of a core by GCC's name.

    Args:
        fpu: whether it has an FPU, where there are such cores with one.

    Raises:
        UserError: an unknown core.
    """
    if core not in _ISAS:
        raise UserError(f"core '{core}' is unknown", f"choose from {', '.join(_ISAS)}")
    return Target(core, _ISAS[core], fpu and core not in _WITHOUT_FPU)


def read_target(path: Path) -> Target:
    """The target that a memories.json describes.

    Raises:
        UserError: missing, or not such a file.
    """
    content = read_json(path)
    if not isinstance(content, dict) or "memories" not in content:
        raise UserError(f"{path}: not a board's memories.json", "make it with python -m device")
    return target_of(content)
