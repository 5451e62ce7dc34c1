"""docs/performance.md and its chart: figures in, text and SVG out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from device.bench import mca
from device.bench.conv_table import ABOUT, compared, summary
from device.bench.estimate import CONVOLUTIONS, NETWORKS
from device.bench.goals import CMSIS_NN, OURS
from device.bench.goals import table as goals

HEAD = """\
# Performance

Made by `scons bench`; do not edit. Figures are executed instructions of one inference on an
emulated Cortex-M7, counted exactly; everything from the call of the network's run function to its
return counts. Nothing here ran on hardware. All runtimes were built in the
same run with the same compiler for the same networks and the same inputs.

"Costliest tried" is the largest count over all test inputs and over inputs made to cost much: noise
without zeros, extremes, images of which more and more is noise. "Identical" compares output bytes
(classes, where a runtime answers with the class alone) with the integer reference.
CMSIS-NN's kernel for fully connected networks is the per-tensor one: it computes other bytes, so
only its count compares. "RAM" is static memory, of ours with the arena inside.
"""
ESTIMATES = r"""
Cycles are estimated for what an input executed, by two models that know no caches, wait states or
branch misses; no figure is a board's. "Typical" is the test input whose count is the median.

- **mca\*** is llvm-mca {version} for the Cortex-M7, each LDM, STM, PUSH, POP and VLDM of n
  registers written as ceil(n/2) LDRD or STRD before: the model has them in one cycle whatever their
  length.
  Other versions of LLVM have other models. A dash: its model lacks an instruction, or LLVM was not
  installed.
- **dual-issue** is a small in-order model (`device/bench/dual_issue.py`) of rules that were
  measured on chips and published: multiples take a cycle for two registers and stand alone; one
  product, one operation on lanes, one of the FPU a cycle; operations on lanes in the older place
  only; shifted and extracted operands and addresses are needed a cycle early; a product cannot read
  what the cycle before loaded; sums chain every cycle. Sources: jnk0le/random,
  `pipeline cycle test/doc/cortex_m7.md`, cycle counter of an STM32H743; the Cortex-M7 model of
  slothy-optimizer/slothy, `slothy/targets/arm_v7m/cortex_m7.py`; quinapalus.com/cm7cycles.html. No
  latency of VCVT was found: 3 is assumed.

Whole traces are estimated up to {networks.whole:,} instructions; longer ones by
{networks.samples} seeded samples of {networks.size:,} instructions, with the standard error
after ±; so are single layers, ours and others'. Convolutional networks as a whole: up to
{convolutions.whole:,}, else {convolutions.samples} samples of {convolutions.size:,}. Cycles of
`kernels=auto` and of CMSIS-NN are the sums of their layers'.
"""


# The runtime of fully connected networks that others are divided by.
BASE = "cmsis_nn"


def markdown(networks: Sequence[dict[str, Any]], chart: str) -> str:
    """The page, from the results of each network."""
    picture = f"\n![Instructions for each multiply-accumulate]({chart})\n"
    models = ESTIMATES.format(
        version=mca.version() or "(not installed)",
        networks=NETWORKS,
        convolutions=CONVOLUTIONS,
    )
    parts = [HEAD, models, ABOUT, picture]
    parts += [
        "\n## Convolutional networks\n\n",
        summary(networks),
        "\n## Goals\n\n",
        goals(networks),
    ]
    for network in networks:
        parts.append(_network(network))
    return "".join(parts)


def _network(network: dict[str, Any]) -> str:
    base = next((c for c in network["costs"] if c["runtime"] in (BASE, CMSIS_NN)), None)
    lines = [
        f"\n## {network['title']}\n\n{network['text']}\n\n",
        "| runtime | of CMSIS-NN | mean | largest | costliest tried | instr/MAC |"
        " typical: mca\\* | dual-issue | costliest: mca\\* | dual-issue | identical | code B |"
        " tables B | RAM B | arena B | stack B |\n",
        "|" + "---|" * 16 + "\n",
    ]
    for cost in network["costs"]:
        ratio = "–" if base is None else f"**{100 * cost['mean'] / base['mean']:.1f} %**"
        same = cost["identical"]
        equal = "–" if same is None else f"{same[0]:,} of {same[1]:,}"
        cycles = " | ".join(estimated(cost[which]) for which in ("typical", "costliest"))
        arena = "–" if cost.get("arena") is None else f"{cost['arena']:,}"
        lines.append(
            f"| {cost['title']} | {ratio} | {cost['mean']:,.0f} | {cost['largest']:,} | "
            f"{cost['any_input']:,} | {cost['mean'] / network['macs']:.3f} | {cycles} | {equal} | "
            f"{cost['code']:,} | {cost['tables']:,} | {cost['ram']:,} | {arena} | "
            f"{cost['stack']:,} |\n"
        )
    lines.append(_init(network["costs"]))
    if network.get("executed_macs"):
        auto = next(c for c in network["costs"] if c.get("kernels") == "auto")
        per = auto["mean"] / network["executed_macs"]
        lines.append(
            f"\nOf {network['macs']:,} multiply-accumulates the test inputs leave "
            f"{network['executed_macs']:,.0f} whose pair of inputs is not zero: "
            f"**{per:.3f}** instructions for each of them, everything included.\n"
        )
    for title, layers in network["layers"].items():
        lines += ["\n", *_layers(title, layers)]
    if "compared" in network:
        lines.append(compared(network))
    return "".join(lines)


def estimated(found: dict[str, Any] | None) -> str:
    """Two cells: cycles by llvm-mca and by the dual-issue model, standard errors after ±."""
    if found is None:
        return "shared | shared"
    cells = []
    for model in ("mca", "dual_issue"):
        value, error = found[model], found[f"{model}_spread"]
        cell = "–" if value is None else f"{value:,}"
        cells.append(f"{cell} ±{error:,}" if error else cell)
    return " | ".join(cells)


def _init(costs: Sequence[dict[str, Any]]) -> str:
    """What our runtimes execute once, and the tables in RAM that they make then."""
    told = []
    for cost in costs:
        if "made" in cost:
            made = f", which makes {cost['made']:,} bytes of tables in RAM" if cost["made"] else ""
            told.append(f"{cost['title']} {cost['init']:,}{made}")
    return f"\nInstructions of init, once: {'; '.join(told)}.\n"


def _layers(title: str, layers: Sequence[dict[str, Any]]) -> list[str]:
    """The layers of one of our networks; largest and costliest are single inferences."""
    lines = [
        f"| {title}: layer | kernel | MACs | mean | in the largest | in the costliest made |"
        " instr/MAC | typical: mca\\* | dual-issue | constants B | code B |\n",
        "|---|---|---|---|---|---|---|---|---|---|---|\n",
    ]
    for layer in layers:
        counts = [layer[key] for key in ("instructions", "largest", "any_input")]
        shown = " | ".join("shared" if count is None else f"{count:,.0f}" for count in counts)
        each = f"{counts[0] / layer['macs']:.3f}" if counts[0] and layer["macs"] else "–"
        code = "shared" if layer["code"] is None else f"{layer['code']:,}"
        lines.append(
            f"| `{layer['name']}` | {layer['kernel']} | {layer['macs']:,} | {shown} | {each} | "
            f"{estimated(layer['estimate'])} | "
            f"{layer['bytes']:,} | {code} |\n"
        )
    return lines


BAR, GAP, LEFT, WIDTH = 22, 8, 300, 560


def chart(networks: Sequence[dict[str, Any]]) -> str:
    """A bar chart as SVG: mean instructions for a multiply-accumulate, runtime by runtime, one
    group for each network."""
    largest = max(cost["mean"] / net["macs"] for net in networks for cost in net["costs"])
    rows: list[str] = []
    y = 10
    for network in networks:
        rows.append(f'<text x="10" y="{y + 14}" class="head">{_escape(network["title"])}</text>')
        y += 26
        for cost in network["costs"]:
            each = cost["mean"] / network["macs"]
            length = max(2.0, WIDTH * each / largest)
            kind = "ours" if cost["runtime"] == OURS else "peer"
            middle = y + BAR - 6
            rows.append(
                f'<text x="{LEFT - 8}" y="{middle}" class="name">{_escape(cost["title"])}</text>'
                f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" class="{kind}"/>'
                f'<text x="{LEFT + length + 6:.1f}" y="{middle}">{each:.2f}</text>'
            )
            y += BAR + GAP
        y += 14
    style = (
        "text{font:13px sans-serif;fill:#333}.head{font-weight:bold}.name{text-anchor:end}"
        ".ours{fill:#2a7f62}.peer{fill:#9aa5b1}svg{background:#fff}"
    )
    total = LEFT + WIDTH + 90
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{y}" role="img" '
        f'aria-label="Executed instructions for each multiply-accumulate">\n'
        f"<style>{style}</style>\n"
        f'<rect width="{total}" height="{y}" fill="#fff"/>\n' + "\n".join(rows) + "\n</svg>\n"
    )


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
