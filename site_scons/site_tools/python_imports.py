"""Which files a Python command of this project loads, found by reading its import statements.

What Python loads for `python -m ROOM COMMAND` is the room's `__main__` with everything that is
imported at the top of files from there on, and what the command's own modules import, wherever
that stands in the file: an import in a function runs only when the function does, one for type
checkers never. So what only another command imports does not make this one run again.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

IMPORT = re.compile(
    r"^(?P<indent>[ \t]*)(?:from[ \t]+(?P<source>[\w.]+)[ \t]+import[ \t]+"
    r"(?P<names>\([^)]*\)|[^\n#]*)|import[ \t]+(?P<modules>[\w., \t]+))",
    re.MULTILINE,
)
# A folder that is searched for plug-ins when the program runs.
SEARCHES_OWN_FOLDER = re.compile(r"iter_modules\(\s*__path__")
# Where the name to import and the name to install differ.
DISTRIBUTIONS = {"elftools": "pyelftools", "serial": "pyserial"}
# What begins at the left margin: a function or class, a block for type checkers, anything else.
BLOCK = re.compile(
    r"^(?:(?P<function>async[ \t]+def|def|class)\b|(?P<typing>if[ \t]+TYPE_CHECKING)\b"
    r"|[^\s#)\]}@])",
    re.MULTILINE,
)
NOW, LATER, NEVER = "when the file loads", "when a function runs", "for type checkers"


@functools.cache
def _statements(path: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """When it runs, and dotted names that may be modules, of each import statement."""
    text = path.read_text(encoding="utf-8")
    blocks = [
        (match.start(), LATER if match["function"] else NEVER if match["typing"] else NOW)
        for match in BLOCK.finditer(text)
    ]
    found = []
    for match in IMPORT.finditer(text):
        if match["source"]:
            names = re.findall(r"(\w+)(?:[ \t]+as[ \t]+\w+)?[\s,]*", match["names"].strip("()"))
            dotted = (match["source"], *(f"{match['source']}.{name}" for name in names))
        else:
            dotted = tuple(part.split()[0] for part in match["modules"].split(",") if part.split())
        inside = [when for start, when in blocks if start <= match.start()][-1:] or [NOW]
        found.append((inside[0] if match["indent"] else NOW, dotted))
    return tuple(found)


@functools.cache
def _files(root: Path, dotted: str) -> list[Path]:
    """The files that importing a module runs, packages' `__init__` first; [] when not ours."""
    parts = dotted.split(".")
    if not (root / parts[0] / "__init__.py").is_file():
        return []
    files = []
    for depth in range(1, len(parts) + 1):
        folder = root.joinpath(*parts[:depth])
        if (folder / "__init__.py").is_file():
            files.append(folder / "__init__.py")
        elif folder.with_suffix(".py").is_file():
            files.append(folder.with_suffix(".py"))
    return files


@functools.cache
def _plug_ins(root: Path, path: Path) -> tuple[str, ...]:
    """Dotted names of all modules beside a file that searches its own folder for them."""
    if not SEARCHES_OWN_FOLDER.search(path.read_text(encoding="utf-8")):
        return ()
    package = ".".join(path.parent.relative_to(root).parts)
    return tuple(f"{package}.{module.stem}" for module in sorted(path.parent.glob("*.py")))


def _follow(root: Path, start: str, when: tuple[str, ...]) -> tuple[set[Path], set[str]]:
    """Files of this project and foreign top-level names that are reached from a module.

    Args:
        start: its dotted name.
        when: which imports to follow.
    """
    files: set[Path] = set()
    foreign: set[str] = set()
    waiting = [start]
    while waiting:
        dotted = waiting.pop()
        ours = _files(root, dotted)
        if not ours:
            foreign.add(dotted.partition(".")[0])
        for path in ours:
            if path in files:
                continue
            files.add(path)
            for runs, names in _statements(path):
                if runs in when:
                    waiting.extend(names)
            waiting.extend(_plug_ins(root, path))
    return files, foreign


@functools.cache
def _pins(root: Path) -> dict[str, str]:
    """Distribution name → its pin in requirements/*.txt, name==version."""
    pins = {}
    for path in sorted((root / "requirements").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.match(r"([\w.-]+)==[\w.+]+", line):
                pins[match[1].lower()] = match[0]
    return pins


def _own_module(root: Path, room: str, verb: str) -> str:
    """Where a room keeps a command: a module of its own, or anywhere."""
    stem = verb.replace("-", "_")
    own = (root / room / "commands" / f"{stem}.py").is_file()
    return f"{room}.commands.{stem}" if own else f"{room}.__main__"


def python_dependencies(
    env: Any, room: str, verb: str, installed: Sequence[str] = ()
) -> tuple[list[str], str]:
    """What `python -m room verb` depends on.

    Args:
        installed: distributions that the command uses without importing them.

    Returns:
        Absolute paths of this project's files, sorted, and the pinned requirements they import.
    """
    root = Path(env["PROJECT_ROOT"])
    shared, shared_foreign = _follow(root, f"{room}.__main__", (NOW,))
    own, own_foreign = _follow(root, _own_module(root, room, verb), (NOW, LATER))
    pins = _pins(root)
    foreign = shared_foreign | own_foreign
    names = sorted({DISTRIBUTIONS.get(name, name) for name in foreign} | {*installed})
    lines = [pins[name] for name in names if name in pins]
    return sorted(str(path) for path in shared | own), " ".join(lines)


def generate(env: Any, **kw: Any) -> None:
    """Add `env.PythonDependencies(room, verb, installed)`."""
    env.AddMethod(python_dependencies, "PythonDependencies")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
