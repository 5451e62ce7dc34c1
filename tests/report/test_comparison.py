"""Any two builds beside each other: on the page, as text, and without building."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codegen.report.history import Build, read_history, remembered, to_json
from support.files import write_json
from tests.report.conftest import Build as Folder
from tests.report.conftest import codegen
from tests.report.test_history import DAMAGED, grown, keys
from tests.report.test_report import Page


def three(build: Folder) -> list[str]:
    """Keys of three builds of different code sizes: 100, 130 and 105 bytes."""
    for more in (0, 30, 5):
        grown(build, more)
        assert build.report().returncode == 0
    return keys(build)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that failed as it should says."""
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "remedy: " in done.stderr and not done.stdout
    return done.stderr


def test_any_build_of_the_history_can_be_compared(build: Folder) -> None:
    oldest, _, _ = three(build)
    for name in (oldest[:7], oldest, "1", "oldest"):
        assert build.report("--against", name).returncode == 0
        words = Page(build.html).words()
        assert f"Compared with build 1 ({oldest})" in words
        assert "flash: .text (bytes) 100 105 +5" in words


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("of", "against", "found", "row"),
    [
        ("2", "1", (2, 1), "100 130 +30"),
        ("1", "2", (1, 2), "130 100 -30"),
        ("previous", "oldest", (2, 1), "100 130 +30"),
        ("2", "this", (2, 3), "105 130 +25"),
        ("2", "", (2, 1), "100 130 +30"),
    ],
)
def test_any_two_builds(
    build: Folder, of: str, against: str, found: tuple[int, int], row: str
) -> None:
    """The page, its text, and the command that builds nothing tell the same."""
    known = three(build)
    text = build.path("report.txt")
    words = ["--of", of, *(["--against", against] if against else [])]
    assert build.report(*words, "--text", str(text)).returncode == 0
    now, before = (f"build {number} ({known[number - 1]})" for number in found)
    title = f"B{now[1:]} compared with {before}"
    shown = Page(build.html).words()
    assert title in shown and f"flash: .text (bytes) {row}" in shown
    assert f"what {before} {now} difference" in shown
    lines = [" ".join(line.split()) for line in text.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == title and f"flash: .text (bytes) {row}" in lines
    for history in (build.path("report.json"), build.folder):
        done = codegen("builds", str(history), *words)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == text.read_text(encoding="utf-8")
    assert keys(build) == known


def test_builds_are_listed(build: Folder) -> None:
    """The last one first; what is not known has a dash."""
    known = three(build)
    lines = codegen("builds", str(build.path("report.json"))).stdout.splitlines()
    assert lines[0].split()[:3] == ["build", "key", "first"]
    assert [line.split()[:2] for line in lines[1:]] == [[str(n), known[n - 1]] for n in (3, 2, 1)]
    assert [line.split()[-5:] for line in lines[1:]] == [
        [flash, "–", "324", "40", "1,234"] for flash in ("405", "430", "400")
    ]


def test_a_number_stays_with_its_build() -> None:
    """Until that build is made again after another one: then it is the newest."""
    builds: list[Build] = []
    for key in ("a", "b", "b", "c", "a"):
        builds = remembered(builds, Build(key * 12, "", "", {}))
    assert [(each.key[0], each.number) for each in builds] == [("b", 2), ("c", 3), ("a", 4)]


def test_builds_that_were_kept_without_numbers_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    content = to_json([Build(key * 12, "", "", {}, number=9) for key in "ab"])
    for each in content["builds"]:
        del each["number"]
    write_json(path, content)
    assert [each.number for each in read_history(path)] == [1, 2]


def test_a_build_of_another_folder_can_be_compared(build: Folder) -> None:
    grown(build, 30)
    build.report()
    other = build.path("other")
    other.mkdir()
    build.path("report.json").rename(other / "report.json")
    grown(build, 0)
    for path in (other, other / "report.json"):
        assert build.report("--against", str(path)).returncode == 0
        assert "flash: .text (bytes) 130 100 -30" in Page(build.html).words()
        assert build.report("--of", str(path), "--against", "this").returncode == 0
        assert "flash: .text (bytes) 100 130 +30" in Page(build.html).words()
    assert len(keys(build)) == 1
    assert "no build before it" in refused(build.report("--of", str(other)))


@pytest.mark.sample(3)
@pytest.mark.parametrize("option", ["--of", "--against"])
@pytest.mark.parametrize("other", ["ffffffffffff", "nowhere/report.json", "3", "memory.json"])
def test_no_such_build(build: Folder, other: str, option: str) -> None:
    """Nothing is written then, and the builds that there are are named, the new one among them."""
    build.report()
    kept, page = build.path("report.json").read_bytes(), build.html
    text = build.path("report.txt")
    grown(build, 30)
    given = str(build.path(other)) if other == "memory.json" else other
    told = refused(build.report(option, given, "--text", str(text)))
    wrong = "not a report's history" if other == "memory.json" else f"of 1 ({keys(build)[0]}), 2 ("
    assert wrong in told
    assert build.path("report.json").read_bytes() == kept and build.html == page
    assert not text.exists()


def test_the_first_build_has_no_previous_one(build: Folder) -> None:
    for option in ("--of", "--against"):
        assert f"{option[2:]}=previous: no file, and no build" in refused(
            build.report(option, "previous")
        )
    assert "of=this: no build before it" in refused(build.report("--of", "this"))


def test_a_name_of_several_builds(tmp_path: Path) -> None:
    """A key that begins like a commit, a number that is one's key: all of them are named."""
    path = tmp_path / "report.json"
    builds = [
        Build("123400000000", "", "abcdef012345", {}, number=5),
        Build("abcd00000000", "", "", {}, number=1234),
        Build("ffff00000000", "", "", {}, number=1235),
    ]
    write_json(path, to_json(builds))
    for name in ("1234", "abcd"):
        told = refused(codegen("builds", str(path), "--against", name))
        assert f"against={name}: several builds are called so" in told
        assert "of 5 (123400000000), 1234 (abcd00000000)\n" in told
    assert codegen("builds", str(path), "--against", "abcde").returncode == 0
    assert "no build that is remembered" in refused(codegen("builds", str(path), "--of", "fff"))
    assert "no build before it" in refused(codegen("builds", str(path), "--of", "oldest"))


def test_a_history_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert f"{path}: no such file" in refused(codegen("builds", str(tmp_path / "report.json")))
    write_json(path, {"builds": []})
    assert f"{path}: has no builds" in refused(codegen("builds", str(tmp_path)))
    path.write_text("hello")
    assert f"{path}: not valid JSON" in refused(codegen("builds", str(path)))


def test_what_is_compared_with_must_be_whole(build: Folder) -> None:
    other = build.path("other.json")
    damaged = '{"builds": [1]}'
    other.write_text(damaged)
    done = build.report("--against", str(other), every=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{other}: {DAMAGED[damaged]}" in done.stderr
    assert not build.path("report.json").exists()
