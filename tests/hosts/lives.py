"""The life of a live host's build: first, second, after another model, after cleaning."""

from __future__ import annotations

from pathlib import Path

from tests.embed.hosts import Host
from tests.embed.machines import Machine


def live(
    host: Host, machine: Machine, build: tuple[str, ...], elf: str, clean: tuple[str, ...]
) -> None:
    """Build and run; nothing the second time; another model's dependants and no more; all gone.

    Args:
        host: ready to be built.
        machine: runs it.
        build: the command, which shows what it runs.
        elf: the program.
        clean: the command.
    """
    first = host.build(*build).made
    machine.check(host, elf)
    assert not host.build(*build).made, "the second build was not up to date"
    host.retrain("gearbox")
    dependants = {name for name in first if "gearbox" in name or name.startswith("main.")}
    assert {"generate gearbox", "libgearbox.a"} <= dependants
    assert host.build(*build).made == dependants | {Path(elf).name}
    machine.check(host, elf)
    assert not host.build(*build).made
    host.build(*clean)
    left = {path.name for path in host.root.rglob("*")}
    assert not left & {*first, "digits.c", "gearbox.c"}


def write_device(path: Path, **variables: str) -> None:
    """Write what the support of a chip would bring, for CMake or for Make."""
    form = 'set({} "{}")\n' if path.suffix == ".cmake" else "{} = {}\n"
    path.write_text("".join(form.format(name, value) for name, value in variables.items()))
