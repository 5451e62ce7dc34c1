"""What the build keeps for itself is files: a pipe, a folder or a link in their place is told."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.graph.project import Project
from tests.sampled import sampled

KEPT = (".nn2flash", ".nn2flash.hashes", ".nn2flash.lock", ".sconsign.dblite")
PATIENCE = 120


NOT_KEPT = ("network/network.c", "mps2_an500/obj/firmware/app/console.o", "../custom.py")


@pytest.mark.parametrize(
    "name",
    sampled([*KEPT, *(f"{name}.tmp" for name in KEPT if "lock" not in name), *NOT_KEPT], 4),
)
def test_saboteur_a_pipe_in_the_place_of_a_record(name: str, project: Project) -> None:
    """Reading or writing one would wait for ever."""
    path = project.path(f"build/{name}")
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    project.replace("firmware/app/console.c", "#include", "/* edited */\n#include")
    done = subprocess.run(
        project.command(),
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        (line,) = done.stderr.splitlines()
        assert line.startswith("scons: error: ") and path.name in line and "remove it" in line
        path.unlink()
    assert "Traceback" not in done.stderr
    project.build()
    assert not project.build().commands


def test_a_private_folder_of_a_killed_run_goes_with_the_next(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are in use, another's, or not of a run stay."""
    place = project.root.parent / "temporary"
    monkeypatch.setenv("TMPDIR", str(place))
    left, used, other = (place / f"nn2flash-run-{name}" for name in ("left", "used", "other"))
    for folder in (left, used, other):
        folder.mkdir(parents=True)
        (folder / "0").mkdir()
        (folder / "0" / "firmware.elf").write_bytes(b"a copy")
    (left / ".in-use").touch()
    with (used / ".in-use").open("w") as lock:
        subprocess.run(["flock", "-x", str(lock.fileno())], pass_fds=[lock.fileno()], check=True)
        project.build("sim")
    assert sorted(place.iterdir()) == sorted([used, other])
