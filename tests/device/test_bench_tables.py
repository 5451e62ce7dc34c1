"""The pages of the benchmark: goals beside what was measured, layers beside other runtimes."""

from __future__ import annotations

from typing import Any

import pytest

from device.bench.conv_table import compared, summary
from device.bench.goals import CMSIS_NN, EMX, GOALS, OURS, PLAIN, figures, table


def cycles(mca: int | None, dual_issue: int) -> dict[str, Any]:
    return {"mca": mca, "dual_issue": dual_issue, "mca_spread": 0, "dual_issue_spread": 0}


def network(key: str, **more: Any) -> dict[str, Any]:
    """A network's results, as far as goals read them: 1,000 multiply-accumulates."""
    told = {"typical": cycles(400, 350), "costliest": cycles(600, 500), "code": 9_000}
    auto = {"runtime": OURS, "kernels": "auto", "mean": 800.0, **told}
    costs = [auto, {**auto, "kernels": "dense"}]
    peer = {"runtime": CMSIS_NN, "mean": 3_200.0, "typical": cycles(2_000, 1_500)}
    costs += [] if key in {"guide", "autoencoder"} else [peer]
    arenas = {"auto": 8_000, "small": 700}
    return {"key": key, "macs": 1_000, "costs": costs, "arenas": arenas, **more}


@pytest.fixture
def networks() -> list[dict[str, Any]]:
    keys = ("guide", "autoencoder", "ic", "kws", "vww", "lenet_5", "mbv2s")
    made = [network(key) for key in keys]
    tabled = next(each for each in made if each["key"] == "ic")
    tabled["arenas"]["tables"] = 9_000
    typical = cycles(350, 300)
    tabled["costs"].append({**tabled["costs"][0], "kernels": "tables", "typical": typical})
    return made


def test_every_goal_is_of_something_measured(networks: list[dict[str, Any]]) -> None:
    assert not {goal.title for goal in GOALS if goal.figure not in figures(networks)}


def test_verdicts(networks: list[dict[str, Any]]) -> None:
    text = table(networks)
    assert "| KWS: instr/MAC | 1.030 | 0.900 | 0.800 | aim reached |" in text
    assert "| IC, no tables: mca\\*/MAC | 0.460 | 0.420 | 0.400 | aim reached |" in text
    assert "| IC, no tables: instr of CMSIS-NN | 36.0 % | – | 25.0 % | reached |" in text
    assert "| autoencoder: array | 1,856 | 1,440 | 8,000 | **missed** by 331.0 % |" in text
    assert "| IC, tables: mca\\*/MAC | 0.380 | 0.310 | 0.350 | reached |" in text
    assert "| IC: array with tables | 39,936 | 29,184 | 9,000 | aim reached |" in text
    counted = [text.count(f"| {word} |") for word in ("aim reached", "reached", "not measured")]
    missed = text.count("**missed**")
    assert text.startswith(
        f"Of {len(GOALS)} goals {counted[0] + counted[1]} are reached, {counted[0]} of these with "
        f"their aims; {missed} are missed, {counted[2]} not measured."
    )
    assert sum(counted) + missed == len(GOALS)


def row(name: str, ours: int, peer: int | None, **more: Any) -> dict[str, Any]:
    told = {"instructions": peer, **cycles(4 * (peer or 0), 1), "equal": 9, "bytes": 10, "most": 1}
    return {
        "names": [name],
        "titles": ["conv"],
        "kernels": ["quads"],
        "macs": 100,
        "constants": 1_100,
        "scratch": 70,
        OURS: {"instructions": ours, **cycles(2 * ours, ours)},
        PLAIN: {"instructions": 900},
        CMSIS_NN: told if peer else None,
        EMX: {"instructions": 950},
        **more,
    }


def test_a_faster_runtime_is_shown() -> None:
    rows = [row("a", 100, 300), row("b", 200, 60), row("c", 910, None)]
    costs = [{"runtime": OURS, "mean": 1_290.0}]
    text = compared({"compared": rows, "costs": costs})
    assert "| `a` conv | quads | 100 | 100 | 1.000 | 2.000 | 1.000 | 300 | 3.000 | 12.000 |" in text
    assert "| 90.00 %, ±1 | 900 | 950 | 33 % | 17 % | 1,100 | 70 |" in text
    assert "| **333 %** | **167 %** |" in text
    assert "a run takes 80 instructions" in text
    told = text.partition("**Another runtime is faster here:**\n\n")[2].splitlines()
    assert told == [
        "- `b`: CMSIS-NN takes 60 instructions, ours 200",
        "- `b`: CMSIS-NN takes 240 mca\\* cycles, ours 400",
        "- `c`: plain C takes 900 instructions, ours 910",
    ]


def test_networks_are_summed_up_in_a_line() -> None:
    known = network("ic", compared=[], title="ResNet-8: of an image")
    known["costs"] += [
        {"runtime": PLAIN, "mean": 8_000.0, "typical": cycles(4_000, 1)},
        {"runtime": EMX, "mean": 16_000.0, "typical": cycles(None, 1)},
    ]
    line = "| ResNet-8 | 1,000 | 0.800 | 0.400 | 25.0 % | 20.0 % | 23.3 % | 10.0 % | 10.0 % |"
    assert summary([known, network("guide")]).endswith(f"\n{line} 5.0 % | – |\n")


def test_nothing_faster_is_said_too() -> None:
    text = compared({"compared": [row("a", 100, 300)], "costs": [{"runtime": OURS, "mean": 100}]})
    assert text.endswith("No other runtime is faster in any layer.\n")
