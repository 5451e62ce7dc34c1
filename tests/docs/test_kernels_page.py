"""Every kernel is explained to someone who knows CMSIS-NN, with why its bytes are the reference's.

`UPDATE_DOCS=1 .venv/bin/python -m pytest tests/docs/test_kernels_page.py` writes the table of
docs/kernels.md.
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path

from codegen.kernels.kernel import Kernel
from codegen.kernels.registry import kernels

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "kernels.md"
BEGIN, END = "<!-- kernels: begin -->\n\n", "\n<!-- kernels: end -->"

# Where a kernel is explained, with its proof. Of plain C: the rule whose steps it takes one by one.
CONVOLUTIONS, NUMERICS = "convolutions.md", "numerics.md"
EXPLAINED = {
    "Conv: quads": f"{CONVOLUTIONS}#quads-four-filters-in-three-sums",
    "Conv: quad rows": f"{CONVOLUTIONS}#quads-four-filters-in-three-sums",
    "Conv: stacked": f"{CONVOLUTIONS}#stacked-four-pixels-in-three-sums",
    "Conv: tables": f"{CONVOLUTIONS}#tables-six-products-for-four-pixels",
    "Conv: packed": f"{CONVOLUTIONS}#packed-two-filters-two-pixels",
    "Conv: rows": f"{CONVOLUTIONS}#rows-depthwise-3-3",
    "Conv: planes": f"{CONVOLUTIONS}#planes-depthwise",
    "Conv: portable": f"{NUMERICS}#convolution",
    "Conv: portable depthwise": f"{NUMERICS}#convolution",
    "ConvTranspose: portable": f"{NUMERICS}#convolution",
    "Elementwise: integers": f"{CONVOLUTIONS}#integers-residual-sums",
    "Elementwise: portable": f"{NUMERICS}#two-values",
    "Affine: portable": f"{NUMERICS}#two-values",
    "Lookup: portable": f"{NUMERICS}#table",
    "Thresholds: portable": f"{NUMERICS}#functions-of-float-sums",
    "FloatWeights: portable": f"{NUMERICS}#float-outputs",
    "FullyConnectedChain: chain": "#the-loops",
    "FullyConnected: portable": f"{NUMERICS}#fully-connected",
    "MatMul: portable": f"{NUMERICS}#fully-connected",
    "Concat: portable": f"{NUMERICS}#moves",
    "Copy: portable": f"{NUMERICS}#moves",
    "Reshape: portable": f"{NUMERICS}#moves",
    "Select: portable": f"{NUMERICS}#moves",
    "Transpose: portable": f"{NUMERICS}#moves",
    "Interpolate: portable": f"{NUMERICS}#interpolation",
    "MaxPool: portable": f"{NUMERICS}#maximum-and-average",
    "AveragePool: portable": f"{NUMERICS}#maximum-and-average",
    "Rows: rows": "memory.md#two-layers-in-one-pass-over-rows",
    "ArgMax: portable": f"{NUMERICS}#maximum-and-average",
    "Softmax: portable": f"{NUMERICS}#softmax",
    "LogSoftmax: portable": f"{NUMERICS}#softmax",
    "FloatSoftmax: portable": f"{NUMERICS}#softmax-of-float-sums",
}


def named() -> dict[str, Kernel]:
    """Operation and kernel → the kernel."""
    return {
        f"{kind.__name__}: {kernel.name}": kernel
        for kind, some in kernels().items()
        for kernel in some
    }


def table() -> str:
    """What docs/kernels.md shows."""
    lines = [
        "| operation: kernel | in | runs on | explained, with its proof |\n",
        "|---|---|---|---|\n",
    ]
    for name, kernel in sorted(named().items()):
        source = Path(inspect.getfile(type(kernel))).relative_to(ROOT)
        runs = "any processor" if kernel.portable else "SMLAD"
        link = EXPLAINED[name]
        page, _, anchor = link.partition("#")
        words = f"{page.removesuffix('.md')}: {anchor}".removeprefix(": ").replace("-", " ")
        lines.append(f"| {name} | `{source}` | {runs} | [{words}]({link}) |\n")
    return "".join(lines)


def test_every_kernel_is_explained() -> None:
    assert set(EXPLAINED) == set(named()), "explain it, and put here where"


def test_the_page_has_every_kernel() -> None:
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    shown, end, after = rest.partition(END)
    assert begin and end
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(before + begin + table() + end + after, encoding="utf-8")
    else:
        assert shown == table()
