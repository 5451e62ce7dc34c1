"""Each kind of host: it links, gives the reference's bytes, and rebuilds what it must, no more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.embed.hosts import make_host
from tests.graph.project import SCONS, copy_tree
from tests.sampled import sampled


@dataclass(frozen=True)
class Kind:
    """How a live host is built.

    Attributes:
        example: its folder.
        configure: commands before the first build.
        build: the command that builds.
        program: the product.
        compares: it looks at contents, so that a file with the same bytes ends what follows.
        edits: whether to edit the generator, too; how depfiles are read is shown by one of CMake's.
    """

    example: str
    build: tuple[str, ...]
    program: str
    configure: tuple[str, ...] = ()
    compares: bool = False
    edits: bool = True


KINDS = (
    Kind("scons", (SCONS, "-Q"), "./product", compares=True),
    Kind(
        "cmake/live", ("ninja", "-v", "-C", "b"), "b/product", ("cmake", "-G", "Ninja", "-B", "b")
    ),
    Kind(
        "cmake/live",
        ("make", "-C", "b", "VERBOSE=1"),
        "b/product",
        ("cmake", "-G", "Unix Makefiles", "-B", "b"),
        edits=False,
    ),
    Kind("make/live", ("make",), "./product"),
)


@pytest.mark.parametrize("kind", sampled(KINDS, 1), ids=lambda kind: kind.example)
def test_live_host(kind: Kind, tmp_path: Path) -> None:
    copy_tree(tmp_path / "nn2flash")
    host = make_host(tmp_path / "host", kind.example, {"vendor/nn2flash": tmp_path / "nn2flash"})
    if kind.configure:
        host.build(*kind.configure)
    first = host.build(*kind.build).made
    assert {"product", "libdigits.a", "libgearbox.a"} <= first
    host.check(kind.program)
    assert not host.build(*kind.build).made, "the second build was not up to date"

    host.retrain("gearbox")
    main = {name for name in first if name.startswith("main.")}
    of_gearbox = {name for name in first if "gearbox" in name}
    assert host.build(*kind.build).made == {*of_gearbox, *main, "product"}
    host.check(kind.program)
    assert not host.build(*kind.build).made
    if not kind.edits:
        return

    # A template of one of the two interfaces.
    host.append("vendor/nn2flash/templates/network/network_data.c.j2", "\n/* edited */\n")
    made = host.build(*kind.build).made
    assert "generate digits" in made
    assert not {name for name in made if "gearbox" in name} - {"product"}
    assert not host.build(*kind.build).made

    # A module that every network is made with.
    host.append("vendor/nn2flash/codegen/plan.py", "\n# edited\n")
    made = host.build(*kind.build).made
    assert {"generate digits", "generate gearbox"} <= made
    assert kind.compares == (made == {"generate digits", "generate gearbox"})
    host.check(kind.program)
    assert not host.build(*kind.build).made


@pytest.mark.sample(1)
@pytest.mark.parametrize("example", ["cmake/subdirectory", "cmake/find", "make/package"])
def test_host_with_packages(example: str, package_parts: dict[str, Path], tmp_path: Path) -> None:
    host = make_host(tmp_path / "host", example, package_parts)
    if example.startswith("cmake"):
        host.build("cmake", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={host.root}", "-B", "b")
        build: tuple[str, ...] = ("ninja", "-v", "-C", "b")
        program = "b/product"
    else:
        build, program = ("make",), "./product"
    first = host.build(*build).made
    assert "libnn2flash_runtime.a" in first
    host.check(program)
    assert not host.build(*build).made
    host.append("main.c", "\n/* edited */\n")
    assert {name.split(".")[0] for name in host.build(*build).made} == {"main", "product"}
