"""Which files a Python command of this project loads, found by reading its import statements.

What Python loads for `python -m PACKAGE COMMAND` is the package's `__main__` with everything that
is imported at the top of files from there on, and what the command's own modules import, wherever
that stands in the file: an import in a function runs only when the function does, one for type
checkers never. So what only another command imports does not make this one run again.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

# With the end of the line before it, not "^": a plain letter is what is searched for quickly.
IMPORT = re.compile(
    r"\n(?P<indent>[ \t]*)(?:from[ \t]+(?P<source>[\w.]+)[ \t]+import[ \t]+"
    r"(?P<names>\([^)]*\)|[^\n#]*)|import[ \t]+(?P<modules>[\w., \t]+))"
)
# The names behind "import", without those that they are given by "as".
NAMES = re.compile(r"(\w+)(?:[ \t]+as[ \t]+\w+)?")
# A folder that is searched for plug-ins when the program runs; with all below it, or without.
SEARCHES_OWN_FOLDER = re.compile(r"(?P<how>iter_modules|walk_packages)\(\s*(?:\w+\.)?__path__")
# Where the name to import and the name to install differ.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "ai_edge_litert": "ai-edge-litert",
    "elftools": "pyelftools",
    "serial": "pyserial",
}
# What begins at the left margin: a function or class, a block for type checkers, anything else.
BLOCK = re.compile(
    r"^(?:(?P<function>async[ \t]+def|def|class)\b|(?P<typing>if[ \t]+TYPE_CHECKING)\b"
    r"|[^\s#)\]}@])",
    re.MULTILINE,
)
# A line of requirements/locked/*.txt: a release, with a marker where only some systems need it; and
# one of the comment behind it.
PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[\w.+]+)(?P<marker> *;)?")
ASKED_FOR_BY = re.compile(r" +#(?: +via)? +(?P<name>(?!via$)[a-z\d][\w.-]*)$")
# Together, all there are.
ALL_SETS = ("bench", "docs", "test")
NOW, LATER, NEVER = "when the file loads", "when a function runs", "for type checkers"


def _when(text: str, place: int) -> str:
    """When an indented statement runs: what its block at the left margin says."""
    blocks = [*BLOCK.finditer(text, 0, place)]
    if not blocks:
        return NOW
    block = blocks[-1]
    return LATER if block["function"] else NEVER if block["typing"] else NOW


@functools.cache
def _statements(root: str, path: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """When it runs, and dotted names that may be modules, of each import of a file."""
    with open(path, encoding="utf-8") as stream:  # noqa: PTH123 (hundreds of them)
        text = f"\n{stream.read()}"
    found = [(NOW, _plug_ins(root, path, text))]
    for match in IMPORT.finditer(text):
        if match["source"]:
            source, names = match["source"], NAMES.findall(match["names"])
            dotted = (source, *(f"{source}.{name}" for name in names))
        else:
            dotted = tuple(part.split()[0] for part in match["modules"].split(",") if part.split())
        found.append((_when(text, match.start()) if match["indent"] else NOW, dotted))
    return tuple(found)


@functools.cache
def _entries(folder: str) -> frozenset[str]:
    """The names in a folder; none when it is no folder. One look for many modules."""
    try:
        return frozenset(entry.name for entry in os.scandir(folder))
    except OSError:
        return frozenset()


@functools.cache
def _files(root: str, dotted: str) -> tuple[str, ...]:
    """The files that importing a module runs, packages' `__init__` first; none when not ours."""
    first, *rest = dotted.split(".")
    folder = f"{root}/{first}"
    if first not in _entries(root) or "__init__.py" not in _entries(folder):
        return ()
    files = [f"{folder}/__init__.py"]
    for name in rest:
        beside = _entries(folder)
        folder = f"{folder}/{name}"
        if name in beside and "__init__.py" in _entries(folder):
            files.append(f"{folder}/__init__.py")
        elif f"{name}.py" in beside:
            files.append(f"{folder}.py")
    return tuple(files)


def _plug_ins(root: str, path: str, text: str) -> tuple[str, ...]:
    """Dotted names of all modules beside (or also below) a file that searches its own folder."""
    match = "__path__" in text and SEARCHES_OWN_FOLDER.search(text)
    if not match:
        return ()
    folder = Path(path).parent
    found = folder.rglob("*.py") if match["how"] == "walk_packages" else folder.glob("*.py")
    modules = sorted(module.relative_to(root).with_suffix("") for module in found)
    return tuple(".".join(module.parts) for module in modules)


def _loaded(root: str, modules: Iterable[str]) -> tuple[set[str], set[str]]:
    """This project's files that importing modules runs first, and names that are foreign."""
    files: set[str] = set()
    foreign: set[str] = set()
    for dotted in modules:
        ours = _files(root, dotted)
        files.update(ours)
        if not ours:
            foreign.add(dotted.partition(".")[0])
    return files, foreign


@functools.cache
def _imported(root: str, path: str, when: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """What a file's own import statements load, as `_loaded` has it."""
    statements = _statements(root, path)
    return _loaded(root, {name for runs, names in statements if runs in when for name in names})


@functools.cache
def _follow(root: str, start: str, when: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """Files of this project and foreign top-level names that are reached from a module.

    Args:
        start: its dotted name.
        when: which imports to follow.
    """
    waiting, foreign = _loaded(root, [start])
    files: set[str] = set()
    while waiting:
        path = waiting.pop()
        files.add(path)
        ours, others = _imported(root, path, when)
        waiting |= ours - files
        foreign |= others
    return files, foreign


@functools.cache
def _locked(root: Path) -> tuple[dict[str, str], dict[str, set[str]]]:
    """What requirements/lock.py wrote, and torch, which it leaves out.

    Returns:
        distribution → its pin, name==version; distribution → what it requires. What only some
        systems need, in any of the sets, is not in them.
    """
    folder = root / "requirements"
    files = [folder / "torch.txt", *(folder / "locked" / f"{name}.txt" for name in ALL_SETS)]
    pins: dict[str, str] = {}
    elsewhere: set[str] = set()
    requires: dict[str, set[str]] = {}
    name = None
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := PIN.match(line):
                if match["marker"]:
                    name = None
                    elsewhere.add(match["name"])
                else:
                    name = match["name"]
                    pins[name] = f"{name}=={match['version']}"
            elif name and (match := ASKED_FOR_BY.match(line)):
                requires.setdefault(match["name"], set()).add(name)
    return {name: pin for name, pin in pins.items() if name not in elsewhere}, requires


@functools.cache
def _pins(root: Path, names: frozenset[str]) -> str:
    """The pins of distributions and of all that they require, sorted, a space between."""
    pins, requires = _locked(root)
    found: set[str] = set()
    waiting = [name for name in names if name in pins]
    while waiting:
        name = waiting.pop()
        if name in pins and name not in found:
            found.add(name)
            waiting.extend(requires.get(name, ()))
    return " ".join(sorted(pins[name] for name in found))


def _own_module(root: str, package: str, verb: str) -> str:
    """Where a package keeps a command: a module of its own, or anywhere."""
    stem = verb.replace("-", "_")
    own = Path(root, package, "commands", f"{stem}.py").is_file()
    return f"{package}.commands.{stem}" if own else f"{package}.__main__"


def python_dependencies(
    root: str,
    package: str,
    verb: str,
    installed: Sequence[str] = (),
    imports: Sequence[str] = (),
) -> tuple[list[str], str]:
    """What `python -m package verb` depends on.

    Args:
        root: the project's folder.
        installed: distributions that the command uses without importing them.
        imports: dotted names of further modules that it imports, as a user's module says.

    Returns:
        Absolute paths of this project's files, sorted, and the locked distributions that they
        import, with all that those require.
    """
    # A command line that takes its time to load is imported inside of a function, and runs always.
    parts = [
        _follow(root, f"{package}.__main__", (NOW,)),
        _follow(root, f"{package}.cli", (NOW,)),
        *(
            _follow(root, dotted, (NOW, LATER))
            for dotted in (_own_module(root, package, verb), *imports)
        ),
    ]
    files = {path for found, _ in parts for path in found}
    foreign = {name for _, names in parts for name in names}
    names = frozenset(DISTRIBUTIONS.get(name, name) for name in foreign).union(installed)
    return sorted(files), _pins(Path(root), names)
