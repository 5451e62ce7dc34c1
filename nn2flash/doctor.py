"""What is installed of all that this program can use, and the line that installs the rest."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

# Of Debian and Ubuntu, of Fedora, of Arch, of Homebrew: who installs, and how a package is named.
MANAGERS: Mapping[str, str] = {
    "apt-get": "sudo apt-get install",
    "dnf": "sudo dnf install",
    "pacman": "sudo pacman -S",
    "brew": "brew install",
}


@dataclass(frozen=True)
class Tool:
    """Something that may be installed.

    Attributes:
        name: of the program or Python package.
        serves: what it is for.
        needed: nothing of `analyze`, `generate`, `package` works without it.
        found: its place or version; "" where it is missing.
        remedy: the line that installs it.
    """

    name: str
    serves: str
    needed: bool
    found: str
    remedy: str


@dataclass(frozen=True)
class _Program:
    """Names that a program may have, and its package by package manager."""

    names: tuple[str, ...]
    serves: str
    packages: Mapping[str, str]


_VERBS = "analyze, generate, package"
_PACKAGES = (
    *((name, _VERBS, True) for name in ("numpy", "onnx", "jinja2", "clang-format")),
    ("tflite", "reading .tflite files", False),
    ("onnxruntime", "quantize, comparing layers", False),
    ("torch", "training", False),
    ("pyelftools", "looking at linked firmware", False),
    ("pyserial", "talking to a board", False),
    ("unicorn", "the board's model, counting instructions", False),
)
_PROGRAMS = (
    _Program(
        ("cc", "gcc", "clang"),
        "nn2flash.load(…).run",
        {"apt-get": "gcc libc6-dev", "dnf": "gcc", "pacman": "gcc", "brew": "gcc"},
    ),
    _Program(
        ("arm-none-eabi-gcc",),
        "compiling firmware",
        {
            "apt-get": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
            "dnf": "arm-none-eabi-gcc-cs arm-none-eabi-newlib",
            "pacman": "arm-none-eabi-gcc arm-none-eabi-newlib",
            "brew": "--cask gcc-arm-embedded",
        },
    ),
    _Program(
        ("scons",),
        "the build: scons",
        {"apt-get": "scons", "dnf": "python3-scons", "pacman": "scons", "brew": "scons"},
    ),
    _Program(
        ("qemu-system-arm",),
        "running firmware here: scons sim",
        {
            "apt-get": "qemu-system-arm",
            "dnf": "qemu-system-arm",
            "pacman": "qemu-system-arm",
            "brew": "qemu",
        },
    ),
    _Program(
        ("gdb-multiarch", "arm-none-eabi-gdb"),
        "scons debug",
        {
            "apt-get": "gdb-multiarch",
            "dnf": "gdb",
            "pacman": "arm-none-eabi-gdb",
            "brew": "arm-none-eabi-gdb",
        },
    ),
    _Program(
        ("openocd",),
        "scons flash",
        {"apt-get": "openocd", "dnf": "openocd", "pacman": "openocd", "brew": "open-ocd"},
    ),
)


def examine() -> list[Tool]:
    """All tools, in the order in which somebody comes to need them."""
    manager = next((name for name in MANAGERS if shutil.which(name)), "apt-get")
    python = shlex.quote(sys.executable)
    packages = [
        Tool(name, serves, needed, _version(name), f"{python} -m pip install {name}")
        for name, serves, needed in _PACKAGES
    ]
    programs = [
        Tool(
            each.names[0],
            each.serves,
            False,
            next(filter(None, map(shutil.which, each.names)), ""),
            f"{MANAGERS[manager]} {each.packages[manager]}",
        )
        for each in _PROGRAMS
    ]
    return [*packages, *programs]


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
