"""The site is built; each warning of MkDocs is an error, and a broken link is one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.errors import UserError
from tests.docs.pages import ROOT
from tests.site import build


def test_the_site_is_built_from_all_pages(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("stays")
    assert build(tmp_path) > 40
    pages = {path.stem for path in tmp_path.glob("*.html")}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} <= pages
    assert (tmp_path / "mine.txt").read_text() == "stays"
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="troubleshooting.html"' in text
    outside = [part for part in text.split('src="')[1:] if part.startswith("http")]
    assert not outside, "nothing is fetched from elsewhere"


@pytest.mark.parametrize(
    "fault", ["[x](nowhere.md)", "[x](tutorial.md#nowhere)", "[x](../LICENSE)", "a new page"]
)
def test_a_fault_of_a_page_is_an_error(
    fault: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    name = "new.md" if fault.startswith("a new") else "index.md"
    with (tmp_path / "docs" / name).open("a", encoding="utf-8") as page:
        page.write(f"\n{fault}\n")
    with pytest.raises(UserError, match="has faults"):
        build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert name in capfd.readouterr().err
    assert not (tmp_path / "site").exists()
