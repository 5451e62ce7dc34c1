"""Core registers: numbers that DCRSR selects (ARMv7-M ARM C1.6.3) in Unicorn's names."""

from __future__ import annotations

from unicorn import arm_const as arm

# 15 (the address to run from) and 20 (four special registers in one word) are the target's own.
CORE_REGISTERS: dict[int, int] = {
    **{number: arm.UC_ARM_REG_R0 + number for number in range(13)},
    13: arm.UC_ARM_REG_SP,
    14: arm.UC_ARM_REG_LR,
    16: arm.UC_ARM_REG_XPSR,
    17: arm.UC_ARM_REG_MSP,
    18: arm.UC_ARM_REG_PSP,
    33: arm.UC_ARM_REG_FPSCR,
    **{64 + number: arm.UC_ARM_REG_S0 + number for number in range(32)},
}
