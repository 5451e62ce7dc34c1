"""codegen/: the network's sources, generated or imported, and the code that programs call it by."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_tools.settings import SIMULATED_BOARD

if TYPE_CHECKING:
    from site_tools.model_files import Model
    from site_tools.places import Places

EVERY = (
    "_config.h",
    "_kernels.c",
    "_kernels.h",
    "_io.c",
    "_io.h",
    "_preprocess.c",
    "_preprocess.h",
    "_selftest.c",
    "_selftest.h",
    "_assembly.S",
    "_manifest.json",
    "_generate_report.txt",
)
OF_INTERFACE = {"legacy": ("_data_params.c", "_data_params.h"), "st-ai": ("_details.h",)}


@dataclass(frozen=True)
class NetworkSources:
    """What the network became.

    Attributes:
        files: node of each file by what follows the network's name.
        targets: name of the target → its nodes.
    """

    files: Mapping[str, Any]
    targets: Mapping[str, Any] = field(default_factory=dict)

    @property
    def manifest(self) -> Any:
        """What other packages know of the network."""
        return self.files["_manifest.json"]

    @property
    def code(self) -> list[Any]:
        """What is compiled."""
        return [node for part, node in self.files.items() if part[-1] in "cS"]

    @property
    def libraries(self) -> list[Any]:
        """ST's runtime, where that is in charge."""
        return [node for part, node in self.files.items() if part == "_runtime.a"]


def network_sources(env: Any, places: Places, model: Model) -> NetworkSources:
    """Declare the network's sources, in the way that `ai=` asks for."""
    if env["ai"] == "builtin":
        return _generated(env, places, model)
    imported = env.ImportedNetwork(
        places.network, model.int8, places.memories, env.Templates("xcube/*")
    )
    return NetworkSources(imported, {"generate": list(imported.values())})


def _generated(env: Any, places: Places, model: Model) -> NetworkSources:
    """Sources of this project's own generator, and what it can tell of its decisions."""
    api, name, facts = env["C_API"], env["name"], places.facts
    parts = (".c", ".h", "_data.c", "_data.h", *OF_INTERFACE[api], *EVERY)
    files = {part: places.network.File(f"{name}{part}") for part in parts}
    kernels = ["--kernels", "$kernels", "--table-memory", "$table_memory", *model.typical]
    kernels += ["--code-memory", "$code_memory"] if env["code_memory"] else []
    chosen = ["--model", model.int8, *kernels]
    if places.kind_suffix:
        chosen += ["--core", facts.cpu["core"], *(() if facts.fpu else ("--no-fpu",))]
    env.Run(
        "GENERATE",
        "codegen generate",
        list(files.values()),
        ["--name", name, "--c-api", api, *chosen, "--out-dir", places.network],
        also=env.Templates(f"network{'' if api == 'legacy' else '_stai'}/*", "ops/*"),
        installed=["clang-format"],
    )
    folder = places.out.Dir(f"dump{places.name_suffix}{places.kind_suffix}")
    dump = env.Run(
        "DUMP",
        "codegen dump",
        [folder.File(name) for name in ("network.svg", "kernels.txt", "memory.txt")],
        [*chosen, "--out-dir", folder],
        also=env.Templates("report/network.svg.j2"),
    )
    # A graph for each pass, too, whatever passes there are.
    env.Clean(dump, folder)
    analyze = env.Always(
        places.board.File("analyze.run"),
        "nn2flash analyze",
        [model.int8, *kernels, "--board", places.board_toml],
        also=env.Templates("network/*", "ops/*"),
    )
    targets = {"analyze": analyze, "dump": dump, "generate": list(files.values())}
    return NetworkSources(files, targets)


def glue(env: Any, places: Places) -> Any:
    """Declare the one interface that programs see, whichever the network's own is."""
    name, api = ["--set", f"name={env['name']}"], env["C_API"]
    template = "app/app_network.c.j2" if api == "legacy" else "app/app_network_stai.c.j2"
    header = places.app.File("app_network.h")
    env.Render("app/app_network.h.j2", header, *name, "--set", f"c_api={api}")
    return env.Render(template, places.app.File("app_network.c"), *name)


def package(env: Any, places: Places, network: NetworkSources) -> Any:
    """Declare the library for other projects, written to the user's folder."""
    return env.Always(
        places.made(f"package{places.network_suffix}{places.kind_suffix}.run"),
        "codegen package",
        ["--manifest", network.manifest, "--out-dir", str(Path(env.GetLaunchDir(), env["dest"]))],
        also=list(network.files.values()),
    )


def new_project(env: Any, places: Places) -> Any:
    """Declare a project of the user's own, begun in the user's folder from an example."""
    dest = os.path.realpath(Path(env.GetLaunchDir(), env["dest"]))  # as a person would write it
    words = ["--example", "$from", "--board", SIMULATED_BOARD, "--out-dir", dest]
    return env.Always(places.made("new.run"), "codegen new", words)


def generate(env: Any, **kw: Any) -> None:
    """Add `env.NetworkSources`, `env.Glue`, `env.Package` and `env.NewProject`."""
    env.AddMethod(new_project, "NewProject")
    env.AddMethod(network_sources, "NetworkSources")
    env.AddMethod(glue, "Glue")
    env.AddMethod(package, "Package")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
