"""Clean builds with many jobs at once, all of which must end with the same bytes.

A command that lacks a dependency runs before what it needs only now and then.
`python -m tests.graph.parallel --builds 60` is the full campaign of `scons soak`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from support.errors import run_cli
from support.progress import Progress
from support.removal import remove_temporary_folder
from tests.graph.kills import built_files
from tests.graph.project import Project, copy_tree
from tests.graph.tiny_model import write_tiny_model


def check_builds(project: Project, expected: dict[str, bytes], builds: int) -> None:
    """Build from clean, again and again.

    Args:
        expected: what the build folder must hold each time.

    Raises:
        AssertionError: a build failed, or left other bytes, or the run after it was not up to date.
    """
    progress = Progress("parallel builds", builds)
    for number in range(builds):
        remove_temporary_folder(project.path("build"))
        run = project.scons("-j8")
        assert run.status == 0, f"build {number}: {run.output}"
        assert built_files(project) == expected, f"build {number}"
        assert not project.build().commands, f"build {number}: the run after it was not up to date"
        progress.advance()
    progress.finish()


def main() -> None:
    """Builds of a given network, held against one with a single job."""
    parser = argparse.ArgumentParser(prog="python -m tests.graph.parallel", description=__doc__)
    parser.add_argument("--builds", type=int, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = copy_tree(Path(folder, "project"), network="tiny.onnx", board="mps2_an500")
        write_tiny_model(project.path("tiny.onnx"))
        project.build("-j1")
        check_builds(project, built_files(project), arguments.builds)
    print(f"{arguments.builds} builds with eight jobs, the bytes of one with a single job")


if __name__ == "__main__":
    run_cli("parallel", main)
