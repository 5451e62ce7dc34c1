"""Objects that tests share are those of the sources as they are now."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.codegen.shared_objects import compiled_once


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A source and a header, whose names and contents no other test has."""
    root = tmp_path / "sources"
    root.mkdir()
    (root / "a.c").write_text(f"// {tmp_path}\n")
    (root / "a.h").write_text("")
    return root


def made(root: Path, *options: str) -> tuple[Path, bool]:
    """The folder of objects, and whether this call compiled."""
    compiled = []

    def compile_into(folder: Path) -> None:
        folder.mkdir()
        (folder / "a.o").write_bytes((root / "a.h").read_bytes())
        compiled.append(folder)

    return compiled_once(["cc", *options], root, root.iterdir(), compile_into), bool(compiled)


def test_compiled_once_wherever_the_sources_are(sources: Path, tmp_path: Path) -> None:
    folder, compiled = made(sources)
    assert compiled and [path.name for path in folder.iterdir()] == ["a.o"]
    assert made(sources) == (folder, False)
    assert made(shutil.copytree(sources, tmp_path / "copy")) == (folder, False)


def test_anything_else_is_compiled_anew(sources: Path) -> None:
    folders = {made(sources)[0], made(sources, "-O1")[0], made(sources, "-O", "1")[0]}
    (sources / "a.h").write_text("int edited;\n")
    folder, compiled = made(sources)
    assert compiled and (folder / "a.o").read_bytes() == b"int edited;\n"
    (sources / "a.h").rename(sources / "b.h")
    (sources / "a.h").write_text("")
    assert len(folders | {folder, made(sources)[0]}) == 5


def test_what_failed_half_way_is_not_taken(sources: Path) -> None:
    def fail(folder: Path) -> None:
        folder.mkdir()
        (folder / "a.o").write_bytes(b"half")
        raise AssertionError("no such header")

    with pytest.raises(AssertionError, match="no such header"):
        compiled_once(["cc"], sources, sources.iterdir(), fail)
    folder, compiled = made(sources)
    assert compiled and (folder / "a.o").read_bytes() == b""
