"""What was aimed at, beside what one run of `scons bench` measured: for docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Names of runtimes in the figures: ours, our portable kernels for speed, CMSIS-NN, emx-onnx-cgen.
OURS, PLAIN, CMSIS_NN, EMX = "nn2flash", "plain_c", "cmsis_nn_graph", "emx_graph"

Figures = dict[str, float]


@dataclass(frozen=True)
class Goal:
    """Most of a figure.

    Attributes:
        title: what is measured.
        figure: its name in `figures`.
        must: what it may be at most.
        aim: what would be better still; None: nothing was said.
        why: says why there is no figure.
    """

    title: str
    figure: str
    must: float
    aim: float | None = None
    why: str = "not measured"


def _rates(
    title: str, network: str, musts: Sequence[float], aims: Sequence[float | None], why: str = ""
) -> tuple[Goal, ...]:
    """Instructions and mca* cycles for each multiply-accumulate, then as shares of CMSIS-NN's."""
    kinds = ("instr/MAC", "mca*/MAC", "instr of CMSIS-NN", "mca* of CMSIS-NN")
    said = {"why": why} if why else {}
    return tuple(
        Goal(f"{title}: {kind.replace('*', chr(92) + '*')}", f"{network} {kind}", must, aim, **said)
        for kind, must, aim in zip(kinds, musts, (*aims, None, None), strict=True)
    )


# Cycles of fully connected networks by both models; of convolutional ones rates, code, arrays.
GOALS = (
    Goal("guide MLP, typical digit of 10,000: mca\\*", "guide typical mca", 18_600, 17_300),
    Goal(
        "guide MLP, typical digit of 10,000: dual-issue", "guide typical dual_issue", 17_300, 16_200
    ),
    Goal("guide MLP, costliest input: mca\\*", "guide costliest mca", 65_000, 62_000),
    Goal("guide MLP, costliest input: dual-issue", "guide costliest dual_issue", 62_000, 59_000),
    Goal("guide MLP, dense: mca\\*", "guide dense mca", 57_500, 55_000),
    Goal("guide MLP, dense: dual-issue", "guide dense dual_issue", 56_000, 53_500),
    Goal("autoencoder, dense: mca\\*", "autoencoder dense mca", 148_000, 141_000),
    Goal("autoencoder, dense: dual-issue", "autoencoder dense dual_issue", 142_000, 136_000),
    *_rates("IC, tables", "ic tables", (0.65, 0.38, 0.27, 0.19), (0.53, 0.31)),
    *_rates("IC, no tables", "ic", (0.87, 0.46, 0.36, 0.23), (0.80, 0.42)),
    *_rates("KWS", "kws", (1.03, 0.59, 0.35, 0.25), (0.90, 0.50)),
    *_rates("VWW", "vww", (1.10, 0.65, 0.34, 0.24), (0.95, 0.54)),
    *_rates("LeNet-5", "lenet_5", (1.20, 0.68, 0.23, 0.16), (0.80, 0.48)),
    Goal("VWW: code, bytes", "vww code", 40 << 10, 24 << 10),
    Goal("VWW: array", "vww auto", 39_424, 29_696),
    Goal("VWW: array, kernels=small", "vww small", 39_424, 29_696),
    Goal("IC: array with tables", "ic tables", 39_936, 29_184),
    Goal("IC: array", "ic auto", 39_936, 29_184),
    Goal("IC: array, kernels=small", "ic small", 36_864, 23_552),
    Goal("KWS: array", "kws auto", 8_448, 8_256),
    Goal("KWS: array, kernels=small", "kws small", 8_448, 8_256),
    Goal("LeNet-5: array", "lenet_5 auto", 5_120, 2_432),
    Goal("LeNet-5: array, kernels=small", "lenet_5 small", 5_120, 2_432),
    Goal("MobileNetV2-like: array", "mbv2s auto", 7_040, 4_736),
    Goal("MobileNetV2-like: array, kernels=small", "mbv2s small", 7_040, 4_736),
    Goal("autoencoder: array", "autoencoder auto", 1_856, 1_440),
    Goal("autoencoder: array, kernels=small", "autoencoder small", 768),
)


def figures(networks: Sequence[Mapping[str, Any]]) -> Figures:
    """Every figure that goals are about, of the results of a run; without what nobody measured."""
    found: dict[str, float | None] = {}
    for network in networks:
        key, macs = network["key"], network["macs"]
        ours = {c["kernels"]: c for c in network["costs"] if c["runtime"] == OURS}
        for kernels in ("auto", "small", "tables"):
            found[f"{key} {kernels}"] = network["arenas"].get(kernels)
        fast = ours["auto"]
        found[f"{key} code"] = fast["code"]
        for model in ("mca", "dual_issue"):
            for which in ("typical", "costliest"):
                found[f"{key} {which} {model}"] = fast[which][model]
            if "dense" in ours:
                found[f"{key} dense {model}"] = ours["dense"]["typical"][model]
        peer = next((c for c in network["costs"] if c["runtime"] == CMSIS_NN), None)
        for name, cost in ((key, fast), (f"{key} tables", ours.get("tables"))):
            found |= _rates_of(name, cost, peer, macs) if cost else {}
    return {name: value for name, value in found.items() if value is not None}


def _rates_of(
    name: str, cost: Mapping[str, Any], peer: Mapping[str, Any] | None, macs: int
) -> dict[str, float | None]:
    """Rates of a network, and shares of a peer's where it was measured."""
    cycles = cost["typical"]["mca"]
    found = {f"{name} instr/MAC": cost["mean"] / macs, f"{name} mca*/MAC": cycles and cycles / macs}
    if peer:
        other = peer["typical"]["mca"]
        found[f"{name} instr of CMSIS-NN"] = cost["mean"] / peer["mean"]
        found[f"{name} mca* of CMSIS-NN"] = cycles and other and cycles / other
    return found


def table(networks: Sequence[Mapping[str, Any]]) -> str:
    """The goals with what was measured, and how many are reached, as Markdown."""
    known = figures(networks)
    lines, count = [], {"aim reached": 0, "reached": 0, "missed": 0, "": 0}
    for goal in GOALS:
        value = known.get(goal.figure)
        verdict = _verdict(goal, value)
        count[verdict.partition(" by")[0].strip("*") if value is not None else ""] += 1
        aim = "–" if goal.aim is None else _shown(goal.aim, goal.figure)
        told = "–" if value is None else _shown(value, goal.figure)
        lines.append(
            f"| {goal.title} | {_shown(goal.must, goal.figure)} | {aim} | {told} | {verdict} |\n"
        )
    reached = count["aim reached"] + count["reached"]
    return (
        f"Of {len(GOALS)} goals {reached} are reached, {count['aim reached']} of these with their "
        f"aims; {count['missed']} are missed, {count['']} not measured.\n\n"
        "| at most | must | aim | measured | |\n|---|---|---|---|---|\n" + "".join(lines)
    )


def _verdict(goal: Goal, value: float | None) -> str:
    if value is None:
        return goal.why
    if goal.aim is not None and value <= goal.aim:
        return "aim reached"
    if value <= goal.must:
        return "reached"
    return f"**missed** by {100 * (value / goal.must - 1):.1f} %"


def _shown(value: float, figure: str) -> str:
    """Shares in percent, rates with three digits, everything else whole."""
    if " of " in figure:
        return f"{100 * value:.1f} %"
    return f"{value:.3f}" if "/MAC" in figure else f"{value:,.0f}"
