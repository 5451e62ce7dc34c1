"""A project of libopencm3's kind: rules that keep the flags to variables of their own."""

from __future__ import annotations

from pathlib import Path

from tests.embed.hosts import make_host
from tests.embed.machines import MACHINES
from tests.hosts.lives import live, write_device

HERE = Path(__file__).resolve().parent


def test_rules(vendor: Path, tmp_path: Path) -> None:
    """ARCH_FLAGS and TGT_CFLAGS reach the networks by themselves, on an LM3S6965."""
    machine = MACHINES["lm3s6965evb"]
    host = make_host(tmp_path / "a project", HERE / "libopencm3", {"vendor/nn2flash": vendor})
    machine.copy_to(host.root)
    write_device(
        host.root / "device.mk",
        ARCH_FLAGS=" ".join(machine.flags),
        TGT_LDFLAGS=" ".join(machine.link_flags("$(LDSCRIPT)")),
    )
    live(host, machine, ("make", "-j4"), "product.elf", ("make", "clean"))
