"""STM32CubeIDE's files, as far as they can be checked without it."""

from __future__ import annotations

import json
import shlex
import xml.dom.minidom
from pathlib import Path

import pytest

from tests.graph.project import Project
from tests.ide.opened import Opened

LOADER = "MT25TL01G_STM32H750B-DISCO.stldr"
ST = "com.st.stm32cube.ide.mcu.debug"
LOAD_LIST = f"{ST}.launch.loadList"
LOADERS = f"{ST}.launch.cubeprog_external_loaders"


def location(opened: Opened, uri: str) -> Path:
    """Where a linked resource lies: Eclipse's PARENT-n-PROJECT_LOC."""
    parent, _, rest = uri.partition("/")
    folder = opened.folder
    for _ in range(int(parent.removeprefix("PARENT-").removesuffix("-PROJECT_LOC"))):
        folder = folder.parent
    return folder / rest


def resource(opened: Opened, name: str) -> Path:
    """A path in the project: linked by its first names, or a file of the folder itself."""
    for link in opened.xml(".project").iter("link"):
        linked, uri = link.findtext("name", ""), link.findtext("locationURI", "")
        if Path(name).is_relative_to(linked):
            return location(opened, uri) / Path(name).relative_to(linked)
    return opened.folder / name


def test_project_is_sts_kind(opened: Opened) -> None:
    root = opened.xml(".project")
    natures = {nature.text for nature in root.iter("nature")}
    assert {
        "com.st.stm32cube.ide.mcu.MCUProjectNature",
        "org.eclipse.cdt.core.cnature",
        "org.eclipse.cdt.managedbuilder.core.managedBuildNature",
    } <= natures
    assert root.findtext("name") == "nn2flash-stm32h750b_dk"


def test_linked_resources_exist(opened: Opened) -> None:
    links = list(opened.xml(".project").iter("link"))
    assert bool(links) == (opened.folder != opened.project.root)
    for link in links:
        path = location(opened, link.findtext("locationURI", ""))
        assert path.is_dir() if link.findtext("type") == "2" else path.is_file(), path


def test_links_have_the_names_of_the_debug_info(opened: Opened) -> None:
    """Where the debugger says `./build/app/main.c`, the project has that very file."""
    for name in ("firmware/app/console.c", "build/app/main.c", "build/network/network.c"):
        assert resource(opened, name).is_file(), name


def test_eclipse_finds_its_first_node(opened: Opened) -> None:
    """CDT wants the processing instruction with its version before anything else."""
    document = xml.dom.minidom.parseString((opened.folder / ".cproject").read_text())
    first = document.firstChild
    assert isinstance(first, xml.dom.minidom.ProcessingInstruction)
    assert (first.target, first.data) == ("fileVersion", "4.0.0")


def test_ids_are_unique(opened: Opened) -> None:
    root = opened.xml(".cproject")
    (configuration,) = root.iter("configuration")
    elements = [
        e
        for tag in (
            "toolChain",
            "option",
            "targetPlatform",
            "builder",
            "tool",
            "inputType",
            "project",
        )
        for e in root.iter(tag)
    ]
    ids = [configuration.get("id", ""), *(element.get("id", "") for element in elements)]
    assert len(ids) > 15
    assert len({identity.rpartition(".")[2] for identity in ids}) == len(ids)
    for element in elements:
        assert element.get("id", "").startswith(element.get("superClass", "") + ".") or (
            element.tag == "project"
        )


def test_one_configuration_by_one_id(opened: Opened) -> None:
    root = opened.xml(".cproject")
    identity = root.find(".//cconfiguration").get("id")  # type: ignore[union-attr]
    assert root.find(".//configuration").get("id") == identity  # type: ignore[union-attr]
    assert root.find(".//folderInfo").get("id") == f"{identity}."  # type: ignore[union-attr]
    for launch in ("debug", "flash"):
        key = "org.eclipse.cdt.launch.PROJECT_BUILD_CONFIG_ID_ATTR"
        assert opened.attributes(launch)[key] == identity


def test_chip_and_core(opened: Opened) -> None:
    options = {
        option.get("superClass", "").rpartition(".")[2]: option.get("value", "")
        for option in opened.xml(".cproject").iter("option")
    }
    assert options["target_mcu"] == "STM32H750XBHx"
    assert options["target_board"] == "STM32H750B-DK"
    assert options["fpu"].endswith(".fpv5-d16")
    assert options["floatabi"].endswith(".hard")


def test_builder_is_scons(opened: Opened) -> None:
    """The builder's command, run as CDT runs it, makes the firmware, which is made already."""
    (builder,) = opened.xml(".cproject").iter("builder")
    assert builder.get("managedBuildOn") == "false"
    assert builder.get("command") == "scons"
    words = [*shlex.split(builder.get("arguments", "")), builder.get("incrementalBuildTarget", "")]
    folder = opened.path(builder.get("buildPath", ""), "${ProjDirPath}")
    run = Project(folder).build(*words)
    assert run.commands == frozenset(), run.output


def test_clean_is_off(opened: Opened) -> None:
    """A clean of CubeIDE would take the trained network along."""
    (builder,) = opened.xml(".cproject").iter("builder")
    assert builder.get("enableCleanBuild") == "false"


def test_index_has_the_headers_and_sources_of_the_build(opened: Opened) -> None:
    root = opened.xml(".cproject")
    values = [v.get("value", "").strip('"') for v in root.iter("listOptionValue")]
    folders = {opened.path(value, "${ProjDirPath}").resolve() for value in values}
    database = json.loads((opened.project.root / "build/compile_commands.json").read_text())
    words = next(e["command"] for e in database if e["file"].endswith("console.c")).split()
    assert folders == {Path(word[2:]).resolve() for word in words if word.startswith("-I")}
    roots = [resource(opened, e.get("name", "")).resolve() for e in root.iter("entry")]
    for entry in database:
        path = (opened.project.root / entry["file"]).resolve()
        assert any(path.is_relative_to(folder) for folder in roots), path


@pytest.mark.parametrize("launch", ["debug", "flash"])
def test_launch_names_the_firmware(opened: Opened, launch: str) -> None:
    attributes = opened.attributes(launch)
    program = attributes["org.eclipse.cdt.launch.PROGRAM_NAME"]
    assert resource(opened, program).samefile(
        opened.project.root / "build/stm32h750b_dk/firmware.elf"
    )
    (item,) = json.loads(attributes[LOAD_LIST])["fItems"]
    assert item["fPath"] == program
    name = opened.xml(".project").findtext("name")
    assert item["fProjectName"] == attributes["org.eclipse.cdt.launch.PROJECT_ATTR"] == name


def test_debug_downloads_nothing(opened: Opened) -> None:
    attributes = opened.attributes("debug")
    (item,) = json.loads(attributes[LOAD_LIST])["fItems"]
    assert item["fDownload"] is False
    assert item["fLoadSymbols"] is True
    assert item["fPerformBuild"] is False  # symbols of what is on the board, not of an edit
    assert json.loads(attributes[LOADERS]) == []
    assert attributes["org.eclipse.cdt.debug.gdbjtag.core.stopAt"] == "main"


def test_flash_downloads_through_the_loader(opened: Opened) -> None:
    attributes = opened.attributes("flash")
    (item,) = json.loads(attributes[LOAD_LIST])["fItems"]
    assert item["fDownload"] is True
    (loader,) = json.loads(attributes[LOADERS])
    assert loader == {"fLoaderPath": LOADER, "fInitialize": False, "fIsEnabled": True}
    assert attributes[f"{ST}.launch.verify_flash_download"] == "true"


def test_no_loader_for_own_flash_alone(project: Project) -> None:
    del project.variables["placement"]
    project.build("ide", subset_size="0")
    files = Opened(project, project.path("build/stm32h750b_dk/ide"))
    assert json.loads(files.attributes("flash")[LOADERS]) == []


def test_build_folder_elsewhere(project: Project, tmp_path: Path) -> None:
    """Files in the project of a build that lies outside: what is outside is linked."""
    project.build("ide", build_dir=str(tmp_path / "out"), ide_dir="ide files")
    opened = Opened(project, project.path("ide files"))
    for name in ("build/network/network.c", "firmware/app/console.c"):
        assert resource(opened, name).is_file(), name
