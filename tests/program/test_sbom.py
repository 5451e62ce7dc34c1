"""The wheel's bill of materials: what pip fetches for it, tried versions, licences."""

from __future__ import annotations

import json
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from codegen import version
from nn2flash.wheel import sbom
from nn2flash.wheel.contents import project
from tests.program.conftest import REPOSITORY, Installed

LOCKED = REPOSITORY / "requirements" / "locked" / "core.txt"
# What older releases' metadata call a licence.
ALSO = {
    "Apache-2.0": {"Apache 2.0", "Apache License 2.0"},
    "BSD-3-Clause": {"3-Clause BSD License", "License :: OSI Approved :: BSD License"},
}


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sbom.document(project(), LOCKED))
    return found


def test_it_is_in_the_wheel_beside_the_licence(installed: Installed, bill: dict[str, Any]) -> None:
    folder = f"nn2flash-{version.TEXT}.dist-info"
    with zipfile.ZipFile(installed.wheel) as archive:
        stored = json.loads(archive.read(f"{folder}/sboms/{sbom.NAME}"))
        assert f"{folder}/licenses/LICENSE" in archive.namelist()
    assert stored == bill
    assert (stored["bomFormat"], stored["specVersion"]) == ("CycloneDX", "1.6")
    own = stored["metadata"]["component"]
    assert (own["name"], own["version"]) == ("nn2flash", version.TEXT)


def test_it_has_all_that_pip_fetches_and_nothing_else(bill: dict[str, Any]) -> None:
    """By what the installed releases themselves require."""
    wanted: set[str] = set()
    waiting = [text.split("~")[0] for text in project()["dependencies"]]
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name not in wanted:
            wanted.add(name)
            asked = [text for text in metadata.requires(name) or [] if "extra ==" not in text]
            waiting += [Requirement(text).name for text in asked]
    listed = {each["name"]: each for each in bill["components"]}
    assert {*listed} == wanted
    for name, each in listed.items():
        assert each["version"] == metadata.version(name)
        assert each["purl"] == each["bom-ref"] == f"pkg:pypi/{name}@{each['version']}"


def test_licences_are_what_the_releases_say(bill: dict[str, Any]) -> None:
    for each in bill["components"]:
        (licence,) = (entry["expression"] for entry in each["licenses"])
        said = metadata.metadata(each["name"])
        names = {said[key] for key in ("License-Expression", "License") if key in said}
        names |= {*(said.get_all("Classifier") or [])}
        assert names & {licence, *ALSO.get(licence, ())}, (each["name"], names)


def test_who_asks_for_whom(bill: dict[str, Any]) -> None:
    edges = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    references = {each["bom-ref"] for each in bill["components"]}
    own = bill["metadata"]["component"]["bom-ref"]
    assert edges.keys() == {own, *references}
    assert all({*found} <= references for found in edges.values())
    (jinja,) = (key for key in edges if "/jinja2@" in key)
    assert [name.partition("@")[0] for name in edges[jinja]] == ["pkg:pypi/markupsafe"]
    assert jinja in edges[own]


def test_a_licence_that_nobody_looked_at_stops_the_build(tmp_path: Path) -> None:
    text = LOCKED.read_text() + "newcomer==1.0 \\\n    --hash=sha256:00\n    # via\n    #   onnx\n"
    (tmp_path / "core.txt").write_text(text)
    with pytest.raises(ValueError, match="licence of newcomer is not known"):
        sbom.document(project(), tmp_path / "core.txt")
