"""device/: what goes through a debug probe to a board, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from site_tools.board_firmware import Firmware
    from site_tools.places import Places

APART = ("debug", "gdbserver")


def probes(env: Any, places: Places, firmware: Firmware) -> dict[str, Any]:
    """Declare flash, erase, reset, debug and gdbserver, those that the board has."""
    on_model = env["probe"] == "model"
    probe = {
        "--board": places.board_toml,
        "--programmer": "$programmer" if env["programmer"] else None,
        "--serial": "$serial" if env["serial"] else None,
        "--dry-run": env["dry_run"] == "1",
        "--model": places.board.File("model-board.zip").abspath if on_model else None,
    }
    targets = {
        verb: env.Always(
            places.board.File(f"{verb}.run"),
            f"device {verb}",
            [probe, *more],
            also=firmware.whole if more else (),
            apart=verb in APART,
        )
        for verb, more in _words(env, places, firmware.elf).items()
    }
    # One at a time, whatever -j says.
    env.SideEffect(places.board.File("probe.lock"), list(targets.values()))
    return targets


def _words(env: Any, places: Places, elf: Any) -> dict[str, list[Any]]:
    """The verbs that the board has, each with what it must know of the firmware."""
    found: dict[str, list[Any]] = {}
    if places.facts.probe:
        # The model tells where the firmware is done.
        reset = ["--elf", elf] if env["probe"] == "model" else []
        found["flash"] = ["--elf", elf, "--placement", places.placement]
        found |= {"erase": [], "reset": reset}
    found["debug"] = ["--elf", elf, *(("--flash",) if env["debug_flash"] == "1" else ())]
    if not places.facts.native:
        port = ("--port", "$gdb_port") if env["gdb_port"] else ()
        found["gdbserver"] = ["--elf", elf, *port]
    return found


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Probes`."""
    env.AddMethod(probes, "Probes")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
