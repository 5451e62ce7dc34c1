"""Fixtures that several packages' tests share."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from support.data_sets import SETS
from tests import costs
from tests.codegen import shared_objects
from tests.saboteur import listed
from tests.sampled import left_out

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
REPOSITORY = Path(__file__).resolve().parent.parent
# Folders and files below tests/ that take half a minute or more.
LONG = (
    "graph/",
    "xcube/",
    "mutation/",
    "embed/",
    "hosts/",
    "test_lint.py",
    "examples/",
    "model/",
    "ops/test_conv",
    "zoo/",
    "demo/test_page.py",
    "board_h750/",
)
_internal_errors: list[str] = []
# No test measures time: a busy machine is no failure.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
# Started in the background, a shell has programs ignore Ctrl-C, and theirs inherit that; some tests
# are about Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has it ignored


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of shared objects before workers begin: they inherit it."""
    shared_objects.folder()


def pytest_report_header(config: pytest.Config) -> str:
    """Say whether all tests run."""
    if costs.everything() or not _whole(config):
        return "costly tests: all that are asked for"
    commit = costs.commit()[:12] or "none"
    return f"costly tests: a sample, by commit {commit}; all of them: scons soak --only cases"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keep what a test takes, where that is asked for."""
    before = costs.used()
    try:
        return (yield)
    finally:
        costs.note(item.nodeid, costs.used() - before)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage, and leave out later what was collected: it stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_internalerror(excrepr: object) -> None:
    """Keep what ended the session."""
    _internal_errors.append(str(excrepr))


def pytest_unconfigure() -> None:
    """Say the first one again: often only the end of a log is kept, and further ones follow."""
    if _internal_errors:
        print(f"the session's first internal error:\n{_internal_errors[0]}", file=sys.stderr)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the saboteur's tests, before `-k` looks; long modules first: no process is left with
    one of them when the others have ended. Samples are of whole runs: what is asked for by its name
    or a word runs."""
    asked = any("::" in word for word in config.args) or config.option.keyword
    if not asked:
        _leave_out(config, items, left_out(items))
    if not costs.everything() and _whole(config):
        names = {item: item.nodeid for item in items}
        _leave_out(config, items, costs.left_out(names, costs.known(), costs.commit()))
    for item in items:
        if listed(_below_tests(item), getattr(item, "originalname", item.name)):
            item.add_marker(pytest.mark.saboteur)
    items.sort(key=lambda item: not _below_tests(item).startswith(LONG))


def _leave_out(config: pytest.Config, items: list[pytest.Item], beyond: set[pytest.Item]) -> None:
    if beyond:
        config.hook.pytest_deselected(items=[item for item in items if item in beyond])
        items[:] = [item for item in items if item not in beyond]


def _whole(config: pytest.Config) -> bool:
    """Whether all tests are asked for, not some by name, word, mark or folder."""
    folders = {(config.invocation_params.dir / word).resolve() for word in config.args}
    wanted = config.option.keyword or config.option.markexpr
    return not wanted and folders == {Path(__file__).resolve().parent}


def _below_tests(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0].removeprefix("tests/")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file at `path`, against other processes."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _obtain(name: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Run the dataset command: it checks the files below `data` and fetches missing ones."""
    command = [sys.executable, "-m", "model", "dataset", "--set", name, "--data", str(data)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def _data_with(name: str, shared_dir: Path) -> Path:
    """A folder with the verified files of a set; `build/data` if it is whole there, else fetched
    once per session."""
    built, facts = REPOSITORY / "build" / "data", SETS[name]
    with _locked(shared_dir / f"{name}.lock"):
        whole = all((built / facts.folder / file.name).is_file() for file in facts.files)
        if whole and _obtain(name, built).returncode == 0:
            return built
        data = shared_dir / "data"
        result = _obtain(name, data)
    assert result.returncode == 0, result.stderr
    return data


@contextmanager
def _in_place() -> Iterator[None]:
    """Leave the process where it was: a network's module that is loaded takes it elsewhere, to a
    folder that may be removed."""
    here, path = Path.cwd(), sys.path[:]
    yield
    os.chdir(here)
    sys.path[:] = path


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
    """Set up what several tests share without its taking them elsewhere: such fixtures come before
    the first of them, and before `same_folder`."""
    if fixturedef.scope == "function":
        return (yield)
    with _in_place():
        return (yield)


@pytest.fixture(autouse=True)
def same_folder() -> Iterator[None]:
    """See that what a test itself does to the process ends with it."""
    with _in_place():
        yield


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test session that all of pytest-xdist's workers share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def mnist_dir(shared_dir: Path) -> Path:
    """A folder with MNIST's verified raw files in `MNIST/raw`; read only."""
    return _data_with("mnist", shared_dir)


@pytest.fixture(scope="session")
def motions_dir(shared_dir: Path) -> Path:
    """A folder with the verified files of BasicMotions; read only."""
    return _data_with("basic_motions", shared_dir)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window; one for all: Playwright starts once a process."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path, "chromium is not installed: ./bootstrap scons test"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        yield launched
        launched.close()
