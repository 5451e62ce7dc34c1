"""What two networks add to a host's build that has nothing to do: part of `scons bench-build`.

`python -m tests.embed.bench` prints this part alone.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests.embed.hosts import Host, make_host
from tests.graph.project import REPOSITORY, SCONS

BUDGET = 0.5  # seconds
TIMES = 7
# Example, commands before the first build, the build, and its file without the networks.
HOSTS = {
    "scons": (
        (),
        (SCONS, "-Q"),
        ("SConstruct", 'DefaultEnvironment(tools=[])\nEnvironment().Program("empty", "empty.c")\n'),
    ),
    "cmake/live": (
        ("cmake", "-G", "Ninja", "-B", "b"),
        ("ninja", "-C", "b"),
        (
            "CMakeLists.txt",
            "cmake_minimum_required(VERSION 3.20)\nproject(empty LANGUAGES C)\n"
            "add_executable(empty empty.c)\n",
        ),
    ),
    "make/live": ((), ("make",), ("Makefile", "empty: empty.c\n\tcc -o $@ $^\n")),
}


def null_build(host: Host, configure: tuple[str, ...], build: tuple[str, ...]) -> float:
    """Median seconds of a build that finds everything done."""
    if configure:
        host.build(*configure)
    host.build(*build)
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        host.build(*build)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def print_hosts(folder: Path) -> None:
    """Measure in `folder` and print a table."""
    print(f"{'host, nothing to do':<30} {'alone':>8} {'with 2':>7}  budget")
    for example, (configure, build, (script, text)) in HOSTS.items():
        name = example.partition("/")[0]
        host = make_host(folder / name, example, {"vendor/nn2flash": REPOSITORY})
        alone = Host(folder / f"{name} alone")
        alone.root.mkdir()
        (alone.root / script).write_text(text)
        (alone.root / "empty.c").write_text("int main(void) { return 0; }\n")
        without, both = (null_build(h, configure, build) for h in (alone, host))
        verdict = "within" if both - without <= BUDGET else "OVER"
        print(
            f"{name:<30} {without:>8.2f} {both:>7.2f}"
            f"  {both - without:.2f} s for two networks: {verdict} {BUDGET} s"
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print_hosts(Path(temporary))
