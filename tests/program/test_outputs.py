"""Where output is written: never over what the user has, and refused before anything is made."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from model.cli import main as model_main
from nn2flash.cli import main
from support.errors import UserError, run_cli
from tests.codegen.models import two_layers
from tests.graph.test_float_network import write_float
from tests.program.conftest import REPOSITORY

QUANTIZE = ("quantize", "f.onnx", "--calibration", "x.npz")
VALIDATION = ("--validation", "v.npz")
ANALYZE = ("analyze", "net.onnx")
MINE, LINK, READ = "was not written by nn2flash", "is a link", "is what is to be read"
# Command, and what its last word, the file to write, is refused for.
REFUSED = {
    "report over the calibration": ((*QUANTIZE, "--report", "x.npz"), READ),
    "report over the validation": ((*QUANTIZE, *VALIDATION, "--report", "v.npz"), READ),
    "report over the model": ((*QUANTIZE, "--report", "f.onnx"), READ),
    "report over the model by another name": ((*QUANTIZE, "--report", "same.onnx"), READ),
    "report over the model by a link": ((*QUANTIZE, "--report", "link.onnx"), READ),
    "network over the model": ((*QUANTIZE, "--out", "f.onnx"), READ),
    "both into one file": ((*QUANTIZE, "--out", "o.onnx", "--report", "o.onnx"), "written twice"),
    "both by two paths": ((*QUANTIZE, "--out", "o.onnx", "--report", "sub/../o.onnx"), "twice"),
    "report over a page": ((*QUANTIZE, "--report", "thesis.html"), MINE),
    "report over data": ((*QUANTIZE, "--report", "data.json"), MINE),
    "report over a link": ((*QUANTIZE, "--report", "link.html"), LINK),
    "network over a pipe": ((*QUANTIZE, "--out", "pipe"), "is a pipe"),
    "page over the model": ((*ANALYZE, "--html", "net.onnx"), READ),
    "page over a page": ((*ANALYZE, "--html", "thesis.html"), MINE),
    "page over a link": ((*ANALYZE, "--html", "link.html"), LINK),
    "page over a link to nothing": ((*ANALYZE, "--html", "nowhere"), LINK),
    "page over a pipe": ((*ANALYZE, "--html", "pipe"), "is a pipe"),
    "page over a device": ((*ANALYZE, "--html", "device"), "is a device"),
    "page over a folder": ((*ANALYZE, "--html", "."), "is a folder"),
    "page without a name": ((*ANALYZE, "--html", ""), "is a folder"),
    "page below a file": (
        (*ANALYZE, "--html", "thesis.html/page.html"),
        "thesis.html is no folder",
    ),
    "page with a long name": ((*ANALYZE, "--html", "n" * 300), "File name too long"),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with networks, inputs and what a user may have there; it is the current one."""
    monkeypatch.chdir(tmp_path)
    write_float(tmp_path)
    shutil.copy("x.npz", "v.npz")
    two_layers().save(tmp_path / "net.onnx")
    os.link("f.onnx", "same.onnx")
    Path("link.onnx").symlink_to("f.onnx")
    Path("thesis.html").write_text("<!DOCTYPE html><title>Mine</title>")
    Path("data.json").write_text('{"calibration": {}}')
    Path("link.html").symlink_to("thesis.html")
    Path("nowhere").symlink_to("none")
    Path("sub").mkdir()
    os.mkfifo("pipe")
    try:
        os.mknod("device", stat.S_IFCHR | 0o666, os.makedev(1, 3))  # as /dev/null
    except PermissionError:  # only root may
        Path("device").symlink_to("/dev/null")
    return tmp_path


def everything(folder: Path) -> dict[str, object]:
    """What lies there: the mode of each, a link's goal, a file's bytes."""
    found: dict[str, object] = {}
    for path in sorted(folder.iterdir()):
        mode = path.lstat().st_mode
        content = path.read_bytes() if stat.S_ISREG(mode) else b""
        found[path.name] = (mode, path.readlink() if path.is_symlink() else content)
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_saboteur_what_a_user_has_stays(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, reason = REFUSED[name]
    if name == "page over a device" and (here / "device").is_symlink():
        reason = LINK
    before = everything(here)
    with pytest.raises(SystemExit, match="1"):
        run_cli("nn2flash", lambda: main(words))
    shown = capsys.readouterr()
    assert everything(here) == before
    assert shown.out == "", "it was refused before the work"
    message, remedy = shown.err.splitlines()
    assert message.startswith(f"nn2flash: error: {Path(words[-1])}: ") and reason in message
    assert remedy.endswith(f"name another file: {words[-2]}")


def test_what_it_wrote_is_replaced(here: Path) -> None:
    words = (*QUANTIZE, "--out", "o.onnx", "--report", "o.json")
    page = (*ANALYZE, "--html", "new/page.html")
    for command, files in ((words, ("o.onnx", "o.json")), (page, ("new/page.html",))):
        assert not main(command)
        first = [Path(file).read_bytes() for file in files]
        for file in files:
            os.utime(file, (0, 0))
        assert not main(command)
        assert [Path(file).read_bytes() for file in files] == first
        assert all(Path(file).stat().st_mtime > 0 for file in files)


def test_an_empty_file_is_nobodys(here: Path) -> None:
    """As mktemp makes one."""
    Path("page.html").touch()
    assert not main((*ANALYZE, "--html", "page.html"))
    assert Path("page.html").stat().st_size


def test_a_folder_that_may_not_be_written(here: Path) -> None:
    """Root writes everywhere, but for what it has given up."""
    program = shutil.which("setpriv")
    assert program, "setpriv (util-linux) is not installed"
    Path("sub").chmod(0o555)
    page = here / "sub" / "deeper" / "page.html"
    drop = [program, "--bounding-set=-dac_override"]
    done = subprocess.run(
        [*drop, sys.executable, "-m", "nn2flash", "analyze", here / "net.onnx", "--html", page],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"nn2flash: error: {page}: nothing can be written in {here / 'sub'}\n"
        "  remedy: name another file: --html\n"
    )


def test_saboteur_sources_and_packages_take_the_place_of_no_link(here: Path) -> None:
    """Not even to what was generated before, elsewhere."""
    assert not main(["package", "net.onnx", "--out-dir", "lib"])
    assert not main(["generate", "net.onnx", "--out-dir", "out"])
    for folder, name in (("lib", "README.md"), ("out", "network.c")):
        path = Path(folder, name)
        before = path.rename(f"{folder}.before").read_bytes()
        path.symlink_to(Path("..", f"{folder}.before"))
        verb = "package" if folder == "lib" else "generate"
        with pytest.raises(UserError, match="is not overwritten"):
            main([verb, "net.onnx", "--out-dir", folder])
        assert path.is_symlink() and path.read_bytes() == before


@pytest.mark.parametrize(("out", "report"), [("f.onnx", "r.json"), ("o", "x.npz"), ("o", "o")])
def test_saboteur_the_builds_quantize(out: str, report: str, here: Path) -> None:
    before = everything(here)
    words = ("quantize", "--onnx", "f.onnx", "--calibration", "x.npz")
    with pytest.raises(UserError, match=r"is what is to be read|is to be written twice"):
        model_main([*words, "--out", out, "--report", report])
    assert everything(here) == before
