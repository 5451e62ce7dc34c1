"""Version numbers of X-CUBE-AI and of ST Edge AI Core, and which of them go together.

Up to 9.0 the generated files carry the number of X-CUBE-AI itself. From 9.1 on they carry that of
ST Edge AI Core, while the runtime library and its headers still carry X-CUBE-AI's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Read off real projects: Core number in the generated files, X-CUBE-AI number of the library.
PAIRS = {
    (1, 0, 0): (9, 1, 0),
    (2, 0, 0): (10, 0, 0),
    (2, 2, 0): (10, 2, 0),
    (3, 0, 0): (11, 0, 0),
    (4, 0, 1): (12, 0, 1),
}
# What the pairs have in common since Core 2: the major numbers differ by this.
_CORE_TO_XCUBE = 8
_LAST_OWN_NUMBER = 8


@dataclass(frozen=True, order=True)
class Version:
    """major.minor.micro; comparable."""

    major: int
    minor: int
    micro: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.micro}"


# The client interface's structs have kept their layout since this one.
OLDEST = Version(7, 1, 0)


def parse(text: str) -> Version | None:
    """The first version number in a text such as `ST Edge AI Core v2.2.0-20266 2adc00962`."""
    match = re.search(r"(?<![\d.])v?(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d.]*\.\d)", text)
    return Version(*map(int, match.groups())) if match else None


def from_library(digits: str) -> Version | None:
    """X-CUBE-AI's number from the digits of `NetworkRuntime<digits>_CM7_GCC.a`.

    Three digits are 7.2.0, four are 10.2.0: the last two are minor and micro.
    """
    if not re.fullmatch(r"\d{3,4}", digits):
        return None
    return Version(int(digits[:-2]), int(digits[-2]), int(digits[-1]))


def xcube_of(tools: Version) -> Version:
    """The X-CUBE-AI number that belongs to the number in generated files of layout 7.1 or newer."""
    key = (tools.major, tools.minor, tools.micro)
    if key in PAIRS:
        return Version(*PAIRS[key])
    if tools.major == 1:
        return Version(9, tools.minor + 1, tools.micro)
    if tools.major < 7:
        return Version(tools.major + _CORE_TO_XCUBE, tools.minor, tools.micro)
    return tools


def core_of(xcube: Version) -> Version | None:
    """The ST Edge AI Core number of an X-CUBE-AI number; None before there was one."""
    if xcube.major <= _LAST_OWN_NUMBER:
        return None
    for core, known in PAIRS.items():
        if Version(*known) == xcube:
            return Version(*core)
    if xcube.major == 9:
        return Version(1, 0, 0) if xcube.minor else None
    return Version(xcube.major - _CORE_TO_XCUBE, xcube.minor, xcube.micro)


def belong_together(tools: Version, xcube: Version) -> bool:
    """Whether files of number `tools` may be linked with a runtime of number `xcube`.

    ST promises no compatibility between releases, so major and minor must agree. Core 1.0 came
    with X-CUBE-AI 9.1; files of 9.0 carry 9.0.0.
    """
    expected = xcube_of(tools)
    return (expected.major, expected.minor) == (xcube.major, xcube.minor)
