"""Commands of this project's own programs, `python -m PACKAGE COMMAND`, as SCons builders.

Each runs in a process of its own with the Python of .venv, so that reading the build needs the
standard library only, and people and other build systems can run the very same lines.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import SCons.Errors
import SCons.Node
import SCons.Node.FS
from SCons.Script import Action, GetOption, Scanner
from site_tools import cleaning
from site_tools.own_folder import refuse_given
from site_tools.program import Program
from site_tools.standalone import standalone

option_words = standalone("options").option_words

# Words of a command line, and mappings of options by name.
Arguments = Sequence[Any] | Mapping[str, Any]

# What a user's surroundings may tell a command; none of it belongs into what is built.
PASSED_ON = (
    "HOME",
    "PATH",
    "TMPDIR",
    "TERM",
    "LANG",
    "LC_ALL",
    "NO_COLOR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "STEDGEAI_CORE_DIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
)
PASSED_ON_PREFIXES = ("npm_config_", "NPM_CONFIG_", "PIP_", "OMP_", "MKL_")


def _missing(python: str, pins: str) -> list[str]:
    """The pinned requirements that are not installed beside `python`, by their metadata folders;
    where a Python of the user's own has its packages is not known."""
    if os.environ.get("NN2FLASH_PYTHON"):
        return []
    installed = [
        folder.name.lower().replace("-", "_")
        for folder in Path(python).parent.parent.glob("lib/python3*/site-packages/*.dist-info")
    ]
    wanted = {pin: pin.lower().replace("-", "_").replace("==", "_") for pin in pins.split()}
    return [
        pin
        for pin, stem in wanted.items()
        # A build of another kind has a local version: torch-2.13.0+cpu.dist-info.
        if not any(name.startswith((f"{stem}.dist", f"{stem}+")) for name in installed)
    ]


def _told(missing: Sequence[str]) -> str:
    """What to say of packages that are not installed."""
    return f"not in .venv: {', '.join(missing)}: run {_installing()}" if missing else ""


def _installing() -> str:
    """The line that installs what this one needs: bootstrap looks at its words."""
    root = Path(__file__).resolve().parents[2]
    program = "./bootstrap" if Path.cwd() == root else str(root / "bootstrap")
    return shlex.join([program, "scons", *sys.argv[1:]])


def shown(env: Any, label: str) -> dict[str, Any]:
    """How an action shows itself, as arguments of Action: the label, or the whole command.

    Commands that show nothing have much to say themselves, but not when they do not run.
    """
    if env["verbose"] == "1" or (GetOption("no_exec") and not label):
        return {}
    return {"cmdstr": f"{label:<9} $TARGET" if label else None}


NOTHING = Scanner(function=lambda node, env, path: [], name="nothing")
"""What a command reads is data to it: a C file among that brings none of the headers that it names,
which SCons would look for, and find among what is built from the data."""


class Named:
    """The word KEY=FILE for a file of the graph."""

    def __init__(self, key: str, node: Any) -> None:
        self.key, self.node = key, node

    def __str__(self) -> str:
        return f"{self.key}={self.node}"

    def is_literal(self) -> bool:
        """A path may have spaces."""
        return True


def _words(arguments: Arguments) -> list[Any]:
    """The words of a command line."""
    parts = [arguments] if isinstance(arguments, Mapping) else arguments
    return [
        word
        for part in parts
        for word in (option_words(part) if isinstance(part, Mapping) else (part,))
    ]


def _read_by(arguments: Sequence[Any], out: Sequence[Any]) -> list[Any]:
    """The files among a command's words that it reads."""
    nodes = [word.node if isinstance(word, Named) else word for word in arguments]
    read = [
        node
        for node in nodes
        if isinstance(node, SCons.Node.FS.Entry | SCons.Node.FS.File) and node not in out
    ]
    # A network's weights may lie in files beside it, which the command line does not name.
    return [*read, *(data for node in read for data in getattr(node.attributes, "data", ()))]


def run_command(
    env: Any,
    label: str,
    command: str,
    out: Sequence[Any],
    arguments: Arguments,
    *,
    also: Sequence[Any] = (),
    named: Sequence[Any] = (),
    installed: Sequence[str] = (),
    imports: Sequence[str] = (),
    apart: bool = False,
    lasting: bool = False,
) -> Any:
    """Declare one command of a package; returns the nodes it makes.

    Args:
        label: the word shown before the target's name; "" shows nothing.
        command: package and command, such as "codegen subset".
        out: nodes of the files it writes.
        arguments: words of the command line; a mapping stands for the options it names
            (support/options.py). A node that is not in `out` is a source.
        also: further sources that the command line does not name, such as templates.
        named: those of them whose names tell something, too: SCons compares contents alone, one
            after the other.
        installed: pinned programs of requirements/ that it starts.
        imports: modules that the user's code imports, by their dotted names.
        apart: run it when the build has ended and written its record.
        lasting: what it made last stays until it has made something new, also when it fails or is
            interrupted (cleaning.py); it must replace its files together (support/files.py).

    Raises:
        SCons.Errors.UserError: the user gave a file that this command would make.
    """
    for node in out:
        refuse_given(env, node)
    package, _, verb = command.partition(" ")
    program = Program(env, package, verb, installed=installed, imports=imports)
    # "$(" and "$)": where .venv lies and whether we are embedded says nothing about what is built.
    words = ["$(", "$PYTHON", "$PYTHONFLAGS", "$)", "-m", package, *verb.split()]
    words += _words(arguments)
    python = str(env["PYTHON"])
    declare = env.Later if apart and not env["HOSTED"] else env.Direct
    made = env.Command(
        list(out),
        [*_read_by(words, out), *also],
        declare(
            words,
            check=lambda: _told(_missing(python, program.pins)),
            program=program,
            varlist=["NAMES"],
            **env.Shown(label),
        ),
        NAMES=hashlib.sha256("\n".join(map(str, named)).encode()).hexdigest() if named else "",
        IMPLICIT_COMMAND_DEPENDENCIES=False,
        source_scanner=NOTHING,
    )
    _only_on_demand(env, made)
    if lasting:
        cleaning.let_last(env, made)
    return made


def _only_on_demand(env: Any, made: Sequence[Any]) -> None:
    """A host without Default() builds all that lies below it: of ours, only what is needed."""
    if env["HOSTED"]:
        for node in made:
            env.Ignore(node.dir, node)


def always(
    env: Any,
    out: Any,
    command: str,
    arguments: Arguments,
    *,
    also: Sequence[Any] = (),
    apart: bool = False,
) -> Any:
    """Declare a command that runs each time it is asked for.

    Args:
        out: nodes of the files it writes, or one that stands for the run and is never written.
        command: package and command, such as "device sim".
        arguments: as of `run_command`.
        also: further sources, built first.
        apart: run it when the build has ended; nothing of this build can depend on it.
    """
    made = run_command(env, "", command, env.Flatten([out]), arguments, also=also, apart=apart)
    env.NoCache(made)
    return env.AlwaysBuild(made)


def show(env: Any, place: Any, text: Any, *, printed: bool) -> Any:
    """Declare the printing of a text file.

    Args:
        printed: the command that makes the file prints it, so that it is not printed twice.
    """

    def print_text(target: Any, source: Any, env: Any) -> None:
        if not printed or source[0].get_state() != SCons.Node.executed:
            sys.stdout.write(source[0].get_text_contents())
            sys.stdout.flush()

    shown = "SHOW      $SOURCE" if GetOption("no_exec") else None
    made = env.Command(place, text, Action(print_text, cmdstr=shown))
    _only_on_demand(env, made)
    env.NoCache(made)
    return env.AlwaysBuild(made)


def _find(python: Path) -> None:
    """Refuse a .venv that is not there, or cannot be entered."""
    venv = python.parent.parent
    try:
        python.stat()
    except FileNotFoundError:
        raise SCons.Errors.UserError(
            f"no {venv}: run {_installing()}, or set NN2FLASH_PYTHON"
        ) from None
    except OSError as error:
        raise SCons.Errors.UserError(
            f"{venv}: cannot be reached ({error.strerror}): make it readable, or delete it and run"
            f" {_installing()}"
        ) from None


def generate(env: Any, **kw: Any) -> None:
    """Find .venv and add `env.Run`, `env.Always`, `env.Show`, `env.Named` and `env.Shown`.

    Raises:
        SCons.Errors.UserError: there is no .venv.
    """
    root = Path(env["PROJECT_ROOT"])
    # A Python with requirements/core.txt, where .venv is not: in containers.
    python = Path(os.environ.get("NN2FLASH_PYTHON") or root / ".venv" / "bin" / "python")
    if not (GetOption("help") or GetOption("clean")):
        _find(python)
    env["PYTHON"] = env.Literal(str(python))
    # From another folder than ours (embedded in a host's build), nothing of that folder may be
    # taken for one of our packages.
    env["PYTHONFLAGS"] = ["-P"] if env["HOSTED"] else []
    passed = {
        key: value
        for key, value in os.environ.items()
        if key in PASSED_ON or key.startswith(PASSED_ON_PREFIXES)
    }
    # Programs that pip put beside our Python, such as pyOCD, are installed, too.
    path = os.pathsep.join([env["ENV"].get("PATH", os.defpath), str(python.parent)])
    env["ENV"] = {**env["ENV"], **passed, "PATH": path, "PYTHONPATH": str(root)}
    env["ENV"].pop("PYTHONHOME", None)  # another Python's
    env.AddMethod(shown, "Shown")
    env.AddMethod(lambda env, key, node: Named(key, node), "Named")
    env.AddMethod(show, "Show")
    env.AddMethod(run_command, "Run")
    env.AddMethod(always, "Always")


def exists(env: Any) -> bool:
    """Python runs this, so it is there; .venv is looked for in `generate`."""
    return True
