"""What a report remembers of builds, and what it says of two of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen.report.history import MOST, Build, read_history, remembered
from support.errors import UserError
from support.files import BUILD_AGAIN, read_json, write_json
from tests.report.conftest import MEMORY
from tests.report.conftest import Build as Folder
from tests.report.test_report import Page
from tests.sampled import sampled


def grown(build: Folder, more: int) -> None:
    """Another build: code that is larger than in the first."""
    memory = json.loads(json.dumps(MEMORY))
    memory["regions"][0]["items"][0]["bytes"] += more
    memory["regions"][0]["used"] += more
    write_json(build.path("memory.json"), memory)


def keys(build: Folder) -> list[str]:
    return [each["key"] for each in read_json(build.path("report.json"))["builds"]]


def test_differences_to_the_previous_build(build: Folder) -> None:
    build.report()
    assert "first build" in Page(build.html).words()
    grown(build, 30)
    build.report()
    words = Page(build.html).words()
    assert "flash: .text (bytes) 100 130 +30" in words
    assert "flash: used (bytes) 400 430 +30" in words
    assert "weights (bytes)" not in words.partition("Pipeline 2 Network")[0].partition("Layers")[0]
    # Made again of the same build, it still tells what changed when that build was new.
    build.report()
    assert "flash: .text (bytes) 100 130 +30" in Page(build.html).words()


def test_the_last_builds_stand_on_the_page(build: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one first, with its figures; a build that is made again stands once."""
    for number, more in enumerate((0, 30, 5, 30)):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(86400 * number))
        grown(build, more)
        assert build.report().returncode == 0
    table = build.html.partition("<h3>The last builds</h3>")[2].partition("</table>")[0]
    words = Page(f"<div><table>{table.partition('<table>')[2]}</table></div>").words()
    days = [word for word in words.split() if word.startswith("1970-01-")]
    assert days == ["1970-01-04", "1970-01-03", "1970-01-01"]
    right = read_json(build.path("report.json"))["builds"][-1]["figures"]["accuracy"]
    for used in ("430", "405", "400"):
        assert f"{right:.2f} {used} – 324 40 – 1,234 –" in words
    assert "weights" not in words.partition("instructions, emulated")[2]


def test_what_is_measured_later_belongs_to_the_same_build(build: Folder) -> None:
    validation = build.path("validation.json").read_bytes()
    for name in ("validation", "profile"):
        write_json(build.path(f"{name}.json"), {})
    build.report()
    build.path("validation.json").write_bytes(validation)
    build.report()
    (only,) = read_json(build.path("report.json"))["builds"]
    assert only["figures"]["instructions"] == 1234
    assert "first build" in Page(build.html).words()


def test_it_never_grows_without_end() -> None:
    builds: list[Build] = []
    for number in range(3 * MOST):
        builds = remembered(builds, Build(f"{number:012x}", "", "", {}))
    assert [each.key for each in builds] == [f"{n:012x}" for n in range(2 * MOST, 3 * MOST)]


GOOD = {"key": "0123456789ab", "made": "then", "commit": "", "facts": {}, "figures": {}}
HISTORY = "not a report's history: "
# What is in the file → what is said of it.
DAMAGED = {
    "hello": "not valid JSON (",
    "": "not valid JSON (",
    "[]": "not a JSON object",
    '{"builds": null}': f"{HISTORY}'builds' is missing",
    '{"builds": [1]}': f"{HISTORY}build 1 in it is no object",
    '{"current": {"model": "x"}, "previous": {}}': f"{HISTORY}'builds' is missing",
    **{
        json.dumps({"builds": [GOOD, {**GOOD, name: "?"}]}).replace('"?"', text): (
            f"{HISTORY}'{name}' of build 2 in it {what}"
        )
        for name, text, what in (
            ("key", "7", "is no text"),
            ("made", "null", "is missing"),
            ("facts", '"x"', "is no object"),
            ("facts", '{"a": [1]}', "is no number or text"),
            ("facts", r'{"a": "\ud800"}', "has half a character (a surrogate)"),
            ("figures", "[[1, 2]]", "is no object"),
            ("figures", '{"flash": "400"}', "is no number"),
            ("figures", '{"accuracy": {}}', "is no number"),
            ("number", '"7"', "is no number"),
            ("figures", '{"ram": true}', "is no number"),
            ("figures", f'{{"accuracy": 1{"0" * 400}}}', "has a number of more than 64 bits"),
        )
    },
}


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_history_is_told_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_history(path)
    assert caught.value.message.startswith(f"{path}: {DAMAGED[text]}")
    assert caught.value.remedy == BUILD_AGAIN


@pytest.mark.parametrize("text", sampled(DAMAGED, 2))
def test_a_damaged_history_is_named_and_begun_anew(build: Folder, text: str) -> None:
    """It stops no report; one line tells of it, once."""
    build.path("report.json").write_text(text)
    done = build.report(every=False)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"warning: {build.path('report.json')}: {DAMAGED[text]}")
    assert line.endswith(": the history begins anew")
    assert "first build" in Page(build.html).words() and len(keys(build)) == 1
    done = build.report(every=False)
    assert (done.returncode, done.stderr) == (0, "")
