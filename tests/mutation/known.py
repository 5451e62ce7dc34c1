"""Faults that survived all tests once, each with the tests that notice it now."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """A fault.

    Attributes:
        path: of the file, in the project.
        old, new: what stands there once, and what stood in its place.
        tests: arguments of pytest.
    """

    path: str
    old: str
    new: str
    tests: tuple[str, ...]


_ADD = ("tests/ops/test_elementwise.py", "-k", "clamp")
_BIAS = "tests/ops/test_fully_connected.py"
_CHAINS = "tests/kernels/test_chain_unicorn.py"
_MISUSE = ("tests/runtime/test_misuse.py", "-k", "host")
_PLACE = "tests/codegen/test_wrong_boards.py"
_REGISTERS = "tests/board_h750/test_registers.py"

KNOWN = {
    "slack of thresholds": Known(
        "codegen/kernels/thresholds.py",
        "np.abs(exact) * 2.0**-22",
        "np.abs(exact) * 0",
        ("tests/kernels/test_requantize.py", "-k", "whole_search"),
    ),
    "end of a list": Known(
        "codegen/kernels/fully_connected/chain/plan.py",
        "LIST_END = 3",
        "LIST_END = 2",
        (_CHAINS, "-k", "never_leaves"),
    ),
    "lane": Known(
        "codegen/kernels/fully_connected/chain/plan.py",
        "_LANE = 2**15 - 256",
        "_LANE = 2**16",
        (_CHAINS, "-k", "lane"),
    ),
    "bias after a clamp": Known(
        "codegen/weighted_sum.py",
        "self.bias is not None or self.clipped",
        "self.bias is not None",
        _ADD,
    ),
    "zero point of a bias": Known(
        "codegen/weighted_sum.py",
        " and not bias.zero_point.any():",
        ":",
        (_BIAS, "-k", "bias_with_zero_point"),
    ),
    "bias that is a column": Known(
        "codegen/weighted_sum.py",
        "size == 1 or position == axis",
        "True",
        (_BIAS, "-k", "column"),
    ),
    "reach of products": Known(
        "codegen/weighted_sum.py",
        "products = 256 *",
        "products = 255 *",
        (_BIAS, "-k", "reach"),
    ),
    "reserved start": Known(
        "codegen/place.py",
        'int(m["length"]) - int(m.get("reserve_start") or 0)',
        'int(m["length"])',
        (_PLACE, "-k", "reserved"),
    ),
    "negative sizes": Known(
        "codegen/commands/place.py",
        "min((*sizes.values(), *blocks)) < 0",
        "False",
        (_PLACE, "-k", "negative"),
    ),
    "numbers beyond JSON": Known(
        "support/files.py",
        "if not math.isfinite(value := float(text)):",
        "if (value := float(text)) is None:",
        (_PLACE, "-k", "infinite or no_json"),
    ),
    "messages of a file": Known(
        "codegen/reader/wire.py",
        " or messages > MAX_MESSAGES",
        "",
        ("tests/codegen/test_wire.py",),
    ),
    "declared shape": Known(
        "codegen/reader/ends.py",
        "size not in (None, real)",
        "False",
        ("tests/codegen/test_declared.py",),
    ),
    "second marker": Known(
        "firmware/runtime/nn_runtime.c",
        "table[0] == marker && table[entries + 1u] == marker",
        "entries != 0u && table[0] == marker",
        _MISUSE,
    ),
    "64 bits of a size": Known(
        "firmware/runtime/nn_runtime.c",
        "(ai_u64)port->size * batches",
        "port->size * batches",
        _MISUSE,
    ),
    "order of operands": Known(
        "firmware/runtime/kernels/nn_elementwise.c",
        "return a - b;",
        "return b - a;",
        ("tests/ops/test_elementwise.py", "-k", "c_agrees and constant_sub_from"),
    ),
    "each step is rounded": Known(
        "firmware/runtime/kernels/nn_requantize.h",
        '    __asm__("" : "+r"(bits));\n',
        "",
        ("tests/runtime/test_flags.py", "-k", "test_bytes and clang and m7"),
    ),
    "output over the input": Known(
        "firmware/runtime/nn_placing.h",
        "own_needed ? own : output;",
        "own_needed && !own ? own : output;",
        ("tests/runtime/test_anyhow.py", "-k", "single and host"),
    ),
    "integers of 33 bits": Known(
        "codegen/kernels/elementwise/integers.py",
        "_INT32 = 1 << 31",
        "_INT32 = 2 << 31",
        ("tests/ops/test_elementwise_integers.py", "-k", "does_not_fit"),
    ),
    "reach of windows": Known(
        "codegen/ops/max_pool.py",
        "        for i in (0, 1)\n    ]",
        "        for i in (1, 1)\n    ]",
        ("tests/ops/test_pool.py", "-k", "onnxruntime and max_ceil_below"),
    ),
    "more bytes than expected": Known(
        "device/comparison.py",
        "self.identical == self.total == self.received",
        "self.identical == self.total",
        ("tests/device/test_comparison.py",),
    ),
    "ratio of a zip": Known(
        "codegen/xcube/archive.py",
        "STEEPEST_RATIO * max(",
        "STEEPEST_RATIO + max(",
        ("tests/xcube/test_archive.py", "-k", "packs"),
    ),
    "too many elements of a shape": Known(
        "codegen/ops/reshape.py",
        "np.int64 or not 1 <=",
        "np.int64 and not 1 <=",
        ("tests/ops/test_reshape.py", "-k", "cannot_be"),
    ),
    "a console without a byte": Known(
        "device/emulators/h750/serve.py",
        "return -1",
        "return -2",
        (_REGISTERS, "-k", "console"),
    ),
    "a byte that is zero": Known(
        "device/emulators/h750/usart.py",
        "self._byte >= 0",
        "self._byte > 0",
        (_REGISTERS, "-k", "received"),
    ),
    "locked option bytes": Known(
        "device/emulators/h750/flash.py",
        "not locked and value & 2",
        "value & 2",
        (_REGISTERS, "-k", "option"),
    ),
    "VCO": Known(
        "device/emulators/h750/rcc.py",
        'self.demand(low <= mhz <= high, "clock.pll-range", f"VCO {mhz:g} MHz")',
        "pass",
        (_REGISTERS, "-k", "vco"),
    ),
    "registers of an open window": Known(
        "device/emulators/h750/quadspi.py",
        "idle = self._busy.over and not self.mapped",
        "idle = self._busy.over",
        (_REGISTERS, "-k", "window"),
    ),
    "write enable latch": Known(
        "device/emulators/h750/mt25q.py",
        "if not self._write_enabled or not self._check_lines(command, address, data):",
        "if not self._check_lines(command, address, data):",
        (_REGISTERS, "-k", "enable"),
    ),
    "run lengths of gdb's protocol": Known(
        "device/rsp.py",
        "            index += 1\n            out += bytes",
        "            pass\n            out += bytes",
        ("tests/device/test_rsp.py",),
    ),
    "scales of two channels": Known(
        "codegen/reader/constants.py",
        "if self.scale.size > 1:\n            shape",
        "if self.scale.size > 2:\n            shape",
        ("tests/codegen/test_constants.py",),
    ),
    "class of a runtime": Known(
        "device/bench/measure.py",
        "outputs[:, 0] == wanted",
        "outputs[:, 1] == wanted",
        ("tests/device/test_bench_identical.py",),
    ),
    "pages that are kept": Known(
        "site_scons/site_tools/cleaning.py",
        "for n in gone if not n.precious or contents.signature(n.abspath) != _recorded(n)]",
        "for n in made if n.has_builder()]",
        ("tests/graph/test_never_half_done.py", "-k", "page_that_fails"),
    ),
    "half a quantization": Known(
        "codegen/xcube/bundle.py",
        "if scale is None and zero_point is None and request.graph:",
        "if zero_point is None and request.graph:",
        ("tests/xcube/test_refused.py", "-k", "half_given"),
    ),
    "layers without a size": Known(
        "codegen/layer_sizes.py",
        'layer.get("constants_bytes", 0)',
        'layer.get("constants_bytes", 1)',
        ("tests/codegen/test_layer_sizes.py",),
    ),
    "a login without a token": Known(
        "device/cloud/login.py",
        'raise UserError(f"ST\'s cloud gave no token (status {answer.status})", "try again later")',
        "pass",
        ("tests/device/cloud/test_login.py", "-k", "without_a_token"),
    ),
}
