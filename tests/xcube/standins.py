"""Bundles that look like those of ST's tools and hold this project's own runtime.

Names of files, folders, macros and functions are those of the documented interface and of real
projects; everything behind them is built here, so it may be linked and run anywhere.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from codegen.generate import generate
from codegen.ir.graph import Graph
from codegen.plan import plan_network

REPOSITORY = Path(__file__).resolve().parents[2]
RUNTIME = REPOSITORY / "firmware" / "runtime"
TEMPLATES = Path(__file__).parent / "standins"
SIGNATURE = "0xe607a6aa54972e45a0ba1248a83cdacb"
CORTEX_M7 = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard")
CORTEX_M4 = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")

# Real projects: X-CUBE-AI's number, and the one that generated files carry.
RELEASES = {
    "7.1": ((7, 1, 0), (7, 1, 0)),
    "7.2": ((7, 2, 0), (7, 2, 0)),
    "8.1": ((8, 1, 0), (8, 1, 0)),
    "9.0": ((9, 0, 0), (9, 0, 0)),
    "9.1": ((9, 1, 0), (1, 0, 0)),
    "10.2": ((10, 2, 0), (2, 2, 0)),
    "11.0": ((11, 0, 0), (3, 0, 0)),
}


@dataclass(frozen=True)
class Standin:
    """How a bundle is made.

    Attributes:
        release: key of RELEASES.
        external: weights in .ExternalFlashSection.
        address: C text of the activations' fixed address, or "".
        two_pools: activations in two pools.
        second_pool: bytes of the second.
        unsigned: uint8 input and output.
        padded: the input's buffer is a byte larger than its elements.
        tables: quantization tables in the sources.
        number: X-CUBE-AI's number of headers and library, when it is not the release's.
        core: processor in the library's name.
        machine: what the library is compiled for.
    """

    release: str = "9.1"
    name: str = "network"
    c_api: str = "legacy"
    external: bool = False
    address: str = ""
    two_pools: bool = False
    second_pool: int = 1000
    unsigned: bool = False
    padded: bool = False
    tables: bool = True
    number: tuple[int, int, int] | None = None
    core: str = "CM7"
    machine: tuple[str, ...] = CORTEX_M7

    @property
    def runtime(self) -> tuple[int, int, int]:
        """X-CUBE-AI's number of headers and library."""
        return self.number or RELEASES[self.release][0]

    @property
    def tools(self) -> tuple[int, int, int]:
        """The number in the generated files."""
        return RELEASES[self.release][1]

    @property
    def library(self) -> str:
        """The library's file name."""
        return f"NetworkRuntime{''.join(map(str, self.runtime))}_{self.core}_GCC.a"


def render(template: str, context: dict[str, Any]) -> str:
    """One of the templates beside this file."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return env.get_template(template).render(context)


def own_sources(graph: Graph, how: Standin, kept: Path) -> Path:
    """The folder of this project's own sources for a network, generated once."""
    own = kept / f"{how.name}-{how.c_api}"
    if not own.exists():
        generate(graph, how.name, own, how.c_api)
    return own


def write_network(folder: Path, graph: Graph, how: Standin, kept: Path) -> None:
    """The network's own sources and headers, and the tool's report, into `folder`.

    Args:
        kept: folder where what is generated and compiled is kept from one bundle to the next.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = own_sources(graph, how, kept)
    if how.c_api == "legacy":
        _write_legacy(folder, own, graph, how)
    else:
        _write_st_ai(folder, own, how)


def _flat(text: str) -> str:
    """Headers without the folder that this project keeps kernels in."""
    return text.replace('#include "kernels/', '#include "')


def _context(graph: Graph, how: Standin) -> dict[str, Any]:
    plan = plan_network(graph)
    (block,) = plan.blocks
    constants = bytearray(block.size + -block.size % 8)
    constants[: len(block.data)] = block.data
    constants[block.size - 4 : block.size] = block.check.to_bytes(4, "little")
    shift = 128 if how.unsigned else 0
    ends = []
    for tensor, title in ((graph.input, "serving_default_input0"), (graph.output, "gemm_2")):
        ends.append(
            {
                "tensor": f"{title}_output",
                "size": tensor.size,
                "padding": int(how.padded and tensor is graph.input),
                "format": "U8" if how.unsigned else "S8",
                "scale": float(tensor.quantization.scale) if how.tables else None,
                "zero_point": tensor.quantization.zero_point + shift,
            }
        )
    return {
        "name": how.name,
        "NAME": how.name.upper(),
        "tools": how.tools,
        "runtime": how.runtime,
        "weights": np.frombuffer(bytes(constants), "<u8").tolist(),
        "pools": [plan.arena_size, how.second_pool] if how.two_pools else [plan.arena_size],
        "two_pools": how.two_pools,
        "external": how.external,
        "address": how.address,
        "signature": SIGNATURE,
        "ends": ends,
        "macc": graph.macs,
    }


def _write_legacy(folder: Path, own: Path, graph: Graph, how: Standin) -> None:
    name, context = how.name, _context(graph, how)
    source = _flat((own / f"{name}.c").read_text())
    source = source.replace(
        '#include "nn_runtime.h"', '#include "ai_platform_interface.h"\n#include "nn_runtime.h"'
    )
    source = source.replace(f"AI_{name.upper()}_MODEL_SIGNATURE", f'"{SIGNATURE}"')
    # What the stand-in's own functions of these names wrap.
    if how.two_pools:
        source = _renamed(source, f"ai_{name}_create_and_init", "one_pool_create_and_init")
    if how.unsigned:
        source = _renamed(source, f"ai_{name}_run", "signed_run")
    (folder / f"{name}.c").write_text(source + render("declarations.c.j2", context))
    header = (own / f"{name}.h").read_text()
    header = re.sub(rf"#define AI_{name.upper()}_MODEL_SIGNATURE(?:[^\n\\]|\\\n)*\n", "", header)
    if how.unsigned:
        header = header.replace("AI_BUFFER_FORMAT_S8", "AI_BUFFER_FORMAT_U8")
    if how.padded:
        header = re.sub(r"(IN_1_SIZE_BYTES) \((\d+)\)", r"\1 (\2 + 1)", header)
    if how.runtime < (8, 1, 0):
        # The format stands in network.c only.
        header = re.sub(r"#define \w+_1_FORMAT [^\n]*\n", "", header)
    (folder / f"{name}.h").write_text(header)
    params = {part: render(f"network_data_params.{part}.j2", context) for part in ("h", "c")}
    for part in ("config.h", "data.h", "data.c"):
        text = render(f"network_{part}.j2", context)
        if how.runtime < (7, 2, 0) and part != "config.h":
            # All that later releases put into files of their own.
            include = f'#include "{name}_data_params.h"\n'
            text = text.replace(include, params["h"])
            text += params["c"].replace(include, "") if part == "data.c" else ""
        (folder / f"{name}_{part}").write_text(text)
    if how.runtime >= (7, 2, 0):
        for part, text in params.items():
            (folder / f"{name}_data_params.{part}").write_text(text)
    (folder / f"{name}_generate_report.txt").write_text(render("report.txt.j2", context))


def _renamed(source: str, function: str, name: str) -> str:
    """A function under another name, declared first."""
    head = re.search(rf"^[\w ]+ {function}\([^)]*\)", source, re.MULTILINE)
    assert head, function
    prototype = head[0].replace(function, name) + ";\n"
    return '#include "ai_platform.h"\n' + prototype + source.replace(f"{function}(", f"{name}(")


def _write_st_ai(folder: Path, own: Path, how: Standin) -> None:
    name = how.name
    major, minor, micro = how.tools
    source = _flat((own / f"{name}.c").read_text())
    source = re.sub(
        r"\.tool_version = \{[^}]*\}",
        f".tool_version = STAI_INIT_VERSION({major}, {minor}, {micro})",
        source,
    )
    macro = "#define STAI_INIT_VERSION(a, b, c) {.major = (a), .minor = (b), .micro = (c)}\n"
    (folder / f"{name}.c").write_text(macro + source)
    header = (own / f"{name}_data.h").read_text()
    header = header.replace(f'#include "{name}_config.h"\n', "#define NN_SECTION_WEIGHTS\n")
    (folder / f"{name}_data.h").write_text(header)
    for part in (".h", "_data.c", "_details.h"):
        text = (own / f"{name}{part}").read_text()
        (folder / f"{name}{part}").write_text(text if how.tables else without_scales(text))


def without_scales(text: str) -> str:
    """A header of the st-ai interface as for a network without quantization parameters."""
    return re.sub(r"#define STAI_\w+_(SCALE|ZERO_POINT) [^\n]*\n", "", text)


def write_headers(folder: Path, how: Standin) -> None:
    """The runtime's headers, flat as ST's are."""
    folder.mkdir(parents=True, exist_ok=True)
    for header in RUNTIME.rglob("*.h"):
        is_st_ai = "stai" in header.name
        if not (is_st_ai and how.runtime < (9, 0, 0)):
            (folder / header.name).write_text(_flat(header.read_text()))
    interface = folder / "ai_platform_interface.h"
    interface.write_text(interface.read_text() + (TEMPLATES / "declaring_macros.h").read_text())
    context = {"runtime": how.runtime}
    (folder / "core_datatypes.h").write_text(render("core_datatypes.h.j2", context))


def write_library(path: Path, how: Standin, kept: Path) -> None:
    """The runtime as a static library."""
    path.parent.mkdir(parents=True, exist_ok=True)
    place = kept / "-".join(how.machine).replace("=", "")
    place.mkdir(parents=True, exist_ok=True)
    made = []
    for source in sorted(RUNTIME.rglob("*.c")):
        target = place / f"{source.stem}.o"
        if not target.exists():
            flags = [*how.machine, "-std=c11", "-O2", "-ffp-contract=off", "-ffunction-sections"]
            command = ["arm-none-eabi-gcc", *flags, f"-I{RUNTIME}", "-c", str(source)]
            subprocess.run([*command, "-o", str(target)], check=True)
        made.append(str(target))
    path.unlink(missing_ok=True)
    subprocess.run(["arm-none-eabi-ar", "rcsD", str(path), *made], check=True)


def write_kernels(graph: Graph, how: Standin, library: Path, headers: Path, kept: Path) -> None:
    """Kernels that were generated for this network go into the library, their header beside it."""
    own = own_sources(graph, how, kept)
    objects = []
    for part in ("_kernels.c", "_assembly.S"):
        source = own / f"{how.name}{part}"
        target = own / f"{how.name}{part}.o"
        if not target.exists():
            command = ["arm-none-eabi-gcc", *how.machine, "-O2", "-ffp-contract=off"]
            command += [f"-I{RUNTIME}", f"-I{own}", "-c", str(source), "-o", str(target)]
            subprocess.run(command, check=True)
        objects.append(str(target))
    shutil.copy(own / f"{how.name}_kernels.h", headers)
    # Sections for its own objects, which the kernels' header may ask for.
    if how.c_api == "st-ai":
        shutil.copy(own / f"{how.name}_config.h", headers)
    subprocess.run(["arm-none-eabi-ar", "rsD", str(library), *objects], check=True)


def write_project(folder: Path, graph: Graph, how: Standin, kept: Path) -> None:
    """An IDE project as the Developer Cloud makes it, with an earlier draft in `.ai`."""
    write_network(folder / "X-CUBE-AI" / "App", graph, how, kept)
    write_runtime(folder / "Middlewares" / "ST" / "AI", graph, how, kept)
    draft = replace(how, release="10.2", external=False)
    write_network(folder / ".ai" / "output", graph, draft, kept)
    for name in ("main.h", "main.c"):
        place = folder / "Core" / ("Inc" if name.endswith(".h") else "Src")
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("/* not taken */\n")
    for name in ("STM32H750B-DK.ioc", ".cproject", "STM32H750XBHX_FLASH.ld", "memory_mapping.json"):
        (folder / name).write_text("{}\n")
    (folder / ".ai" / f"{how.name}_c_info.json").write_text(info_json(draft, 1))
    (folder / ".ai" / f"{how.name}_model.onnx_c_info.json").write_text(info_json(how, 2))


def write_runtime(folder: Path, graph: Graph, how: Standin, kept: Path) -> None:
    """`Inc` and `Lib` of a project."""
    write_headers(folder / "Inc", how)
    write_library(folder / "Lib" / how.library, how, kept)
    write_kernels(graph, how, folder / "Lib" / how.library, folder / "Inc", kept)


def write_pack(folder: Path, graph: Graph, how: Standin, kept: Path) -> None:
    """ST's pack: headers once, a library per processor family."""
    base = folder / "Middlewares" / "ST" / "AI"
    write_headers(base / "Inc", how)
    for family in ("ARMCortexM7", "STM32H7"):
        library = base / "Lib" / "GCC" / family / how.library
        write_library(library, how, kept)
        write_kernels(graph, how, library, base / "Inc", kept)
    other = replace(how, core="CM4", machine=CORTEX_M4)
    write_library(base / "Lib" / "GCC" / "ARMCortexM4" / other.library, other, kept)


def info_json(how: Standin, macc: int) -> str:
    """`<name>_c_info.json` with the keys that a report is read from."""
    version = ".".join(map(str, how.tools))
    return json.dumps(
        {
            "environment": {
                "generated_model": {"name": how.name},
                "tools": [
                    {
                        "version": f"{version}-19894",
                        "input_model": {"model_files": [{"name": "m", "signature": SIGNATURE}]},
                    }
                ],
            },
            "graphs": [{"nodes": [{"name": "gemm_0", "description": "Dense", "macc": macc}]}],
            "memory_footprint": {
                "weights": 1000,
                "activations": 200,
                "kernel_flash": 9408,
                "kernel_ram": 1756,
            },
        }
    )
