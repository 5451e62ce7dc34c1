"""Killing builds at random points: the next `scons` ends right, with the undisturbed build's bytes.

`python -m tests.graph.kills --kills 200 --data DIR` is the full campaign of `scons soak`.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from support.errors import run_cli
from support.progress import Progress
from support.removal import remove_temporary_folder
from tests.graph.project import BOOKKEEPING, SHOWN, Project, copy_tree, files_below
from tests.graph.tiny_model import write_tiny_model


def built_files(project: Project) -> dict[str, bytes]:
    """Everything built, without what the build keeps for itself."""
    files = files_below(project.path("build"))
    return {name: data for name, data in files.items() if name not in BOOKKEEPING}


@dataclass
class Victim:
    """A project whose builds are killed.

    Attributes:
        undisturbed: what its folder holds after a build that nobody killed.
        seconds: how long that build took.
        changes: variables, one of which is changed for a killed build and back for the next.
    """

    project: Project
    undisturbed: dict[str, bytes]
    seconds: float
    changes: dict[str, str]

    @classmethod
    def of(cls, project: Project, changes: dict[str, str]) -> Victim:
        """Build it once, undisturbed."""
        start = time.monotonic()
        project.build()
        return cls(project, built_files(project), time.monotonic() - start, changes)


def kill_build(project: Project, after: float, how: signal.Signals, **variables: str) -> str:
    """Start a build, kill its whole process group later; returns the last command it showed."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            project.command(**variables),
            cwd=project.root,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, how)
        process.wait()
        # Commands of an interrupted build may still be ending.
        for _ in range(200):
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                break
            time.sleep(0.05)
        output.seek(0)
        shown = SHOWN.findall(output.read())
    return shown[-1][0] if shown else "reading"


def attack(victim: Victim, rng: random.Random) -> str:
    """One kill and the next build, which must be right.

    Returns:
        The signal and the command that was running.

    Raises:
        AssertionError: the next build failed, or left other bytes, or was not the last.
    """
    project = victim.project
    variables: dict[str, str] = {}
    start = rng.choice(("from clean", "cleaned", "changed and back"))
    if start == "from clean":
        remove_temporary_folder(project.path("build"))
    elif start == "cleaned":
        project.build("-c")
    else:
        key = rng.choice(sorted(victim.changes))
        variables = {key: victim.changes[key]}
    how = rng.choice((signal.SIGINT, signal.SIGKILL))
    stage = kill_build(project, rng.uniform(0.15, 1.1 * victim.seconds), how, **variables)
    where = f"{how.name} {start}, in {stage}"
    run = project.scons(f"-j{rng.randint(1, 8)}")
    assert run.status == 0, f"{where}: {run.output}"
    now = built_files(project)
    # The clean-up knows what this run's variables make, so another run's files may stay.
    different = [name for name, data in victim.undisturbed.items() if now.get(name) != data]
    assert not different, f"{where}: {different}"
    left = [name for name in now if Path(name).name.startswith(".tmp-")]
    assert not left, f"{where}: {left}"
    assert not project.build().commands, f"{where}: the run after it was not up to date"
    return f"{how.name} {stage}"


def campaign(victim: Victim, kills: int, seed: int) -> Counter[str]:
    """Attack a victim many times; how often in which command, by signal."""
    rng = random.Random(seed)
    progress = Progress(f"kills of {victim.project.root.name}", kills)
    found: Counter[str] = Counter()
    for _ in range(kills):
        found[attack(victim, rng)] += 1
        progress.advance()
    progress.finish()
    return found


def main() -> None:
    """One kill in ten on a build that trains, which takes long; the others on a given network."""
    parser = argparse.ArgumentParser(prog="python -m tests.graph.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    arguments = parser.parse_args()
    changes = {"subset_seed": "7", "subset_size": "9", "name": "other", "board": "host"}
    with tempfile.TemporaryDirectory() as folder:
        given = copy_tree(Path(folder, "given"), network="tiny.onnx", board="mps2_an500")
        write_tiny_model(given.path("tiny.onnx"))
        trained = copy_tree(
            Path(folder, "trained"),
            data_dir=str(arguments.data.resolve()),
            recipe="guide",
            epochs="1",
            board="mps2_an500",
        )
        training = max(1, arguments.kills // 10)
        found = campaign(Victim.of(trained, {**changes, "seed": "1"}), training, arguments.seed)
        rest = arguments.kills - training
        found += campaign(Victim.of(given, changes), rest, arguments.seed)
    for name in ("SIGINT", "SIGKILL"):
        counts = {k.split()[1]: n for k, n in sorted(found.items()) if k.startswith(name)}
        told = ", ".join(f"{stage} {count}" for stage, count in counts.items())
        print(f"{name}: {sum(counts.values())}" + (f" ({told})" if told else ""))
    print(f"{found.total()} kills, every next build right")


if __name__ == "__main__":
    run_cli("kills", main)
