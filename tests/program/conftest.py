"""The program as users have it: built as a wheel, installed into an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nn2flash.wheel import backend

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURES = REPOSITORY / "tests" / "fixtures"
# Packages that other people may well have; none of ours may stand for them, or need to.
OTHERS = ("codegen", "device", "model", "support", "target")


def _run(command: list[str | Path], where: Path) -> subprocess.CompletedProcess[str]:
    """Run a command; no variable says where packages are, as `scons test` has it."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=where, env=variables, capture_output=True, text=True, check=False
    )


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it.

    Attributes:
        wheel: the file.
        packages: where it is installed.
        python, program: what runs it.
    """

    wheel: Path
    packages: Path
    python: Path
    program: Path

    def run(self, *words: str | Path, where: Path) -> subprocess.CompletedProcess[str]:
        """Run `nn2flash WORD…` in a folder."""
        return _run([self.program, *words], where)

    def python_runs(self, *words: str | Path, where: Path) -> subprocess.CompletedProcess[str]:
        """Run `python WORD…` in a folder."""
        return _run([self.python, *words], where)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel beside the packages of this environment, none of which is downloaded again."""
    folder = tmp_path_factory.mktemp("installed")
    wheel = folder / backend.build_wheel(str(folder))
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    words = ["--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([*pip, *words], check=True)
    (packages,) = folder.glob("venv/lib/python*/site-packages")
    for name in OTHERS:
        (packages / name).mkdir()
        (packages / name / "__init__.py").write_text(f"raise ImportError('not our {name}')\n")
    (packages / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(wheel, packages, python, python.with_name("nn2flash"))


def from_sources(*words: str | Path, where: Path) -> subprocess.CompletedProcess[str]:
    """Run `nn2flash WORD…` of the repository in a folder."""
    program = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from nn2flash import __main__"
    return subprocess.run(
        [sys.executable, "-c", f"{program}; __main__.main()", *map(str, words)],
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def runtime_cache(shared_dir: Path) -> Iterator[None]:
    """A cache of the tests' own for the compiled runtime, which all workers share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(shared_dir / "cache-of-programs"))
        yield
