"""Mutants that change nothing, with the proof: (file, line of code, old text, new text) → why.

Where only one of those alike in all four changes nothing, its number stands behind them.
"""

from __future__ import annotations

_NARROWING = "it holds for every file that is there: it is mypy that has to be told"

EXPLAINED: dict[tuple[str, str, str, str] | tuple[str, str, str, str, int], str] = {
    (
        "codegen/reader/tflite/file.py",
        "if buffer.DataIsNone() or not buffer.DataLength():",
        "buffer.DataIsNone() or",
        "",
    ): "a vector that is not there has the length 0 in the schema's readers",
    (
        "codegen/ops/transpose.py",
        "return tuple(found) or ((1, 1),)",
        "1",
        "2",
    ): "of one element, whose index is 0 along any axis",
    (
        "codegen/kernels/overlap.py",
        "beside = np.where((channels > 1) & (beside < size), beside, size)",
        "<",
        "<=",
    ): "where `beside` is `size`, either is taken",
    (
        "codegen/passes/rows.py",
        "if not isinstance(op, Conv | MaxPool) or op.window.output[0] < 2:",
        "or op.window.output[0] < 2",
        "",
    ): "of one row there are no fewer rows than all, and a pair without such is none",
    (
        "codegen/selftest.py",
        "seeds = range(1, 1 + _CANDIDATES)",
        "1",
        "2",
        1,
    ): "one input more is computed; the best is looked for among the former ones",
    (
        "codegen/reference.py",
        "known |= zip(fused.outputs, results, strict=True)",
        "True",
        "False",
    ): "an operation has as many results as outputs, which `Graph.verify` holds",
    (
        "device/gdb.py",
        "if time.monotonic() > stop:",
        ">",
        ">=",
    ): "the clock has nanoseconds: a try more or less after 30 s",
    (
        "codegen/weighted_sum.py",
        "if bias.scale is not None and bias.zero_point is not None and not bias.zero_point.any():",
        "and bias.zero_point is not None",
        "",
    ): "a constant has its scale and its zero point together, or neither: mypy has to be told",
    (
        "device/bench/dual_issue.py",
        "_FLOAT_LOAD: Ready = (1, 1, 1, 1)",
        "1",
        "2",
        1,
    ): "no register of the FPU is an address or read early, which the second number is for",
    (
        "device/commands/bench.py",
        "background = np.bincount(tests.reshape(-1).astype(np.int64) + 128).argmax() - 128",
        "1",
        "2",
    ): "any negative size is the one that NumPy finds out",
    (
        "device/debugport/pyocd_probe.py",
        "return _late(self._transfer([(wire.READ_DP, addr & 0xC, 0)])[0], now)",
        "0",
        "1",
        0,
    ): "the value beside a read is sent, and not looked at (`Transactions._one`)",
    (
        "firmware/runtime/kernels/nn_elementwise.c",
        "return a > b ? a : b;",
        ">",
        ">=",
    ): "equal numbers give the same byte, zeros of either sign too",
    (
        "firmware/runtime/kernels/nn_float_softmax.c",
        "largest = input[i * stride] > largest ? input[i * stride] : largest;",
        ">",
        ">=",
    ): "an equal number is the largest, too; zeros of either sign are equally far from all",
    (
        "device/emulators/h750/scs.py",
        "self._looks = 0 if wrapped else self._looks + 1",
        "1",
        "2",
    ): "how soon the model skips time in which the firmware only waits: the time is the same",
    (
        "site_scons/site_tools/standalone.py",
        "assert spec and spec.loader",
        "and",
        "or",
    ): _NARROWING,
    (
        "site_scons/site_tools/standalone.py",
        "assert spec and spec.loader",
        "and spec.loader",
        "",
    ): _NARROWING,
    (
        "templates/ops/fully_connected_quads.S.j2",
        "movs    r2, #0",
        "movs r2, #0",
        "",
        0,
    ): "the words of weights behind the last inputs are zeros, so any pairs may stand there",
}
