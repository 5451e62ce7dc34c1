"""A package: whole, checkable, the same each time; and what it says to a host that is wrong."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.version import TEXT
from support.files import sha256_file
from support.removal import remove_temporary_folder
from tests.embed.conftest import codegen
from tests.embed.hosts import Host, make_host
from tests.embed.models import write_digits
from tests.graph.project import REPOSITORY, SCONS, files_below


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Generated sources of `digits`; returns the manifest."""
    return generate(tmp_path)


def generate(folder: Path, *words: str, seed: int = 7) -> Path:
    """Generate `digits` below a folder."""
    folder.mkdir(exist_ok=True)
    model = write_digits(folder / "digits.onnx", seed)
    out = folder / "sources"
    codegen("generate", "--model", str(model), "--name", "digits", "--out-dir", str(out), *words)
    return out / "digits_manifest.json"


def package(manifest: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command, whatever its status."""
    words = ["package", "--manifest", str(manifest), "--out-dir", str(folder)]
    return subprocess.run(
        [sys.executable, "-m", "codegen", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_manifest_tells_all(packages: Path) -> None:
    """Every file with its hash, the quantization, the memory needs, the licence."""
    for name in ("digits", "gearbox"):
        folder = packages / name
        manifest = json.loads((folder / "manifest.json").read_text())
        files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
        assert {*manifest["files"], "manifest.json"} == files
        for path, digest in manifest["files"].items():
            assert sha256_file(folder / path) == digest, path
        network = json.loads((folder / "network" / f"{name}_manifest.json").read_text())
        assert manifest["network"] == network
        assert {"scale", "zero_point", "shape"} <= {*network["input"]} & {*network["output"]}
        assert manifest["memory"]["constants_bytes"] == network["weights_bytes"]
        assert manifest["memory"]["activations_bytes"] == network["activations_bytes"]
        assert manifest["memory"]["tables_bytes"] == network["tables_bytes"] == 0
        assert "| tables |" not in (folder / "README.md").read_text()
        assert manifest["licence"]["code"] == "Apache-2.0"
        assert (folder / "LICENSE").read_bytes() == (REPOSITORY / "LICENSE").read_bytes()


def test_no_file_names_a_folder_of_this_computer(packages: Path) -> None:
    for path, data in files_below(packages / "digits").items():
        for folder in (REPOSITORY, packages):
            assert str(folder).encode() not in data, path


def test_runtime_is_of_the_generator_s_version() -> None:
    """The linker compares the runtime's, CMake and Make the generator's."""
    header = (REPOSITORY / "firmware" / "runtime" / "nn_runtime.h").read_text()
    parts = re.findall(r"#define NN_RUNTIME_VERSION_(?:MAJOR|MINOR|MICRO) (\d+)", header)
    assert ".".join(parts) == TEXT


def test_again_changes_nothing_and_a_new_model_only_its_files(
    sources: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a package"
    assert package(sources, folder).returncode == 0
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert "no files changed" in package(sources, folder).stdout
    assert before == {path: path.stat().st_mtime_ns for path in before}
    contents = files_below(folder)
    generate(tmp_path, seed=8)
    assert package(sources, folder).returncode == 0
    changed = {name for name, data in files_below(folder).items() if data != contents[name]}
    told = {"manifest.json", "README.md", "zephyr/Kconfig"}
    assert all(name.startswith("network/") for name in changed - told)
    assert "network/digits_data.c" in changed


def test_another_interface_leaves_no_file_behind(sources: Path, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    assert package(sources, folder).returncode == 0
    assert (folder / "network" / "digits_data_params.c").exists()
    remove_temporary_folder(sources.parent)
    generate(tmp_path, "--c-api", "st-ai")
    assert package(sources, folder).returncode == 0
    assert not (folder / "network" / "digits_data_params.c").exists()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {*manifest["files"], "manifest.json"} == {*files_below(folder)}


def edited(folder: Path) -> None:
    """A file of the package was changed by hand."""
    with (folder / "digits.mk").open("a") as stream:
        stream.write("# mine\n")


def foreign(folder: Path) -> None:
    """The folder holds something else."""
    (folder / "manifest.json").unlink()


def other_network(folder: Path) -> None:
    """The folder holds the package of another network."""
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"name": "digits"', '"name": "gearbox"'))


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edited, "digits.mk: was edited since it was packaged"),
        (foreign, "holds other files"),
        (other_network, "holds the package of 'gearbox'"),
    ],
)
def test_what_is_there_is_not_overwritten(
    change: object, message: str, sources: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "package"
    assert package(sources, folder).returncode == 0
    assert callable(change)
    change(folder)
    before = files_below(folder)
    done = package(sources, folder)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert files_below(folder) == before


def test_saboteur_a_manifest_that_leads_out(sources: Path, tmp_path: Path) -> None:
    """Its names are removed when they are no longer part of the package."""
    folder = tmp_path / "out" / "package"
    assert package(sources, folder).returncode == 0
    victims = [tmp_path / "out" / "victim.txt", tmp_path / "theirs" / "victim.txt"]
    for victim in victims:
        victim.parent.mkdir(exist_ok=True)
        victim.write_text("mine")
    (folder / "link").symlink_to(tmp_path / "theirs")
    (folder / "old.c").write_text("old")
    manifest = json.loads((folder / "manifest.json").read_text())
    digest = hashlib.sha256(b"mine").hexdigest()
    for name in ("../victim.txt", str(victims[0]), "link/victim.txt", "network/../../victim.txt"):
        manifest["files"][name] = digest
    manifest["files"]["old.c"] = hashlib.sha256(b"old").hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert package(sources, folder).returncode == 0
    assert [victim.read_text() for victim in victims] == ["mine", "mine"]
    assert not (folder / "old.c").exists()
    manifest["files"] = None
    (folder / "manifest.json").write_text(json.dumps(manifest))
    done = package(sources, folder)
    assert done.returncode == 1 and "does not list its files" in done.stderr


@pytest.mark.sample(1)
@pytest.mark.parametrize("what", ["a file", "a folder", "a link"])
def test_saboteur_what_others_have_put_where_a_new_file_belongs(
    what: str, sources: Path, tmp_path: Path
) -> None:
    """The other interface's files are new to the package."""
    other = generate(tmp_path / "other", "--c-api", "st-ai")
    folder, theirs = tmp_path / "package", tmp_path / "theirs"
    assert package(other, folder).returncode == 0
    theirs.mkdir()
    (theirs / "digits_data_params.c").write_text("mine")
    place = folder / "network" / "digits_data_params.c"
    if what == "a file":
        place.write_text("mine")
    elif what == "a folder":
        place.mkdir()
    else:
        shutil.move(folder / "network", tmp_path / "network")
        (folder / "network").symlink_to(theirs)
    before = files_below(tmp_path)
    done = package(sources, folder)
    assert done.returncode == 1
    assert ("is a link" if what == "a link" else "is not overwritten") in done.stderr
    assert files_below(tmp_path) == before


def test_stopped_half_way_it_can_go_on(sources: Path, tmp_path: Path) -> None:
    """Some files are new and the manifest is the old one."""
    folder = tmp_path / "package"
    assert package(sources, folder).returncode == 0
    old = (folder / "manifest.json").read_bytes()
    generate(tmp_path, seed=8)
    assert package(sources, folder).returncode == 0
    whole = files_below(folder)
    (folder / "manifest.json").write_bytes(old)
    (folder / "network" / "digits.c").unlink()
    assert package(sources, folder).returncode == 0
    assert files_below(folder) == whole


def test_runtime_of_others_is_not_passed_on(sources: Path, tmp_path: Path) -> None:
    manifest = json.loads(sources.read_text())
    manifest["runtime"] = {"vendor": "ST"}
    sources.write_text(json.dumps(manifest))
    done = package(sources, tmp_path / "package")
    assert done.returncode == 1
    assert "ST's runtime" in done.stderr
    assert not (tmp_path / "package").exists()


def test_scons_package(vendor: Path, tmp_path: Path) -> None:
    model = write_digits(tmp_path / "my digits.onnx")
    words = [f"network={model}", "name=digits", f"build_dir={tmp_path / 'b'}"]
    host = Host(vendor)
    done = host.run(SCONS, "-Q", "package", *words, f"dest={tmp_path / 'my package'}")
    assert done.status == 0, done.output
    assert (tmp_path / "my package" / "manifest.json").is_file()
    assert not list((tmp_path / "b").rglob("*.o"))
    done = host.run(SCONS, "-Q", "package", *words)
    assert done.status == 2
    assert "'package' cannot be made: say where with dest=FOLDER" in done.output


# --- files that are not built here: checked against what is published -----------------------------


def test_platformio_library_json(packages: Path) -> None:
    """PlatformIO documentation, "library.json": required fields, types, and characters allowed."""
    library = json.loads((packages / "digits" / "library.json").read_text())
    assert library["name"] == "digits"
    assert re.fullmatch(r"\d+\.\d+\.\d+", library["version"])
    assert library["license"] == "Apache-2.0"
    assert all(re.fullmatch(r"[a-z\d\-+. ]+", word) for word in library["keywords"])
    assert library["frameworks"] == library["platforms"] == "*"
    build = library["build"]
    assert {*build} == {"srcDir", "includeDir", "srcFilter", "flags", "extraScript"}
    assert (packages / "digits" / build["extraScript"]).is_file()
    for folder in (build["srcDir"], build["includeDir"], "network", "runtime"):
        assert (packages / "digits" / folder).is_dir()
    assert (packages / "digits" / "network" / library["headers"]).is_file()
    assert "-ffp-contract=off" in build["flags"]


def test_zephyr_module(packages: Path) -> None:
    """Zephyr documentation, "Modules (External projects)": module.yml's keys, files that exist."""
    for name in ("digits", "gearbox"):
        folder = packages / name
        lines = (folder / "zephyr" / "module.yml").read_text().splitlines()
        assert [x for x in lines if not x.startswith("#")] == [
            f"name: {name}",
            "build:",
            "  cmake: zephyr",
            "  kconfig: zephyr/Kconfig",
        ]
        kconfig = (folder / "zephyr" / "Kconfig").read_text()
        option = re.search(r"^config (\w+)\n\tbool \"[^\"]+\"\n", kconfig, re.MULTILINE)
        assert option
        assert "imply FPU_SHARING if FPU && MULTITHREADING" in kconfig
        sample = (folder / "zephyr" / "sample" / "prj.conf").read_text()
        assert f"CONFIG_{option[1]}=y" in sample
        text = (folder / "zephyr" / "CMakeLists.txt").read_text()
        assert f"CONFIG_{option[1]}" in text
        listed = set(re.findall(r"\.\./(\S+\.[cS])\b", text))
        there = {str(p.relative_to(folder)) for p in folder.rglob("*.[cS]")} - {"example/main.c"}
        assert listed == there


# --- hosts that are wrong -------------------------------------------------------------------------


def cmake(host: Host) -> str:
    """Configure, which must fail; returns what it said, on one line."""
    done = host.run("cmake", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={host.root}", "-B", "b")
    assert done.status != 0
    return " ".join(done.output.split())


def test_cmake_two_of_one_name(package_parts: dict[str, Path], tmp_path: Path) -> None:
    host = make_host(tmp_path / "host", "cmake/subdirectory", package_parts)
    host.replace("CMakeLists.txt", "add_subdirectory(gearbox)", "add_subdirectory(digits again)")
    assert "there is a target 'digits' already: give each network a name of its own" in cmake(host)


@pytest.mark.parametrize("example", ["cmake/subdirectory", "make/package"])
def test_two_versions_in_one_project(
    example: str, package_parts: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(package_parts["gearbox"], tmp_path / "newer")
    for file in ("CMakeLists.txt", "gearbox.mk"):
        path = tmp_path / "newer" / file
        path.write_text(path.read_text().replace(TEXT, "9.9.9"))
    host = make_host(tmp_path / "host", example, {**package_parts, "gearbox": tmp_path / "newer"})
    said = cmake(host) if example.startswith("cmake") else host.run("make").output
    assert f"is version 9.9.9, but another network brought the runtime of {TEXT}" in said
    assert "make both with the same version" in said


def test_make_mistakes(package_parts: dict[str, Path], tmp_path: Path) -> None:
    host = make_host(tmp_path / "host", "make/package", package_parts)
    makefile = (host.root / "Makefile").read_text()
    host.append("Makefile", "include digits/digits.mk\n")
    assert "two networks are called 'digits'" in host.run("make").output
    (host.root / "a folder").symlink_to(package_parts["digits"].parent)
    (host.root / "Makefile").write_text(
        makefile.replace("digits/digits", "a\\ folder/digits/digits")
    )
    done = host.run("make")
    assert done.status != 0
    assert (
        "GNU Make takes no path with spaces: put the package of 'digits' elsewhere" in done.output
    )


@pytest.mark.parametrize("example", ["cmake/live", "make/live"])
def test_live_mistakes(example: str, vendor: Path, tmp_path: Path) -> None:
    host = make_host(tmp_path / "host", example, {"vendor/nn2flash": vendor})
    (script,) = (
        host.root / name for name in ("CMakeLists.txt", "Makefile") if (host.root / name).exists()
    )
    original = script.read_text()

    def say(text: str) -> str:
        script.write_text(text)
        return cmake(host) if example.startswith("cmake") else host.run("make").output

    said = say(original.replace("digits", "math", 1).replace("digits digits", "math digits"))
    assert "network name 'math' is taken" in said
    assert "no network 'math': see above" in said
    link = host.root / "vendor" / "nn2flash"
    link.unlink()
    shutil.copytree(vendor, link, ignore=shutil.ignore_patterns(".venv"))
    assert "run ./bootstrap python -m codegen -h in " in say(original)


def test_cmake_in_a_path_with_spaces_and_a_model_that_is_none(vendor: Path, tmp_path: Path) -> None:
    host = make_host(tmp_path / "a host" / "here, 1", "cmake/live", {"vendor/nn2flash": vendor})
    host.build("cmake", "-G", "Ninja", "-B", "b")
    host.build("ninja", "-C", "b")
    host.check("b/product")
    assert "no work to do" in host.build("ninja", "-C", "b").output
    (host.root / "digits.onnx").write_text("no model")
    done = host.run("ninja", "-C", "b")
    assert done.status != 0
    assert "digits.onnx" in done.output
    assert "Traceback" not in done.output
