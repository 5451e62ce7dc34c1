"""Templates that stay compiled between runs: the same bytes come out, whatever became of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import jinja2
import pytest

from codegen import render as rendering
from codegen.render import environment, render
from support.places import ROOT, cache_folder

CONTEXT = {"net": {"generator": "1", "origin": "a.onnx", "model_hash": "2"}}
EDITED = "provenance.j2"


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two templates, one of them includes the other, and nothing kept of them yet."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / EDITED).write_text("made by {{ net.generator }} of {{ 'a*/b' | comment }}\n")
    (folder / "whole.txt.j2").write_text('{% include "provenance.j2" %}\nof {{ net.origin }}\n')
    monkeypatch.setattr(rendering, "TEMPLATES", folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return folder


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """No test has templates of another one's."""
    forget()
    yield
    forget()


def forget() -> None:
    """What a new process knows of templates: nothing."""
    environment.cache_clear()
    rendering._compiler.cache_clear()


def whole() -> str:
    """What a new process renders."""
    forget()
    return render("whole.txt.j2", CONTEXT)


def kept() -> list[Path]:
    """The files that are kept."""
    folder = cache_folder()
    assert folder
    return sorted((folder / "templates").iterdir())


def refuse(*_: object, **__: object) -> NoReturn:
    """In place of Jinja2's compiler."""
    raise AssertionError("a template was compiled")


def test_the_next_run_compiles_nothing(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = whole()
    assert first == "made by 1 of a* /b\nof a.onnx\n"
    assert len(kept()) == 2
    monkeypatch.setattr(jinja2.Environment, "compile", refuse)
    assert whole() == first


def test_an_edited_template_counts_at_once(templates: Path) -> None:
    """Of the same size, time and name: only the text tells."""
    whole()
    edited = templates / EDITED
    before = edited.stat()
    edited.write_text(edited.read_text().replace("made by", "MADE BY"))
    os.utime(edited, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert whole() == "MADE BY 1 of a* /b\nof a.onnx\n"
    assert len(kept()) == 2


def other_jinja(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Another version of Jinja2."""
    monkeypatch.setattr(jinja2, "__version__", "999")


def other_filters(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """An edited render.py: a filter that is applied to a constant is part of the code."""
    edited = folder / "render.py"
    edited.write_text(Path(rendering.__file__).read_text() + "# edited\n")
    monkeypatch.setattr(rendering, "__file__", str(edited))


def other_python(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Another version of Python."""
    monkeypatch.setattr("importlib.util.MAGIC_NUMBER", b"1234")


@pytest.mark.parametrize("other", [other_jinja, other_filters, other_python])
def test_another_compiler_compiles_anew(
    other: Callable[[pytest.MonkeyPatch, Path], None],
    templates: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole()
    other(monkeypatch, tmp_path)
    monkeypatch.setattr(jinja2.Environment, "compile", refuse)
    with pytest.raises(AssertionError, match="was compiled"):
        whole()


def test_saboteur_damaged_bytecode_is_made_again(templates: Path) -> None:
    """A bit of every third byte, a part of the file, nothing, another template's."""
    first = whole()
    path, other = kept()
    good = path.read_bytes()
    flipped = [
        good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :]
        for at in range(0, len(good), 3)
    ]
    for damaged in (*flipped, b"", good[:20], good[:-1], good + b"\0", other.read_bytes()):
        path.write_bytes(damaged)
        assert whole() == first
        assert path.read_bytes() == good


@pytest.mark.parametrize("place", ["a file", "below a file", "a folder for a file", "read-only"])
def test_where_nothing_can_be_kept_the_same_comes_out(
    place: str, templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    if place == "a folder for a file":
        for name in ("whole.txt.j2.bin", f"{EDITED}.bin"):
            (cache / "nn2flash" / "templates" / name).mkdir(parents=True)
    elif place == "read-only":
        (cache / "nn2flash").mkdir(parents=True, mode=0o555)
    else:
        cache.touch()
        if place == "below a file":
            monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "below"))
    assert whole() == "made by 1 of a* /b\nof a.onnx\n"


def test_who_wants_no_bytecode_gets_none(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    whole()
    assert not (tmp_path / "cache").exists()


def test_a_relative_folder_leaves_nothing_where_one_stands(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(templates)
    whole()
    assert sorted(path.name for path in templates.iterdir()) == [EDITED, "whole.txt.j2"]
    assert kept()[0].is_relative_to(tmp_path / "home" / ".cache")


def test_errors_name_the_template_that_was_rendered(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not the copy that was compiled, of another folder, which is gone."""
    whole()
    shutil.move(templates, tmp_path / "moved")
    monkeypatch.setattr(rendering, "TEMPLATES", tmp_path / "moved")
    monkeypatch.setattr(jinja2.Environment, "compile", refuse)
    forget()
    with pytest.raises(TypeError) as error:
        render("whole.txt.j2", {"net": types.SimpleNamespace(generator=Breaks())})
    names = {str(entry.path) for entry in error.traceback}
    assert str(tmp_path / "moved" / EDITED) in names
    assert not [name for name in names if name.startswith(str(templates))]


class Breaks:
    """What cannot be written as text."""

    def __str__(self) -> str:
        raise TypeError("no text")


def test_runs_at_the_same_time_do_not_meet(tmp_path: Path) -> None:
    """None sees half a file of another's, and no temporary file stays."""
    model = ROOT / "tests" / "fixtures" / "guide_int8.onnx"
    surroundings = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
    words = [sys.executable, "-m", "codegen", "generate", "--kernels", "portable"]
    running = [
        subprocess.Popen(
            [*words, "--model", str(model), "--out-dir", str(tmp_path / name)],
            cwd=ROOT,
            env={**surroundings, "PYTHONPYCACHEPREFIX": str(tmp_path / "pycache")},
        )
        for name in ("a", "b", "c")
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    made = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("a", "b", "c")
    ]
    assert made[0] == made[1] == made[2]
    kept = [path.name for path in (tmp_path / "cache" / "nn2flash" / "templates").iterdir()]
    assert kept and all(name.endswith(".j2.bin") for name in kept)
