"""The build's variables: `NAME=VALUE` on the command line, in custom.py, or from a host project."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import SCons.Errors
from SCons.Script import ARGUMENTS
from site_tools.irregular import refuse_irregular
from site_tools.setting_rules import (
    ROOT,
    a_board,
    board_toml,
    boards,
    build_folder,
    examples,
    existing_data,
    existing_file,
    existing_inputs,
    existing_path,
    folder,
    known_tests,
    matching,
    nearest,
    network_file,
    network_module,
    one_of,
    other_build,
    printable,
    refuse_unprintable,
    test_path,
    yes_or_no,
)
from site_tools.standalone import standalone

byte_counts = standalone("bytes")
data_sets = standalone("data_sets")


# The board of the guide; `scons sim` takes one that QEMU has.
DEFAULT_BOARD, SIMULATED_BOARD = "stm32h750b_dk", "mps2_an500"
SIMULATED = {"sim", "validate", "demo", "profile"}
VALIDATING = {"validate", "demo"}
COUNT = matching(r"\d{1,9}", "a whole number, 0 or more")
BYTES = matching(byte_counts.PATTERN, byte_counts.MEANING)
POSITIVE = matching(r"[1-9]\d{0,8}", "a whole number, 1 or more")
NAME = "[a-z][a-z0-9_]*"
NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
# Variables that say where files lie, how a board is reached, or how something is shown.
ELSEWHERE = {
    "build_dir",
    "data_dir",
    "dest",
    "cache_dir",
    "programmer",
    "serial",
    "port",
    "debug_flash",
    "from",
    "dry_run",
    "count",
    "layers",
    "of",
    "against",
    "listen",
    "gdb_port",
    "ide_dir",
    "only",
    "verbose",
}
FIELDS = (
    # What is built, and where.
    (
        "board",
        f"board: {', '.join(boards())}, or a folder with a board.toml (sim: {SIMULATED_BOARD})",
        DEFAULT_BOARD,
        a_board,
    ),
    ("build_dir", "folder that everything is built in", "build", build_folder),
    (
        "data_dir",
        "folder of the sets of data that are fetched when missing (default: in build_dir)",
        "",
        folder,
    ),
    ("dest", "package, new: folder that the library, or the project, is written to", "", folder),
    (
        "from",
        f"new: example to begin with: {', '.join(examples())}",
        "regression",
        None,
    ),
    ("cache_dir", "folder of SCons' cache of built files, shared by clones", "", folder),
    (
        "name",
        "C prefix of the network (default of a model=: its file's name)",
        "network",
        matching(NAME, "a C name in lower case"),
    ),
    # The network: trained here, or given.
    (
        "recipe",
        "how to train: one of the module's RECIPES (default: the first); of MNIST augmented, guide",
        "",
        None,
    ),
    (
        "epochs",
        "epochs of training (default: the recipe's, or the module's EPOCHS)",
        "",
        matching(r"|[1-9]\d{0,4}", "a number of epochs"),
    ),
    ("seed", "seed of training", "0", COUNT),
    (
        "max_accuracy_drop",
        "points of accuracy that int8 may lose",
        "0.5",
        matching(NUMBER, "a number of points"),
    ),
    (
        "qat",
        "of model=: train on, int8 simulated; auto: when int8 loses more points than are allowed",
        "auto",
        one_of(("auto", "0", "1")),
    ),
    (
        "model",
        "your network module, a Python file with network() and data(): docs/your-network.md",
        "",
        network_module,
    ),
    (
        "data",
        "data of a model= instead of its data(): .npz, .npy, .csv, a folder of images, "
        + ", ".join(data_sets.SETS),
        "",
        existing_data,
    ),
    ("network", "an ONNX or .tflite file of yours instead of training", "", network_file),
    (
        "calibration",
        "network= is float: .npz with inputs, and labels if known, to quantize it by",
        "",
        existing_file,
    ),
    (
        "inputs",
        f"inputs for it: .npy, .npz, or {' or '.join(data_sets.TRIED)} (default: calibration=, or"
        " random ones)",
        "",
        existing_inputs,
    ),
    ("models", "zoo: folder of .onnx and .tflite (default: tests/fixtures)", "", existing_path),
    (
        "normalize",
        "MEAN,STD of your training transform, for inputs=",
        "",
        matching(f"|{NUMBER},{NUMBER}", "MEAN,STD"),
    ),
    ("strict", "1: inputs that clip or collapse are an error, not a warning", "0", yes_or_no),
    # Where the network's code comes from: docs/x-cube-ai.md.
    (
        "ai",
        "where the network's code comes from: builtin, bundle, stedgeai, cloud",
        "builtin",
        one_of(("builtin", "bundle", "stedgeai", "cloud")),
    ),
    ("bundle", "ai=bundle: folder or zip that ST's cloud or tools made", "", existing_path),
    ("runtime", "folder of ST's pack, for the runtime that a bundle lacks", "", existing_path),
    (
        "c_api",
        "C interface: legacy, st-ai, auto (ST's: as its tool has it)",
        "auto",
        one_of(("auto", "legacy", "st-ai")),
    ),
    (
        "input_scale",
        "ai=bundle: the input's scale, when the bundle has no table of it",
        "",
        matching(f"|{NUMBER}", "a number"),
    ),
    (
        "input_zero_point",
        "ai=bundle: the input's zero point, when the bundle has no table of it",
        "",
        matching(r"|-?\d{1,3}", "a whole number"),
    ),
    ("stedgeai", "ai=stedgeai: path of the tool (default: looked for)", "", None),
    ("ai_options", "ai=stedgeai, cloud: further options of ST's generator", "", None),
    ("cloud_version", "ai=cloud: of Core or X-CUBE-AI (default: the latest)", "", None),
    ("cloud_board", "cloud-benchmark: board of ST's farm (default: this one)", "", None),
    # The firmware.
    (
        "app",
        "firmware: main (the guide's), validate (answers a host; default of `validate`)",
        "main",
        one_of(("main", "validate")),
    ),
    ("subset_size", "test images in the firmware, 0 for none", "100", COUNT),
    ("subset_seed", "seed of the choice of test images", "0", COUNT),
    (
        "kernels",
        "auto, small (RAM before speed), portable (plain C), dense, sparse",
        "auto",
        one_of(("auto", "small", "portable", "dense", "sparse")),
    ),
    (
        "table_memory",
        "bytes of RAM for tables of expanded weights, which make convolutions faster: 48K",
        "0",
        BYTES,
    ),
    (
        "code_memory",
        "bytes of code that convolutions may have generated for themselves; empty: any number",
        "",
        matching(rf"|{byte_counts.PATTERN}", byte_counts.MEANING),
    ),
    (
        "placement",
        "OBJECT:MEMORY,… to decide what runs where",
        "",
        matching(r"|\w+:\w+(,\w+:\w+)*", "OBJECT:MEMORY,…"),
    ),
    ("cc", "compiler (default: arm-none-eabi-gcc, or gcc for a native board)", "", None),
    ("werror", "1: compiler warnings are errors", "0", yes_or_no),
    # Debug probes, boards and their ports.
    ("programmer", "tool that writes the firmware (default: the first that fits)", "", None),
    (
        "probe",
        "usb: a real board; model: the board's model, its flash kept in build_dir",
        "usb",
        one_of(("usb", "model")),
    ),
    ("serial", "serial number of the debug probe, when there are several", "", None),
    ("port", "serial port of a real board; auto finds it", "", None),
    ("monitor_reset", "0: monitor does not start the firmware again", "1", yes_or_no),
    (
        "gdb_port",
        "gdbserver: TCP port to listen on (default: 3333)",
        "",
        matching(r"|[1-9]\d{0,4}", "a TCP port"),
    ),
    ("debug_flash", "1: debug writes the firmware first", "0", yes_or_no),
    ("dry_run", "1: flash, erase, reset, debug, monitor only show their commands", "0", yes_or_no),
    (
        "count",
        "test images for validate (default: all), for evaluate's layers (default: 32)",
        "",
        matching(r"|[1-9]\d{0,8}", "a whole number, 1 or more"),
    ),
    ("layers", "1: validate compares every layer", "0", yes_or_no),
    (
        "against",
        "report: build to compare with: a number or key of its history, previous, oldest, or"
        " another build's report.json",
        "",
        other_build,
    ),
    (
        "of",
        "report: build that is compared, named as in against= (default: the one that is built)",
        "",
        other_build,
    ),
    (
        "listen",
        "demo: TCP port of the page (default: 8750, or a free one)",
        "",
        matching(r"|\d{1,5}", "a TCP port"),
    ),
    ("ide_dir", "folder that `ide` writes to, such as . (default: in build_dir)", "", folder),
    ("only", "test: folders or files of tests/: ops, ops/test_add", "", known_tests),
    # How it is shown.
    ("verbose", "1: show whole command lines", "0", yes_or_no),
)


def assigned(path: Path) -> list[str]:
    """The names that a file of variables sets; those of its own begin with an underscore."""
    tree = ast.parse(path.read_bytes(), path.name)
    targets = [t for node in tree.body if isinstance(node, ast.Assign) for t in node.targets]
    names = [t.id for t in targets if isinstance(t, ast.Name)]
    return [name for name in names if not name.startswith("_")]


def read_settings(env: Any, variables: Any, targets: Collection[str] = ()) -> dict[str, str]:
    """Declare all variables with help, default and check, and read them into `env`.

    Args:
        targets: what is asked for. Simulating alone takes a board that QEMU has; validating
            takes the firmware that answers.

    Returns:
        All variables with their values.

    Raises:
        SCons.Errors.UserError: an unknown variable, a wrong value, or a broken custom.py.
    """
    simulated = {*targets} & SIMULATED and not {*targets} & {"elf", "flash"}
    implied = {"board": SIMULATED_BOARD} if simulated else {}
    if {*targets} & VALIDATING:
        implied["app"] = "validate"
    for key, text, default, check in FIELDS:
        variables.Add(key, text, implied.get(key, default), printable(check))
    refuse_unprintable(str(ROOT), str(ROOT))
    for path in map(Path, variables.files or ()):
        refuse_irregular(path, path.name)
    try:
        variables.Update(env)
        words = [(word, "") for word in sorted(variables.UnknownVariables())]
        for path in filter(Path.exists, map(Path, variables.files or ())):
            words += [(word, f"{path.name}: ") for word in assigned(path)]
    except (SCons.Errors.UserError, OSError):
        raise
    except (Exception, SystemExit) as error:  # SCons runs the file: it can raise anything
        raise SCons.Errors.UserError(
            f"custom.py: {' '.join(str(error).split()) or type(error).__name__}"
            " (lines are NAME = VALUE, VALUE in quotes)"
        ) from None
    known = env["SETTINGS"] = [key for key, *_ in FIELDS]
    for word, where in words:
        if word not in known:
            raise SCons.Errors.UserError(
                f"{where}unknown variable '{word}': {nearest(word, known)}"
            )
    for key in known if variables.args is ARGUMENTS else ():
        # What `network=$NETWORK` is where the shell knows no such name: it would train instead.
        if ARGUMENTS.get(key) == "":
            raise SCons.Errors.UserError(f"{key}= is empty: give a value, or leave it out")
    if env["calibration"] and not env["network"]:
        raise SCons.Errors.UserError(
            f"calibration={env['calibration']}: is for a float network: network=float.onnx"
        )
    if env["calibration"] and env["network"].lower().endswith(".tflite"):
        raise SCons.Errors.UserError(
            f"calibration={env['calibration']}: a .tflite file is quantized by its converter: leave"
            " calibration= out"
        )
    _settle_module(env, variables.args)
    return {key: env[key] for key in known}


def _settle_module(env: Any, given: Mapping[str, Any]) -> None:
    """Name a module's network after its file; refuse what is said of a given network.

    Raises:
        SCons.Errors.UserError: variables that exclude each other, or a name that is none in C.
    """
    if not env["model"]:
        if env["data"]:
            raise SCons.Errors.UserError(f"data={env['data']}: is for a network module: model=")
        if env["recipe"] and env["network"]:
            raise SCons.Errors.UserError(
                f"recipe={env['recipe']}: is for training, and network={env['network']} is given:"
                " leave one of them out"
            )
        return
    for key in ("network", "calibration", "inputs", "normalize"):
        if env[key]:
            raise SCons.Errors.UserError(
                f"{key}={env[key]}: is for a network that is given; model={env['model']} brings its"
                " own"
            )
    if env["ai"] == "bundle":
        raise SCons.Errors.UserError(f"ai=bundle: is ST's network, not model={env['model']}")
    if "name" in given or env["name"] != "network":
        return
    stem = re.sub(r"\W", "_", Path(env["model"]).stem.lower())
    if not re.fullmatch(NAME, stem):
        raise SCons.Errors.UserError(
            f"model={env['model']}: '{stem}' is no name in C: give one with name="
        )
    env["name"] = stem


def decisive(env: Any) -> list[str]:
    """KEY=VALUE of the variables that decide what is built and are not as they are by default."""
    return [
        f"{key}={env[key]}"
        for key, _, default, _ in FIELDS
        if key not in ELSEWHERE and str(env[key]) != default
    ]


def chosen_tests(env: Any) -> list[str]:
    """What `scons test` shall run, seen from the project's folder."""
    return [test_path(word) for word in filter(None, env["only"].split(","))] or ["tests"]


def generate(env: Any, **kw: Any) -> None:
    """Add `env.ReadSettings`, `env.Boards`, `env.BoardToml` and `env.Nearest`."""
    env.AddMethod(read_settings, "ReadSettings")
    env.AddMethod(lambda env: boards(), "Boards")
    env.AddMethod(chosen_tests, "ChosenTests")
    env.AddMethod(decisive, "Decisive")
    env.AddMethod(lambda env, board: board_toml(board, env.GetLaunchDir()), "BoardToml")
    env.AddMethod(lambda env, word, known: nearest(word, known), "Nearest")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
