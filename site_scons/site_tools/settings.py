"""The build's variables: `NAME=VALUE` on the command line, in custom.py, or from a host project."""

from __future__ import annotations

import ast
import difflib
import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import SCons.Errors
from SCons.Script import ARGUMENTS
from site_tools.irregular import refuse_irregular
from site_tools.standalone import standalone

byte_counts = standalone("bytes")
ROOT = Path(__file__).resolve().parents[2]
Validator = Callable[[str, Any, Any], None]


def nearest(word: str, known: Collection[str]) -> str:
    """What the user may have meant, as the end of a message."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(choices)}"


def values(word: str, choices: Collection[str]) -> str:
    """All of a variable's values, and which of them the user may have meant: a message's end."""
    known, found = ", ".join(sorted(choices)), nearest(word, choices)
    return found if found.endswith(known) else f"{found} (known: {known})"


def one_of(choices: Collection[str]) -> Validator:
    """A value out of `choices`."""

    def check(key: str, value: Any, env: Any) -> None:
        if value not in choices:
            raise SCons.Errors.UserError(f"{key}={value}: {values(str(value), choices)}")

    return check


def matching(pattern: str, meaning: str) -> Validator:
    """A value that matches `pattern` as a whole; `meaning` says in words what that is."""

    def check(key: str, value: Any, env: Any) -> None:
        if not re.fullmatch(pattern, str(value)):
            raise SCons.Errors.UserError(f"{key}={value}: give {meaning}")

    return check


def existing_file(key: str, value: Any, env: Any) -> None:
    """Nothing, or a file that is there, or one that a host's build makes."""
    path = Path(env.GetLaunchDir(), value)
    if value and not path.is_file() and (path.is_dir() or not env.Entry(str(path)).has_builder()):
        raise SCons.Errors.UserError(f"{key}={value}: no such file")


# What people have who come from elsewhere, and the two lines that make a network of it.
_GIVE = "`scons sim network={stem}.onnx calibration=x.npz`, x.npz with inputs like real ones"
_KERAS = (
    "a Keras model: convert it, `python -c \"import keras; keras.models.load_model('{name}')"
    f".export('{{stem}}.onnx', format='onnx')\"`, then {_GIVE}"
)
_TORCH = (
    "PyTorch weights: where the network is defined, `torch.onnx.export(network.eval(), (example,),"
    f" '{{stem}}.onnx')`, then {_GIVE}"
)
FOREIGN = {
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".pt": _TORCH,
    ".pth": _TORCH,
    ".pb": f"a TensorFlow graph: make ONNX of it with `python -m tf2onnx.convert`, then {_GIVE}",
    ".safetensors": _TORCH,
}


def network_file(key: str, value: Any, env: Any) -> None:
    """A file that is there; what is neither ONNX nor .tflite is told apart by its name."""
    existing_file(key, value, env)
    path = Path(str(value))
    if path.suffix == ".py":
        raise SCons.Errors.UserError(f"{key}={value}: is a network module: model={value}")
    if told := FOREIGN.get(path.suffix.lower()):
        told = told.format(name=path.name, stem=path.stem)
        raise SCons.Errors.UserError(f"{key}={value}: is {told}")


def network_module(key: str, value: Any, env: Any) -> None:
    """Nothing, or a Python file that is there."""
    existing_file(key, value, env)
    if value and Path(str(value)).suffix != ".py":
        raise SCons.Errors.UserError(
            f"{key}={value}: is no Python file with network() and data(); a network that is there"
            " already is given by network="
        )


def existing_path(key: str, value: Any, env: Any) -> None:
    """Nothing, or a file or folder that is there."""
    path = Path(env.GetLaunchDir(), value)
    if value and not path.exists():
        raise SCons.Errors.UserError(f"{key}={value}: no such file or folder")
    if value and not path.is_file() and not path.is_dir():  # its reader would wait
        raise SCons.Errors.UserError(f"{key}={value}: is neither a file nor a folder, give one")


def other_build(key: str, value: Any, env: Any) -> None:
    """Nothing, another build's report.json or its folder, or what the history calls a build."""
    path = Path(env.GetLaunchDir(), value)
    known = re.fullmatch(r"[0-9a-f]{0,12}|this|previous|oldest", value)
    if not known and not path.is_file() and not (path / "report.json").is_file():
        raise SCons.Errors.UserError(
            f"{key}={value}: no report.json, and no build of the history: a number, a key"
            " (hexadecimal digits), this, previous or oldest"
        )


def folder(key: str, value: Any, env: Any) -> None:
    """Nothing, or a folder, or one that can be made."""
    path = Path(env.GetLaunchDir(), value)
    if not value or path.is_dir():
        return
    above = next(parent for parent in (path, *path.parents) if parent.exists())
    if not above.is_dir():
        raise SCons.Errors.UserError(f"{key}={value}: {above} is not a folder, choose another")
    if not os.access(above, os.W_OK | os.X_OK):
        raise SCons.Errors.UserError(f"{key}={value}: cannot write to {above}, choose another")


def build_folder(key: str, value: Any, env: Any) -> None:
    """A folder whose files' names no command takes for an option, nor SCons for one of its own."""
    if not value or value[0] in "-#":
        raise SCons.Errors.UserError(f"{key}={value}: give a folder, ./{value} if that is its name")
    if "%" in value:
        # GNU ld puts the ELF's name in its place when it writes the map.
        raise SCons.Errors.UserError(f"{key}={value}: give a folder without a % in its path")


def printable(check: Validator | None) -> Validator:
    """`check`, for what is no SCons variable: a dollar sign in a value would name one."""

    def guarded(key: str, value: Any, env: Any) -> None:
        refuse_unprintable(f"{key}={env[key]}", str(env[key]))
        if check:
            check(key, value, env)

    return guarded


def refuse_unprintable(named: str, text: str) -> None:
    """Refuse a dollar sign, or what cannot be printed.

    Raises:
        SCons.Errors.UserError: one is in `text`; the message begins with `named`.
    """
    for letter in text:
        if letter == "$" or not letter.isprintable():
            what = "a dollar sign" if letter == "$" else "a control character"
            shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in named)
            raise SCons.Errors.UserError(f"{shown}: {what} is not possible here, rename it")


def existing_inputs(key: str, value: Any, env: Any) -> None:
    """Nothing, `mnist`, or a file that is there."""
    if value != "mnist":
        existing_file(key, value, env)


def existing_data(key: str, value: Any, env: Any) -> None:
    """Nothing, `mnist`, or a file or folder that is there."""
    if value != "mnist":
        existing_path(key, value, env)


def test_path(word: str) -> str:
    """Where the tests are that a user calls "ops", "ops/test_add" or "tests/ops/test_add.py"."""
    name = word.removeprefix("tests/").rstrip("/").removesuffix(".py")
    return next((p for p in (f"tests/{name}", f"tests/{name}.py") if (ROOT / p).exists()), "")


def known_tests(key: str, value: Any, env: Any) -> None:
    """Nothing, or folders and files of tests, with commas between."""
    for word in filter(None, value.split(",")):
        if not test_path(word):
            folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
            raise SCons.Errors.UserError(f"{key}={word}: {values(word, folders)}")


def yes_or_no(key: str, value: Any, env: Any) -> None:
    """0 or 1."""
    one_of(("0", "1"))(key, str(value), env)


def examples() -> list[str]:
    """The names of all examples: folders of examples/ with a network module of their name."""
    found = (p.parent.name for p in (ROOT / "examples").glob("*/*.py") if p.stem == p.parent.name)
    return sorted(found)


def boards() -> list[str]:
    """The names of all boards: folders of firmware/boards/ with a board.toml."""
    return sorted(p.parent.name for p in (ROOT / "firmware" / "boards").glob("*/board.toml"))


def board_toml(board: str, launch_dir: str) -> Path:
    """The board.toml of a board: of that name, or a folder that the user named."""
    if board in boards():
        return ROOT / "firmware" / "boards" / board / "board.toml"
    return Path(launch_dir, board, "board.toml")


def a_board(key: str, value: Any, env: Any) -> None:
    """The name of a board of this project, or a folder with a board.toml."""
    if not board_toml(str(value), env.GetLaunchDir()).is_file():
        meant = (
            f"no board.toml in that folder ({Path(env.GetLaunchDir(), value)})"
            if "/" in str(value) or Path(env.GetLaunchDir(), value).is_dir()
            else values(str(value), boards())
        )
        raise SCons.Errors.UserError(f"{key}={value}: {meant}")


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
        "folder of the MNIST files, fetched when missing (default: in build_dir)",
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
    ("recipe", "how to train: augmented, guide", "augmented", one_of(("augmented", "guide"))),
    (
        "epochs",
        "epochs of training (default: the recipe's)",
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
        "data of a model= instead of its data(): .npz, .npy, .csv, a folder of images, mnist",
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
        "inputs for it: .npy, .npz, or mnist (default: calibration=, or random ones)",
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
    except SCons.Errors.UserError:
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
        return
    for key in ("network", "calibration", "inputs", "normalize"):
        if env[key]:
            raise SCons.Errors.UserError(
                f"{key}={env[key]}: is for a network that is given; model={env['model']} brings its"
                " own"
            )
    if env["recipe"] != "augmented":
        raise SCons.Errors.UserError(
            f"recipe={env['recipe']}: is MNIST's; a module trains by its own EPOCHS or train()"
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
