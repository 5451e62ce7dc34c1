"""The cache of built files, in a build of two files that a host makes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.graph.project import NEWEST_SCONS, REPOSITORY, SCONS

SCRIPT = """
env = Environment(tools=["build_cache"], toolpath=[{tools!r}])
CacheDir("cache")
made = env.Command(["first", "second"], "source", Copy("$TARGET", "$SOURCE") + [Touch("second")])
NoCache(made[int(ARGUMENTS["apart"]):])
"""


@pytest.mark.parametrize("program", sorted({SCONS, NEWEST_SCONS}))
def test_a_command_with_a_file_that_is_not_cached_runs(program: str, tmp_path: Path) -> None:
    """Nothing is fetched for it, though an earlier build had cached all of its files."""
    tools = str(REPOSITORY / "site_scons" / "site_tools")
    (tmp_path / "SConstruct").write_text(SCRIPT.format(tools=tools))
    (tmp_path / "source").write_text("1")

    def build(apart: int) -> str:
        for name in ("first", "second"):
            (tmp_path / name).unlink(missing_ok=True)
        words = [program, "-Q", f"apart={apart}"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert not list(tmp_path.glob(".tmp-*"))
        return done.stdout

    assert "Copy(" in build(2)
    restored = build(2)
    assert restored.count("Retrieved") == 2 and "Copy(" not in restored
    made = build(1)
    assert "Copy(" in made and "Retrieved" not in made
