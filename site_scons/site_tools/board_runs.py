"""device/: what is run rather than made: on an emulator, over a serial line, on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from site_tools.board_firmware import Firmware
    from site_tools.model_files import Model
    from site_tools.network_sources import NetworkSources
    from site_tools.places import Places
    from site_tools.subset import Subset

# Of one board for all: its core is theirs, and its emulator shows every instruction.
COUNTED_BOARD = "mps2_an500"


def board_runs(
    env: Any,
    places: Places,
    *,
    model: Model,
    network: NetworkSources,
    subset: Subset,
    firmware: Firmware,
) -> dict[str, Any]:
    """Declare the runs of a firmware, and the page about it: name of the target → its nodes."""
    targets = {}
    if env["app"] == "main":
        expected = ("--reference", subset.reference) if subset.reference else ()
        targets["sim"] = env.Always(
            places.board.File("sim.run"),
            "device sim",
            ["--board", places.board_toml, "--elf", firmware.elf, *expected],
            also=firmware.whole,
            apart=True,
        )
    elif model.int8:
        targets["validate"] = _validate(env, places, model, network, firmware)
        targets["demo"] = _demo(env, places, model, network, firmware)
    counted = places.out.Dir(f"{COUNTED_BOARD}{places.name_suffix}")
    profile = [counted.File("profile.txt"), counted.File("profile.json")]
    if places.board == counted and subset.reference:
        targets["profile"] = env.Always(
            profile,
            "device profile",
            {
                "--elf": firmware.elf,
                "--reference": subset.reference,
                "--manifest": network.manifest,
                "--work": places.out,
                "--out": profile[0],
                "--json": profile[1],
            },
            also=firmware.whole,
            apart=not env.Reporting(),
        )
    targets["report"] = _report(env, places, model, network, firmware, profile=profile[1])
    if places.facts.serial:
        words = [
            "--board",
            places.board_toml,
            *_port(env),
            {
                "--serial": "$serial" if env["serial"] else None,
                "--programmer": "$programmer" if env["programmer"] else None,
                "--no-reset": env["monitor_reset"] == "0",
                "--dry-run": env["dry_run"] == "1",
                "--model": env["probe"] == "model",
            },
        ]
        run = places.board.File("monitor.run")
        targets["monitor"] = env.Always(run, "device monitor", words, apart=True)
    return targets


def _port(env: Any) -> list[str]:
    """The serial port, if the user named one."""
    return ["--port", "$port"] if env["port"] else []


def _answering(
    env: Any, places: Places, network: NetworkSources, firmware: Firmware
) -> tuple[list[Any], list[Any]]:
    """Words for whom the firmware answers: where it is reached, and what it must be."""
    where = ["--board", places.board_toml, *(_port(env) or ("--elf", firmware.elf))]
    return where, ["--manifest", network.manifest, "--build", firmware.identity]


def _validate(
    env: Any, places: Places, model: Model, network: NetworkSources, firmware: Firmware
) -> Any:
    """Declare all test images through the firmware."""
    verdict = [places.board.File("validation.json"), places.board.File("validation.xml")]
    where, identity = _answering(env, places, network, firmware)
    made = env.Always(
        verdict,
        "device validate",
        [
            *where,
            "--reference",
            model.reference,
            *identity,
            {
                "--layers": env["layers"] != "0",
                "--count": "$count" if env["count"] else None,
                "--json": verdict[0],
                "--junit": verdict[1],
            },
        ],
        also=firmware.whole,
        apart=not env.Reporting(),
    )
    env.Precious(verdict)  # a wrong port= costs no results of before
    return made


def _demo(
    env: Any, places: Places, model: Model, network: NetworkSources, firmware: Firmware
) -> Any:
    """Declare the page that asks the firmware."""
    context = env.Contexts(memories=places.memories, manifest=network.manifest)
    if "training" in model.steps:
        context = [*context, "--set", f"subset={model.subset}"]  # its module says of what it is
    where, identity = _answering(env, places, network, firmware)
    trained = ("--training", model.steps["training"]) if "training" in model.steps else ()
    return env.Demo(
        env.Render("demo/page.html.j2", places.board.File("demo.html"), *context)[0],
        [
            *where,
            *identity,
            "--reference",
            model.reference,
            *(trained or (("--normalize", "$normalize") if env["normalize"] else ())),
            {
                "--listen": "$listen" if env["listen"] else None,
            },
        ],
        also=firmware.whole,
    )


def _report(
    env: Any,
    places: Places,
    model: Model,
    network: NetworkSources,
    firmware: Firmware,
    *,
    profile: Any,
) -> Any:
    """Declare the build on one page."""
    tables = {"memory": firmware.size[1], "placement": places.placement} if firmware.size else {}
    return env.Report(
        places.board.File("report.html"),
        {
            "manifest": network.manifest,
            **model.steps,
            "model": model.int8,
            "reference": model.reference,
            "elf": firmware.elf,
            **tables,
        },
        # The counted board's kernels are not those of another kind of processor.
        {
            "validation": env.Validation(places.out, places.board),
            **({} if places.kind_suffix else {"profile": profile}),
        },
        # Of a given network without inputs=, the reference's inputs are made up.
        flags=["--random"] if model.int8 and not model.typical else [],
        templates=env.Templates("report/*"),
    )


def generate(env: Any, **kw: Any) -> None:
    """Add `env.BoardRuns`."""
    env.AddMethod(board_runs, "BoardRuns")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
