"""The map from mutants to the tests that execute their lines, and what each test takes.

Made by one run of the tests with `probes.py` and `reach.py`, file by file: a run that is stopped
goes on with the next file. Mutants go by their names, so a map of an earlier commit serves.
"""

from __future__ import annotations

import json
import math
import queue
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutation import probes, reach
from tests.mutation.judged import Name
from tests.mutation.mapping import named_tests, package_tests
from tests.mutation.run import Copy
from tests.mutation.sites import Mutant

REPOSITORY = Path(__file__).resolve().parents[2]
# Those that look at sources, or at no source that is mutated; builds of others' firmware.
LEFT_OUT = (
    "tests/test_",
    "tests/mutation/",
    "tests/codegen/test_goldens.py",
    "tests/docs/",
    "tests/examples/",
    "tests/hosts/",
    "tests/model/",
    "tests/zoo/",
)
# Folders whose tests reach most in little time come first, builds last.
FIRST = ("ops", "kernels", "board_h750", "device", "codegen", "xcube", "report", "tflite")
LAST = ("embed", "graph")
MAP, PROBES = "reach.jsonl", "probes"
# Seconds after which a file of tests is given up.
PATIENCE = 1800.0


@dataclass(frozen=True, order=True)
class Cost:
    """Processor seconds of a test.

    Attributes:
        alone: of it alone.
        shared: of that, what it shares with other tests of its file.
    """

    alone: float
    shared: float


Tests = Mapping[str, Cost]


class Reaching:
    """The map.

    Args:
        path: its file.
    """

    def __init__(self, path: Path) -> None:
        self._reached: dict[Name, dict[str, Cost]] = {}
        self._by_file: dict[str, dict[str, Cost]] = {}
        self.done: set[str] = set()
        names: list[Name] = []
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            entry = json.loads(line)
            if "names" in entry:
                names = [Name(**each) for each in entry["names"]]
            elif "ended" in entry:
                self.done.add(entry["ended"])
            elif entry["passed"]:
                test, cost = entry["test"], Cost(entry["seconds"], entry["shared"])
                self._by_file.setdefault(_file(test), {})[test] = cost
                for number in entry["reached"]:
                    self._reached.setdefault(names[number], {})[test] = cost
        self.names = names

    def tests(self, name: Name, root: Path) -> Tests:
        """Tests of a mutant, quickest first.

        Of Python those that execute its line. C and templates run on processors too that no probe
        tells of: first the tests that bear the file's name, then those that are known to reach it,
        then those of its package.

        Args:
            root: of the tree whose tests they are.
        """
        reached = self._reached.get(name, {})
        groups: list[Tests] = [reached]
        if not name.path.endswith(".py"):
            groups = [self._of(named_tests(root, name.path)), reached]
        if not name.path.endswith(".py") or not reached:
            groups.append(self._of(named_tests(root, name.path)))
            groups.append(self._of(package_tests(name.path)))
        found: dict[str, Cost] = {}
        for group in groups:
            for test, cost in sorted(group.items(), key=lambda entry: (entry[1], entry[0])):
                found.setdefault(test, cost)
        return found

    def seconds(self, name: Name, root: Path) -> float:
        """What these take together."""
        return max(_totals(self.tests(name, root)), default=0.0)

    def reaches(self, name: Name) -> bool:
        """Whether any test is known to execute it."""
        return name in self._reached

    def _of(self, words: Iterable[str]) -> Tests:
        """The tests of files and folders, without those that a word says to ignore."""
        words = tuple(words)
        without = tuple(w.removeprefix("--ignore=") for w in words if w.startswith("--ignore="))
        starts = tuple(word for word in words if not word.startswith("-"))
        return {
            test: cost
            for file, tests in self._by_file.items()
            if file.startswith(starts) and not (without and file.startswith(without))
            for test, cost in tests.items()
        }


def quickest(tests: Tests, seconds: float = math.inf) -> tuple[str, ...]:
    """The first tests that take so much together, and the very first."""
    chosen: list[str] = []
    for test, total in zip(tests, _totals(tests), strict=True):
        if total > seconds and chosen:
            break
        chosen.append(test)
    return tuple(chosen)


def _totals(tests: Tests) -> Iterator[float]:
    """What each test takes with those before it."""
    total = 0.0
    files: set[str] = set()
    for test, cost in tests.items():
        total += cost.alone - (cost.shared if _file(test) in files else 0.0)
        files.add(_file(test))
        yield total


def _file(test: str) -> str:
    return test.partition("::")[0]


def files_of_tests(root: Path = REPOSITORY) -> list[str]:
    """The files of tests that are asked, in their order."""

    def rank(path: str) -> tuple[int, str]:
        folder = path.split("/")[1]
        place = FIRST.index(folder) if folder in FIRST else len(FIRST)
        return (place + (len(FIRST) if folder in LAST else 0), path)

    found = (str(path.relative_to(root)) for path in (root / "tests").rglob("test_*.py"))
    return sorted((path for path in found if not path.startswith(LEFT_OUT)), key=rank)


def make_map(
    mutants: Mapping[Name, Mutant],
    files: Iterable[str],
    make_copies: Callable[[], list[Path]],
    path: Path,
    more: Callable[[], bool] = lambda: True,
) -> bool:
    """Run tests that have not been run for it in copies of the project, a process for each copy.

    Args:
        mutants: what the map is of.
        files: of tests, in their order.
        make_copies: makes fresh ones, for nothing else: they get probes.
        path: the map's file, gone on with when it has begun.
        more: whether there is time for another file.

    Returns:
        Whether the map is whole.
    """
    begun = Reaching(path)
    # Those that are gone since the map began keep their numbers.
    names = begun.names or list(mutants)
    if not begun.names:
        line = json.dumps({"names": [asdict(name) for name in names]})
        path.write_text(line + "\n", encoding="utf-8")
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for file in files:
        if file not in begun.done:
            waiting.put(file)
    if waiting.empty():
        return True

    def work(root: Path) -> None:
        out, bytes_ = root / MAP, root / PROBES
        probes.put(root, {i: mutants[n] for i, n in enumerate(names) if n in mutants}, bytes_)
        copy = Copy(root, surroundings={reach.OUT: str(out), reach.PROBES: str(bytes_)})
        while more():
            try:
                file = waiting.get_nowait()
            except queue.Empty:
                break
            out.write_text("")
            copy.run(("-p", reach.__name__, "--maxfail=1000", file), PATIENCE)
            with path.open("a", encoding="utf-8") as stream:
                stream.write(out.read_text() + json.dumps({"ended": file}) + "\n")
            print(f"map: {file}", file=sys.stderr, flush=True)
        copy.close()

    copies = make_copies()
    with ThreadPoolExecutor(len(copies)) as pool:
        list(pool.map(work, copies))
    return waiting.empty()
