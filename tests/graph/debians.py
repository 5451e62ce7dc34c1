"""`python -m tests.graph.debians`: bootstrap in fresh Debians, from nothing to identical bytes.

Each suite is a chroot by debootstrap with nothing but its base; there `./bootstrap scons sim` of a
given network installs what it lacks by apt and pip, compiles, emulates and compares, and
`pip install .` installs the program. Needs root, debootstrap and Debian's archive, minutes and
gigabytes of disk; where one is missing it says so and tries nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from support.errors import UserError, run_cli

ROOT = Path(__file__).resolve().parents[2]
SUITES = ("bookworm", "trixie")
MIRROR = "http://deb.debian.org/debian"
BASE = "ca-certificates"
# What says how this computer reaches the package registries.
_REACHED = re.compile(r"(?i)^(https?_proxy|no_proxy|pip_\w+|ssl_cert_file|requests_ca_bundle)$")
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
SIMULATE = "./bootstrap scons sim network=tests/fixtures/guide_int8.onnx board=mps2_an500"
EQUAL = "1000/1000 output bytes identical to the reference"
INSTALL = (
    "python3 -m venv /tmp/own && /tmp/own/bin/pip install --quiet . && cd /tmp &&"
    " own/bin/nn2flash analyze /nn2flash/tests/fixtures/guide_int8.onnx --board stm32h750b_dk"
)


@dataclass(frozen=True)
class Debian:
    """A chroot."""

    root: Path

    def run(self, line: str) -> str:
        """A line of its shell in the project's folder; what it printed.

        Raises:
            UserError: it failed.
        """
        kept = {key: value for key, value in os.environ.items() if _REACHED.match(key)}
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        done = subprocess.run(
            ["chroot", str(self.root), "sh", "-c", f"cd /nn2flash && {line}"],
            env={**kept, "PATH": path, "HOME": "/root", "LC_ALL": "C.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            end = "\n".join(done.stdout.splitlines()[-20:])
            raise UserError(f"{self.root.name}: {line} failed:\n{end}", "see above")
        return done.stdout


def made(suite: str, root: Path) -> Debian:
    """A fresh Debian with the last commit in /nn2flash.

    Raises:
        UserError: debootstrap is not there, or failed.
    """
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        raise UserError(
            "debootstrap needs root, and to be installed", "apt-get install debootstrap"
        )
    words = ["debootstrap", "--variant=minbase", f"--include={BASE}", suite, str(root), MIRROR]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"debootstrap {suite} failed: {done.stdout[-500:]}", "try again")
    if (Path("/") / CERTIFICATES).is_file():
        shutil.copy(Path("/") / CERTIFICATES, root / CERTIFICATES)
    project = root / "nn2flash"
    project.mkdir()
    words = ["git", "-C", str(ROOT), "archive", "--format=tar", "HEAD"]
    archive = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(project)], input=archive, check=True)
    return Debian(root)


def tried(suite: str) -> str:
    """From a base system to identical bytes, and the program: what it took, in words.

    Raises:
        UserError: a step failed, or the bytes differ.
    """
    with tempfile.TemporaryDirectory(prefix="nn2flash-debian-") as folder:
        start = time.monotonic()
        debian = made(suite, Path(folder, suite))
        based = time.monotonic()
        printed = debian.run(SIMULATE)
        if EQUAL not in printed:
            raise UserError(f"{suite}: the bytes were not compared:\n{printed}", "see above")
        simulated = time.monotonic()
        if "compiled" not in debian.run(f"{SIMULATE} && echo compiled"):
            raise UserError(f"{suite}: a second run failed", "see above")
        again = time.monotonic()
        analyzed = debian.run(INSTALL)
        if "  fits  " not in analyzed:
            raise UserError(f"{suite}: the installed program failed:\n{analyzed}", "see above")
        tools = debian.run(
            "arm-none-eabi-gcc -dumpfullversion && qemu-system-arm --version && scons --version"
            " && python3 --version"
        )
        versions = (
            f"GCC {tools.splitlines()[0]}, QEMU {_first(r'emulator version ([0-9.]+)', tools)}, "
            f"SCons {_first(r'v([0-9.]+)[.,]', tools)}, Python {_first(r'Python ([0-9.]+)', tools)}"
        )
    return (
        f"{suite}: {versions}; base {based - start:.0f} s, bootstrap and simulation"
        f" {simulated - based:.0f} s, again {again - simulated:.0f} s, pip install and analyze"
        f" {time.monotonic() - again:.0f} s; {EQUAL}"
    )


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else "?"


def main() -> None:
    """Try each suite, where that can be."""
    parser = argparse.ArgumentParser(prog="python -m tests.graph.debians", description=__doc__)
    parser.add_argument("--suite", action="append", choices=SUITES, help="default: all")
    parser.add_argument("--count", type=int, default=len(SUITES), help="of the suites, how many")
    arguments = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        print("not tried: this needs root and debootstrap")
        return
    for suite in (arguments.suite or SUITES)[: max(1, arguments.count)]:
        print(tried(suite), flush=True)


if __name__ == "__main__":
    run_cli("debians", main)
