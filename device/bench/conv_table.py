"""Layers of convolutional networks beside other runtimes: tables of docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from device.bench.goals import CMSIS_NN, EMX, OURS, PLAIN

ABOUT = """
Of convolutional networks each layer is told apart: ours by the observer of the C interface, which
is told before and after each (layers in one pass share a line), CMSIS-NN's by its calls, each
with the reference's input, emx-onnx-cgen's by its functions. CMSIS-NN is per channel here and
rounds twice: "equal" is how many of its bytes are the reference's, with the largest difference.
Its package has no elementwise add, one in plain C with its fixed point stands for it, and no
Softmax: its count ends before. Its arena is what tensors and scratch need at once, none in
another's place; that of emx-onnx-cgen is its stack. Plain C is `kernels=portable`, compiled with
-O3. In parentheses: cycles in all, of what has no multiply-accumulate.
"""
_NAMES = {CMSIS_NN: "CMSIS-NN", PLAIN: "plain C", EMX: "emx-onnx-cgen"}


def summary(networks: Sequence[Mapping[str, Any]]) -> str:
    """Convolutional networks in a line each: ours, and as shares of other runtimes."""
    lines = [
        "| network | MACs | instr/MAC | mca\\*/MAC | of CMSIS-NN: instr | mca\\* | dual-issue |"
        " of plain C: instr | mca\\* | of emx-onnx-cgen: instr | mca\\* |\n",
        "|" + "---|" * 11 + "\n",
    ]
    for network in networks:
        if "compared" in network:
            costs = {c["runtime"]: c for c in reversed(network["costs"])}
            ours, macs = costs[OURS], network["macs"]
            cells = [network["title"].partition(":")[0], f"{macs:,}", f"{ours['mean'] / macs:.3f}"]
            cells.append(_cycles(ours["typical"]["mca"], macs))
            for name in _NAMES:
                cells.append(f"{100 * ours['mean'] / costs[name]['mean']:.1f} %")
                for model in ("mca", "dual_issue")[: 2 if name == CMSIS_NN else 1]:
                    cells.append(_of(ours["typical"][model], costs[name]["typical"][model]))
            lines.append(f"| {' | '.join(cells)} |\n")
    return "".join(lines)


def _of(ours: float | None, other: float | None) -> str:
    """Cycles as a share of another runtime's."""
    return f"{100 * ours / other:.1f} %" if ours and other else "–"


def compared(network: Mapping[str, Any]) -> str:
    """The layers of one network, and where another runtime is faster."""
    rows: Sequence[Mapping[str, Any]] = network["compared"]
    lines = [
        "\n| layer | kernel | MACs | instr | /MAC | mca\\* /MAC | dual-issue /MAC |"
        " CMSIS-NN: instr | /MAC | mca\\* /MAC | equal | plain C: instr | emx: instr |"
        " of CMSIS-NN: instr | mca\\* | constants B | scratch B |\n",
        "|" + "---|" * 17 + "\n",
    ]
    lines += [_line(row) for row in rows]
    known = sum(row[OURS]["instructions"] for row in rows)
    fast = next(c for c in network["costs"] if c["runtime"] == OURS)
    lines.append(
        f"\nBeside its layers a run takes {fast['mean'] - known:,.0f} instructions.\n\n"
        + _faster(rows)
    )
    return "".join(lines)


def _line(row: Mapping[str, Any]) -> str:
    macs, ours, peer = row["macs"], row[OURS], row[CMSIS_NN]

    def per(value: float | None) -> str:
        return f"{value / macs:.3f}" if macs and value is not None else "–"

    cells = [
        ", ".join(f"`{name}`" for name in row["names"]) + f" {_shape(row['titles'])}",
        ", ".join(dict.fromkeys(row["kernels"])),
        f"{macs:,}",
        f"{ours['instructions']:,}",
        per(ours["instructions"]),
        _cycles(ours["mca"], macs),
        _cycles(ours["dual_issue"], macs),
    ]
    if peer is None:
        cells += ["–"] * 4
    else:
        same = f"{100 * peer['equal'] / peer['bytes']:.2f} %, ±{peer['most']}"
        cells += [
            f"{peer['instructions']:,}",
            per(peer["instructions"]),
            _cycles(peer["mca"], macs),
            "all" if peer["most"] == 0 else same,
        ]
    cells += [_count(row[PLAIN]), _count(row.get(EMX))]
    cells += [_share(ours, peer, key) for key in ("instructions", "mca")]
    cells += [f"{row['constants']:,}", f"{row['scratch']:,}"]
    return f"| {' | '.join(cells)} |\n"


def _shape(titles: Sequence[str]) -> str:
    """What a layer is without how large its input and output are."""
    return "; ".join(titles)


def _cycles(value: float | None, macs: int) -> str:
    """For each multiply-accumulate; all of them in parentheses where there is none."""
    if value is None:
        return "–"
    return f"{value / macs:.3f}" if macs else f"({value:,})"


def _count(told: Mapping[str, Any] | None) -> str:
    return "–" if told is None else f"{told['instructions']:,}"


def _share(ours: Mapping[str, Any], peer: Mapping[str, Any] | None, key: str) -> str:
    if peer is None or not ours[key] or not peer[key]:
        return "–"
    ratio = ours[key] / peer[key]
    return f"**{100 * ratio:.0f} %**" if ratio > 1 else f"{100 * ratio:.0f} %"


def _faster(rows: Sequence[Mapping[str, Any]]) -> str:
    """Every layer for which another runtime takes fewer instructions or mca* cycles."""
    found = []
    for row in rows:
        for runtime, name in _NAMES.items():
            peer = row.get(runtime) or {}
            for key, unit in (("instructions", "instructions"), ("mca", "mca\\* cycles")):
                if peer.get(key) and row[OURS][key] and peer[key] < row[OURS][key]:
                    found.append(
                        f"- `{row['names'][0]}`: {name} takes {peer[key]:,} {unit}, ours "
                        f"{row[OURS][key]:,}\n"
                    )
    if not found:
        return "No other runtime is faster in any layer.\n"
    return "**Another runtime is faster here:**\n\n" + "".join(found)
