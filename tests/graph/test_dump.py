"""`scons dump` shows the network that is built, with no program but the project's own."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.graph.project import Project


def test_dump_makes_what_it_promises_and_makes_it_once(project: Project) -> None:
    assert project.build("dump").commands == {"DUMP build/dump/network.svg"}
    made = project.path("build/dump")
    assert ElementTree.parse(made / "network.svg").getroot().get("width") == "420"
    assert "cycles" in (made / "kernels.txt").read_text()
    assert (made / "memory.txt").read_text().startswith("arena ")
    passes = sorted(path.stem for path in made.glob("*.dot"))
    assert passes[0] == "00-read" and len(passes) > 1
    assert not project.build("dump").commands
    project.build("-c", "dump")
    assert not made.exists()
