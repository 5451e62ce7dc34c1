"""Zips that no honest tool makes."""

from __future__ import annotations

import contextlib
import random
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen.xcube import archive
from support.errors import UserError

Fill = Callable[[zipfile.ZipFile], None]


def holding(files: dict[str, str]) -> Fill:
    """Fills a zip with these files."""

    def fill(out: zipfile.ZipFile) -> None:
        for name, text in files.items():
            out.writestr(name, text)

    return fill


def a_zip(path: Path, fill: Fill) -> Path:
    """A zip with whatever `fill` puts into it."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        warnings.simplefilter("ignore")
        fill(out)
    return path


def unpacked(path: Path) -> dict[str, bytes]:
    """What an import would see."""
    with archive.opened(path) as folder:
        return {str(f.relative_to(folder)): f.read_bytes() for f in archive.files(folder)}


def special(name: str, mode: int, content: str = "target") -> Fill:
    """A member that is no regular file."""

    def fill(out: zipfile.ZipFile) -> None:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        out.writestr(member, content)

    return fill


def twice(out: zipfile.ZipFile) -> None:
    """One file under two spellings of a name."""
    out.writestr("a/network.c", "1")
    out.writestr("A/Network.C", "2")


@pytest.mark.parametrize(
    ("fill", "word"),
    [
        (lambda z: z.writestr("../network.c", "x"), "climbs out"),
        (lambda z: z.writestr("a/../../network.c", "x"), "climbs out"),
        (lambda z: z.writestr("/etc/network.c", "x"), "climbs out"),
        (lambda z: z.writestr("..\\network.c", "x"), "climbs out"),
        (lambda z: z.writestr("C:\\network.c", "x"), "climbs out"),
        (special("network.c", stat.S_IFLNK | 0o777), "link or a device"),
        (special("network.c", stat.S_IFIFO | 0o600), "link or a device"),
        (special("network.c", stat.S_IFCHR | 0o600), "link or a device"),
        (twice, "twice"),
        (lambda z: z.writestr("bomb.c", bytes(20 << 20)), "suspicious size"),
    ],
)
def test_hostile_members_are_refused_by_name(tmp_path: Path, fill: Fill, word: str) -> None:
    with pytest.raises(UserError, match=word):
        unpacked(a_zip(tmp_path / "bundle.zip", fill))
    assert {path.name for path in tmp_path.rglob("*")} == {"bundle.zip"}


def test_a_large_member_that_packs_as_numbers_do_is_taken(tmp_path: Path) -> None:
    """Weights as text are a few times smaller in the zip."""
    text = ", ".join(f"0x{byte:02x}" for byte in random.Random(1).randbytes(200_000))
    path = a_zip(tmp_path / "b.zip", holding({"network.c": text}))
    with zipfile.ZipFile(path) as packed:
        member = packed.getinfo("network.c")
    assert member.file_size > archive.RATIO_FROM and member.file_size > 2 * member.compress_size
    assert unpacked(path) == {"network.c": text.encode()}


def test_too_many_and_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_zip(tmp_path / "b.zip", holding({f"{i}.c": "x" * 50 for i in range(9)}))
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 400)
    with pytest.raises(UserError, match="too large"):
        unpacked(path)
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 1 << 20)
    monkeypatch.setattr(archive, "MOST_MEMBERS", 8)
    with pytest.raises(UserError, match="9 members"):
        unpacked(path)


def test_a_member_that_lies_about_its_size(tmp_path: Path) -> None:
    path = a_zip(tmp_path / "b.zip", lambda z: z.writestr("network.c", b"y" * 5000))
    data = bytearray(path.read_bytes())
    # The uncompressed size in the central directory (APPNOTE 4.3.12): byte 24 of its header.
    at = data.index(b"PK\x01\x02") + 24
    assert struct.unpack_from("<I", data, at) == (5000,)
    struct.pack_into("<I", data, at, 10)
    path.write_bytes(data)
    with pytest.raises(UserError, match="damaged"):
        unpacked(path)


def test_encrypted_members_are_named(tmp_path: Path) -> None:
    path = a_zip(tmp_path / "b.zip", lambda z: z.writestr("network.c", "x"))
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match="encrypted"):
        unpacked(path)


def test_any_cut_and_any_flipped_byte_is_a_message(tmp_path: Path) -> None:
    good = a_zip(
        tmp_path / "b.zip", lambda z: z.writestr("d/network.c", "int x;" * 40)
    ).read_bytes()
    broken = tmp_path / "broken.zip"
    for cut in range(0, len(good), 7):
        broken.write_bytes(good[:cut])
        with pytest.raises(UserError):
            unpacked(broken)
    for at in range(0, len(good), 3):
        broken.write_bytes(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])
        with contextlib.suppress(UserError):
            assert set(unpacked(broken).values()) <= {b"int x;" * 40}


def test_only_useful_files_are_unpacked(tmp_path: Path) -> None:
    names = ("a/network.c", "a/network.h", "run.exe", "l/NetworkRuntime910_CM7_GCC.a", "x.elf")
    path = a_zip(tmp_path / "b.zip", holding({name: name for name in names}))
    assert set(unpacked(path)) == {"a/network.c", "a/network.h", "l/NetworkRuntime910_CM7_GCC.a"}


def test_neither_folder_nor_zip(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        unpacked(tmp_path / "absent")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(UserError, match="neither a folder nor"):
        unpacked(tmp_path / "text")


def test_a_message_names_the_zip_and_no_folder_that_is_gone(tmp_path: Path) -> None:
    path = a_zip(tmp_path / "bundle.zip", lambda z: z.writestr("network.c", "x"))
    with pytest.raises(UserError) as caught, archive.opened(path) as folder:
        raise UserError(f"bundle={folder}: no network", f"look into {folder}/a")
    assert caught.value.message == f"bundle={path}: no network"
    assert caught.value.remedy == f"look into {path}/a"


def test_links_to_folders_are_not_entered(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.c").write_text("")
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "loop").symlink_to(tmp_path / "bundle")
    (tmp_path / "bundle" / "away").symlink_to(tmp_path / "real")
    assert list(archive.files(tmp_path / "bundle")) == []
