"""The manifest of an imported network: a generated one's keys, and where everything is from."""

from __future__ import annotations

from typing import Any

from codegen import version
from codegen.xcube.describe import ALIGNMENT, Description
from codegen.xcube.ports import Port
from codegen.xcube.report import Report
from codegen.xcube.runtime import Runtime, release
from codegen.xcube.versions import core_of, xcube_of

# The runtime's code and constants when no report tells: what ST reports for the guide's network
# with X-CUBE-AI 9.1 is 9,408 bytes; convolutions need twice that.
_RUNTIME_FLASH = 10 * 1024
OPEN_TERMS = "Apache-2.0"
ST_TERMS = "ST's licence: runs on devices made by ST only"
_UINT8_SHIFT = 128


def build(
    described: Description,
    runtime: Runtime,
    report: Report | None,
    *,
    hashes: dict[str, str],
    identity: str,
    how: str,
) -> dict[str, Any]:
    """All that other packages and the user want to know of an imported network.

    Args:
        hashes: file name → SHA-256 of every file taken.
        identity: SHA-256 over the network's own files.
        how: "bundle", "stedgeai" or "cloud".
    """
    weights = sum(_aligned(size) for size in described.weights)
    xcube = xcube_of(described.tools)
    first, last = port(described.input, "input"), port(described.output, "output")
    return {
        "name": described.name,
        "generator": f"nn2flash {version.TEXT}",
        "origin": described.origin or described.name,
        "model_sha256": identity,
        "model_signature": described.signature,
        "source": how,
        "c_api": described.api,
        "x_cube_ai": str(xcube),
        "st_edge_ai_core": str(core_of(xcube) or ""),
        "input": first,
        "output": last,
        "inputs": [first],
        "outputs": [last],
        "input_bytes": first["bytes"],
        "output_bytes": last["bytes"],
        "macs": (report.macc if report else None) or described.macc or 0,
        "weights_bytes": weights,
        "model_bytes": sum(described.weights),
        "activations_bytes": sum(_aligned(size) for size in described.activations),
        "activations": [{"size": size, "alignment": ALIGNMENT} for size in described.activations],
        "runtime": {
            "vendor": "nn2flash" if runtime.open else "STMicroelectronics",
            "version": str(runtime.version or "unknown"),
            "library": runtime.library.name,
            "machine": runtime.machine,
            "terms": OPEN_TERMS if runtime.open else ST_TERMS,
            "flash_bytes": (report.runtime_flash if report else None) or _RUNTIME_FLASH,
            "ram_bytes": (report.runtime_ram if report else None) or 0,
        },
        "layers": _layers(described, report),
        "files": hashes,
    }


def _aligned(size: int) -> int:
    return (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def port(found: Port, name: str) -> dict[str, Any]:
    """One end as int8: uint8 data is the same bytes with the top bit flipped, shifted by -128."""
    shift = _UINT8_SHIFT if found.type == "uint8" else 0
    return {
        "name": name,
        "shape": list(found.shape),
        "size": found.size,
        "bytes": found.size,
        "type": "int8",
        "stored": found.type,
        "scale": found.scale,
        "zero_point": None if found.zero_point is None else found.zero_point - shift,
    }


def _layers(described: Description, report: Report | None) -> list[dict[str, Any]]:
    """Rows for the memory table: the tool's layers, and its totals as the last row."""
    kernel = f"ST {xcube_of(described.tools)}"
    if report is None:
        return [{"name": described.name, "op": "-", "kernel": kernel, "why": "no report with it"}]
    rows = [
        {"name": layer.name, "op": layer.kind, "kernel": kernel, "why": f"{layer.macc:,} MACC"}
        for layer in report.layers
    ]
    return [*rows, {"name": "total", "op": "-", "kernel": kernel, "why": _totals(report)}]


def _totals(report: Report) -> str:
    """MACC, flash and RAM in words; a report without the runtime's share says so."""
    flash, ram, what = report.weights or 0, report.activations or 0, "without runtime"
    if report.runtime_flash is not None:
        flash, ram, what = flash + report.runtime_flash, ram + (report.runtime_ram or 0), "all"
    return f"{report.macc or 0:,} MACC, flash {flash:,} B, RAM {ram:,} B ({what}; ST's report)"


def table(manifest: dict[str, Any], described: Description, places: dict[str, str]) -> str:
    """What was found, in one table for people.

    Args:
        places: what → file or folder relative to the bundle or pack, or names.
    """
    runtime = manifest["runtime"]
    signature = f", signature {described.signature}" if described.signature else ""
    rows = [
        ("release", release(described.tools)),
        ("interface", described.api),
        ("network", f"{described.name}, from {manifest['origin']}{signature}"),
        *places.items(),
        ("runtime", f"{runtime['vendor']} {runtime['version']}, {runtime['machine']}"),
        ("terms", runtime["terms"]),
        ("input", _port_text(manifest["input"])),
        ("output", _port_text(manifest["output"])),
        ("weights", f"{manifest['model_bytes']:,} B in {_count(described.weights, 'array')}"),
        ("activations", _activations(described)),
        ("macc", f"{manifest['macs']:,} per inference"),
    ]
    return "".join(f"{title:<12}{text}\n" for title, text in rows)


def _port_text(found: dict[str, Any]) -> str:
    shape = " x ".join(str(axis) for axis in found["shape"])
    if found["scale"] is None:
        return f"{found['stored']} [{shape}], no quantization table"
    shown = found["zero_point"] + (_UINT8_SHIFT if found["stored"] == "uint8" else 0)
    return f"{found['stored']} [{shape}], scale {found['scale']:.9g}, zero point {shown}"


def _activations(described: Description) -> str:
    text = f"{sum(described.activations):,} B in {_count(described.activations, 'pool')}"
    if described.addresses:
        fixed = ", ".join(f"{address:#010x}" for address in described.addresses)
        text += f" (the bundle's {fixed} is not used: the linker script places them)"
    return text


def _count(items: tuple[int, ...], what: str) -> str:
    return f"{len(items)} {what}" + ("" if len(items) == 1 else "s")
