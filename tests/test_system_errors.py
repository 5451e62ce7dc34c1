"""What the operating system refuses names the thing and a remedy, whatever command meets it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support import system_errors
from support.errors import run_cli
from support.files import atomic_path
from tests.codegen.models import two_layers

REPOSITORY = Path(__file__).resolve().parents[1]
ACCESS = "give this user access to it (ls -ld tells who has it), or give another"
# Root reads and writes everything, but for what it has given up.
AS_A_USER = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
# Commands and the option whose file cannot be read: networks, arrays, JSON, programs, texts.
READING = {
    "a network": ("nn2flash", "analyze", "FILE"),
    "a network to quantize": ("nn2flash", "quantize", "FILE", "--calibration", "x.npz"),
    "inputs": ("nn2flash", "analyze", "net.onnx", "--calibration", "FILE"),
    "inputs of the reference": (
        "codegen",
        "reference",
        "--model",
        "net.onnx",
        "--inputs",
        "FILE",
        "--out",
        "o.npz",
    ),
    "outputs of the reference": ("codegen", "expected", "--reference", "FILE", "--out", "o.json"),
    "a file of the build": ("codegen", "builds", "FILE"),
    "layers": ("model", "layers", "--cut", "FILE", "--npz", "l.npz", "--out", "o.json"),
    "a program": ("device", "size", "--elf", "FILE", "--memories", "m.json"),
    "a board": ("device", "memories", "--board", "FILE", "--out", "o.json"),
}

WEIGHTS = ("--out", "w.pt")
PARTS = tuple(
    word
    for name in ("history", "calibration", "validation", "test")
    for word in (f"--{name}", f"{name}.npz")
)


def python(*words: str | Path, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `python -m` with these words, in a shell that did something `before`."""
    here, *rest = words
    line = f'{before}exec "$0" -m "$@"'
    program = [*AS_A_USER, "sh", "-c", line, sys.executable, *map(str, rest)]
    return subprocess.run(
        program,
        cwd=here,
        # Python keeps the half of a compiled module that a limit let it write, for all who come.
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.sample(4)
@pytest.mark.parametrize("what", READING)
def test_a_file_that_this_user_may_not_read(what: str, tmp_path: Path) -> None:
    """Some took it for a damaged one, and said to make it again."""
    assert shutil.which(AS_A_USER[0]), "setpriv (util-linux) is not installed"
    two_layers().save(tmp_path / "net.onnx")
    if what == "a program":
        board = REPOSITORY / "firmware" / "boards" / "host" / "board.toml"
        assert (
            python(tmp_path, "device", "memories", "--board", board, "--out", "m.json").stdout == ""
        )
    given = tmp_path / "given"
    given.write_bytes(b"whatever")
    given.chmod(0)
    done = python(tmp_path, *(str(given) if w == "FILE" else w for w in READING[what]))
    assert done.returncode == 1 and done.stdout == ""
    message, remedy = done.stderr.splitlines()
    assert message.endswith(f": error: {given}: Permission denied")
    assert remedy == f"  remedy: {ACCESS}"


@pytest.mark.sample(1)
@pytest.mark.parametrize("what", ["a module", "weights", "weights to export", "a place for them"])
def test_a_link_to_itself(what: str, tmp_path: Path) -> None:
    """Python before 3.13 raises what is no error of the system's."""
    link, module = tmp_path / "link.py", tmp_path / "net.py"
    link.symlink_to(link)
    module.write_text("")
    export = ("export", "--module", module)
    words: dict[str, tuple[str | Path, ...]] = {
        "a module": ("train", "--module", link, *WEIGHTS, *PARTS),
        "weights": (*export, "--weights", link, "--out", "o.onnx"),
        "weights to export": ("export", "--module", link, "--weights", module, "--out", "o.onnx"),
        "a place for them": ("train", "--module", module, "--out", link, *PARTS),
    }
    done = python(tmp_path, "model", *words[what])
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "  remedy: " in done.stderr
    assert what == "a place for them" or f"{link}: Too many levels" in done.stderr


def test_a_module_that_nobody_writes(tmp_path: Path) -> None:
    """A pipe was waited for."""
    os.mkfifo(pipe := tmp_path / "net.py")
    done = python(tmp_path, "model", "train", "--module", pipe, *WEIGHTS, *PARTS)
    assert done.returncode == 1 and done.stderr.endswith(
        f"python -m model: error: {pipe}: not a file\n  remedy: give the path of a Python file\n"
    )


def test_a_file_that_may_not_become_so_large(tmp_path: Path) -> None:
    """As on a full disk, writing itself names no file; the one that was to be made is told."""
    two_layers().save(tmp_path / "net.onnx")
    page, generate = ("--html", "page.html"), ("--out-dir", "made")
    elsewhere = "set TMPDIR to a folder on another disk"
    for verb, words, named, other in (
        ("analyze", page, "page.html", "give a place on another disk"),
        ("generate", generate, tempfile.gettempdir(), elsewhere),
    ):
        done = python(tmp_path, "nn2flash", verb, "net.onnx", *words, before="ulimit -f 1; ")
        assert done.returncode == 1 and [p.name for p in tmp_path.iterdir()] == ["net.onnx"]
        assert done.stderr == (
            f"nn2flash: error: {named}: File too large\n  remedy: allow larger files"
            f" (ulimit -f unlimited), or {other}\n"
        )


def test_memory_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        run_cli("nn2flash", lambda: len(bytearray(1 << 60)))
    message, remedy = capsys.readouterr().err.splitlines()
    assert message == "nn2flash: error: there is not enough memory"
    assert remedy.startswith("  remedy: end other programs")


@pytest.mark.parametrize("code", sorted(errno.errorcode))
def test_each_error_has_a_remedy_and_its_file(
    code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    if code in (errno.EPIPE, errno.ESHUTDOWN):  # nobody reads: nobody is told
        return

    def fails() -> None:
        raise OSError(code, os.strerror(code), "the/file")

    with pytest.raises(SystemExit, match="1"):
        run_cli("nn2flash", fails)
    message, remedy = capsys.readouterr().err.splitlines()
    assert message == f"nn2flash: error: the/file: {os.strerror(code)}"
    assert remedy.startswith("  remedy: ") and "[Errno" not in remedy


def test_the_name_is_that_of_the_file_to_be_made(tmp_path: Path) -> None:
    """Not that of the temporary one, which is gone, nor of another one that could not be read."""
    made = tmp_path / "made.bin"
    with pytest.raises(OSError, match="No space") as full, atomic_path(made):
        raise OSError(errno.ENOSPC, "No space")
    with pytest.raises(OSError, match="No space") as renamed, atomic_path(made) as temporary:
        raise OSError(errno.ENOSPC, "No space", str(temporary), None, "elsewhere")
    with pytest.raises(OSError, match="No such") as other, atomic_path(made):
        raise OSError(errno.ENOENT, "No such", "other.bin")
    assert [system_errors.message(e.value) for e in (full, renamed, other)] == [
        f"{made}: No space",
        f"{made}: No space",
        "other.bin: No such",
    ]
    assert not list(tmp_path.iterdir())


def test_what_is_renamed_is_named_as_it_was_to_be(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as error:
        Path(tmp_path / ".tmp-1").rename(tmp_path / "made")
    assert system_errors.line(error.value) == (
        f"{tmp_path / 'made'}: No such file or directory:"
        " see whether its path is right (ls tells what there is)"
    )
    named = OSError(errno.EISDIR, "Is a directory", b"bad\xff")
    assert system_errors.message(named) == "bad\udcff: Is a directory"
    assert system_errors.message(OSError("no number")) == "no number"
