"""`scons bench-build`: how long the build itself takes, beside SCons' own empty run.

Works on a copy of the tree in a temporary folder. Edits are of the kind that people make all day;
each is made several times, and the median is shown.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.codegen.bench import print_generator
from tests.embed.bench import print_hosts
from tests.graph.project import Project, copy_tree

# Seconds over SCons' own empty run.
BUDGETS = {"nothing changed": 0.5, "main.c.j2 edited": 2.0}


@dataclass(frozen=True)
class Case:
    """One row: what is done before each run, how often, and the variables of the run."""

    what: str
    prepare: Callable[[Project, int], object]
    times: int
    variables: Callable[[int], dict[str, str]] = lambda turn: {}


def no_edit(project: Project, turn: int) -> None:
    """Leave everything as it is."""


def edit(name: str) -> Callable[[Project, int], object]:
    """Add a variable to a file, another one each time."""
    stem = Path(name).name.partition(".")[0]
    return lambda project, turn: project.append(name, f"\nint edited_{stem}_{turn};\n")


CASES = (
    Case("nothing changed", no_edit, 7),
    Case("main.c.j2 edited", edit("templates/app/main.c.j2"), 5),
    Case("a kernel edited", edit("firmware/runtime/kernels/nn_fully_connected.c"), 5),
    Case("trained again (recipe=guide)", no_edit, 1, lambda turn: {"seed": str(turn + 1)}),
    Case("from clean (recipe=guide)", lambda project, turn: project.build("-c"), 1),
)


def seconds(action: Callable[[], object]) -> float:
    """Seconds that something takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def empty_run(folder: Path) -> float:
    """Median of SCons' own time for one file that is up to date."""
    folder.mkdir()
    (folder / "source").write_text("")
    (folder / "SConstruct").write_text(
        "DefaultEnvironment(tools=[])\n"
        "Environment(tools=[]).Command('target', 'source', Copy('$TARGET', '$SOURCE'))\n"
    )
    project = Project(folder)
    project.build()
    return statistics.median(seconds(project.build) for _ in range(7))


def measure(project: Project, case: Case) -> float:
    """Median seconds of a case."""
    taken = []
    for turn in range(case.times):
        case.prepare(project, turn)
        variables = case.variables(turn)
        taken.append(seconds(partial(project.build, **variables)))
    return statistics.median(taken)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.graph.bench", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        empty = empty_run(Path(folder, "empty"))
        variables = {"data_dir": str(arguments.data.resolve()), "recipe": "guide"}
        project = copy_tree(Path(folder, "project"), board="mps2_an500", **variables)
        project.build()
        print(f"{'build':<30} {'seconds':>8} {'ratio':>7}  budget")
        print(f"{'SCons alone, nothing to do':<30} {empty:>8.2f} {1:>7.1f}")
        for case in CASES:
            taken = measure(project, case)
            budget = ""
            if case.what in BUDGETS:
                over = taken - empty
                verdict = "within" if over <= BUDGETS[case.what] else "OVER"
                budget = f"{over:.2f} s more than SCons alone: {verdict} {BUDGETS[case.what]} s"
            print(
                f"{case.what:<30} {taken:>8.2f} {taken / empty:>7.1f}  {budget}".rstrip(),
                flush=True,
            )
        print_hosts(Path(folder, "hosts"))
        print_generator(Path(folder, "generator"))


if __name__ == "__main__":
    main()
