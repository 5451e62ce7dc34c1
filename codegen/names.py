"""Network names: they become file names and prefixes of C symbols."""

from __future__ import annotations

import re

from support.errors import UserError
from support.places import ROOT

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FIRMWARE = ROOT / "firmware"

# ISO C11, 7: <name>.h would stand before the compiler's own header.
_STANDARD_HEADERS = (
    "assert",
    "complex",
    "ctype",
    "errno",
    "fenv",
    "float",
    "inttypes",
    "iso646",
    "limits",
    "locale",
    "math",
    "setjmp",
    "signal",
    "stdalign",
    "stdarg",
    "stdatomic",
    "stdbool",
    "stddef",
    "stdint",
    "stdio",
    "stdlib",
    "stdnoreturn",
    "string",
    "tgmath",
    "threads",
    "time",
    "uchar",
    "wchar",
    "wctype",
)
# Headers that the build generates beside the network's.
_GENERATED_HEADERS = ("app_network", "board_config", "mnist_test_subset", "test_subset")
# Targets of a package's build that CMake has itself (CMP0037), and libraries of every network.
_TARGETS = (
    "all",
    "clean",
    "edit_cache",
    "help",
    "install",
    "m",
    "nn2flash_runtime",
    "package",
    "package_source",
    "preinstall",
    "rebuild_cache",
    "test",
)
# Prefixes of the runtime's own names: nn_instance, AI_PLATFORM_H, …
_RUNTIME_NAMES = ("nn", "platform")


def check_name(name: str) -> str:
    """Return `name` when it can be a lower-case C prefix of 1 to 32 characters.

    Raises:
        UserError: otherwise, or when its files or symbols would meet those of the C library or of
            this project's firmware.
    """
    example = "for example name=digits (the command by itself: --name)"
    remedy = f"use letters, digits and underscores, {example}"
    if not _NAME.fullmatch(name):
        raise UserError(
            f"network name '{name}' is not a lower-case C identifier of up to 32 characters", remedy
        )
    taken = (*_STANDARD_HEADERS, *_GENERATED_HEADERS, *_RUNTIME_NAMES)
    if name in _TARGETS:
        raise UserError(
            f"network name '{name}' is taken: CMake builds something else by it",
            f"choose another name, {example}",
        )
    if name in taken or any(_FIRMWARE.rglob(f"{name}.h")):
        raise UserError(
            f"network name '{name}' is taken: {name}.h or its symbols would stand in for others",
            f"choose another name, {example}",
        )
    return name
