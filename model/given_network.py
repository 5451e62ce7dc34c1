"""A float network of anyone's is quantized: calibrations tried and told of, the best kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from model import calibration, float_onnx, given_inputs, onnx_file, quality
from model.quality import Quality
from model.session import session_of
from support.calibration_methods import METHODS
from support.errors import UserError
from support.files import read_json, together, write_json
from support.normalization import packed


@dataclass(frozen=True)
class Tried:
    """Everything about a float network and its int8 ones.

    Attributes:
        models: int8, by method of calibration.
        judged: what each is worth.
        best: the method to keep.
        float_right: inputs that the float network reads right; None without labels.
        calibrated, compared: how many inputs set the ranges, and how many others judged.
        alike: too few to tell apart: the same did both.
        epochs: of quantization-aware training before; 0: none.
    """

    models: dict[str, onnx.ModelProto]
    judged: dict[str, Quality]
    best: str
    float_right: int | None
    calibrated: int
    compared: int
    alike: bool = False
    epochs: int = 0

    @property
    def lost(self) -> int:
        """Inputs that float reads right more than the best int8 network; 0 without labels."""
        return (self.float_right or 0) - (self.judged[self.best].right or 0)

    def loses_more_than(self, allowed: float) -> bool:
        """Whether that is more than so many percentage points; one input is never too many."""
        return self.lost > 1 and 100 * self.lost / self.compared > allowed


def quantize(
    onnx_path: Path,
    inputs_path: Path,
    normalize: tuple[float, float] | None,
    validation_path: Path | None = None,
    *,
    model: onnx.ModelProto | None = None,
    method: str | None = None,
) -> Tried:
    """Try every method of calibration, and judge each by inputs that set no range.

    Args:
        validation_path: those inputs; None: some of the others, which then do not calibrate.
        model: in the place of the file's, which then only names it.
        method: the only one to try.

    Raises:
        UserError: the network or the inputs are not what they must be.
    """
    model = float_onnx.read(onnx_path) if model is None else model
    ends = float_onnx.inputs(model)
    given = given_inputs.read(inputs_path, ends, normalize)
    if validation_path is None:
        inputs, judging = given.apart()
    else:
        inputs, judging = given, given_inputs.read(validation_path, ends, normalize)
    _check_labels(onnx_path, validation_path or inputs_path, model, judging)
    prepared = calibration.prepare(onnx_path, model)
    methods = (method,) if method else METHODS
    typical = calibration.fitting(prepared, inputs, methods)
    models = {each: calibration.quantize(onnx_path, prepared, typical, each) for each in methods}
    told = onnx_file.normalization_of(model)
    if inputs.normalization:
        told = packed(inputs.normalization)
    for int8_model in models.values():
        onnx_file.set_normalization(int8_model, told)
    compared = judging.spread(quality.MOST_INPUTS)
    judged, float_right = quality.judge(onnx_path, prepared, models, compared)
    # The first of the best: max keeps the order of preference.
    best = max(judged, key=lambda method: judged[method].rank)
    alike = inputs is judging
    return Tried(models, judged, best, float_right, len(typical), len(compared), alike)


def quantize_file(
    path: Path,
    inputs_path: Path,
    normalize: tuple[float, float] | None,
    validation_path: Path | None = None,
    *,
    max_drop: float,
    out: Path,
    report_path: Path | None,
) -> None:
    """Quantize a file, tell what each calibration is worth, and write the best int8 network.

    Args:
        normalize: mean and standard deviation of the training transform, for the inputs.
        validation_path: inputs that judge, as of `quantize`.
        max_drop: percentage points of accuracy that int8 may lose.
        report_path: JSON with scales and accuracy; None: none.

    Raises:
        UserError: a file is not what it must be, or int8 loses more; nothing was written.
    """
    keep(
        path,
        quantize(path, inputs_path, normalize, validation_path),
        max_drop=max_drop,
        out=out,
        report_path=report_path,
    )


def keep(path: Path, tried: Tried, *, max_drop: float, out: Path, report_path: Path | None) -> None:
    """Tell what each calibration is worth, and write the best int8 network and its report.

    Raises:
        UserError: int8 loses more than allowed; nothing was written.
    """
    print(table(tried))
    check_loss(path, tried, max_drop)
    with together([out, *([report_path] if report_path else [])]) as (onnx_to, *report_to):
        onnx_file.write_given(onnx_to, tried.models[tried.best])
        for to in report_to:
            write_json(to, report(tried))
    print(summary(tried))


def _check_labels(
    onnx_path: Path, inputs_path: Path, model: onnx.ModelProto, inputs: given_inputs.GivenInputs
) -> None:
    """Refuse labels that the network has no output for; run it once."""
    with calibration.told(onnx_path, "run"):
        outputs = session_of(model, optimize=False).run(None, inputs.feed(0))
    if not all(np.isfinite(values).all() for values in outputs if values.dtype.kind == "f"):
        raise UserError(
            f"{onnx_path}: its output for the first input of {inputs_path} is not finite",
            "give inputs as in training (normalize=), or look at the network",
        )
    if inputs.labels is not None and int(inputs.labels.max()) >= outputs[0].size:
        raise UserError(
            f"{inputs_path}: label {int(inputs.labels.max())}, the network has"
            f" {outputs[0].size} outputs",
            "give classes from 0 up, or leave the labels out",
        )


def check_loss(path: Path, tried: Tried, allowed: float) -> None:
    """Refuse an int8 network that reads too many inputs wrong.

    Raises:
        UserError: more than `allowed` percentage points were lost.
    """
    points = 100 * tried.lost / tried.compared
    if tried.loses_more_than(allowed):
        raise UserError(
            f"{path}: int8 loses {points:.2f} points of accuracy ({accuracy(tried)}); "
            f"{allowed:g} are allowed",
            "give more and more typical calibration inputs, or allow more: max_accuracy_drop=",
        )


def better(before: Tried, after: Tried, epochs: int) -> Tried:
    """Of a network's int8 forms before and after some more training the better one.

    What int8 may lose counts from the float network that was trained first. Without labels nothing
    can be compared: the later one.
    """
    after = replace(after, float_right=before.float_right, epochs=epochs)
    first, second = (each.judged[each.best].right for each in (before, after))
    if first is not None and second is not None and second < first:
        print(f"quantize: {accuracy(after)} after it, no better: the network stays as it was")
        return before
    return after


def accuracy(tried: Tried) -> str:
    """Both accuracies in a few words, where labels are known."""
    if tried.float_right is None:
        return f"{tried.compared:,} inputs compared"
    float_percent, int8_percent = (
        100 * (right or 0) / tried.compared
        for right in (tried.float_right, tried.judged[tried.best].right)
    )
    return (
        f"accuracy float {float_percent:.2f} %, int8 {int8_percent:.2f} % "
        f"of {tried.compared:,} inputs"
    )


def summary(tried: Tried) -> str:
    """The last line: which was kept, and what it is worth."""
    best = tried.judged[tried.best]
    told = [f"output {best.sqnr[best.output]:.1f} dB"]
    if tried.float_right is not None:
        told.insert(0, accuracy(tried))
    if tried.epochs:
        told.append(f"after {tried.epochs} epochs of quantization-aware training")
    text = f"quantize: {', '.join(told)}, calibrated by {tried.best} of {tried.calibrated:,} inputs"
    return text + (", the same that judged" if tried.alike else "")


def table(tried: Tried) -> str:
    """What each method gives, per tensor."""
    return "\n".join(_lines(tried))


def _lines(tried: Tried) -> Iterator[str]:
    methods = list(tried.judged)
    columns = "".join(f"{method + '*' * (method == tried.best):>13}" for method in methods)
    yield f"{f'Calibrated by (of {tried.calibrated:,} inputs; * is kept)':<44}{columns}"
    if tried.float_right is not None:
        rights = [tried.judged[method].right or 0 for method in methods]
        shown = "".join(f"{100 * right / tried.compared:>11.2f} %" for right in rights)
        name = f"accuracy (float {100 * tried.float_right / tried.compared:.2f} %)"
        yield f"  {name:<42}{shown}"
    yield "  signal to quantization noise of each tensor, dB"
    names = dict.fromkeys(name for each in tried.judged.values() for name in each.sqnr)
    for name in names:
        cells = "".join(
            f"{tried.judged[method].sqnr.get(name, float('nan')):>13.1f}" for method in methods
        )
        yield f"    {name[-40:]:<40}{cells}"


def report(tried: Tried) -> dict[str, Any]:
    """What the JSON report holds."""
    return {
        "generator": onnx_file.PRODUCER,
        "calibration": {
            "inputs": tried.calibrated,
            "method": tried.best,
            "compared": tried.compared,
            "quantization_aware_epochs": tried.epochs,
            "float_right": tried.float_right,
            "methods": {
                method: {
                    "right": each.right,
                    # JSON has no infinity: nothing was lost.
                    "sqnr_db": {
                        name: value if np.isfinite(value) else None
                        for name, value in each.sqnr.items()
                    },
                }
                for method, each in tried.judged.items()
            },
        },
        "versions": {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__},
    }


def is_report(path: Path) -> bool:
    """Whether a file is such a report."""
    try:
        content = read_json(path)
    except UserError:
        return False
    ours = isinstance(content, dict) and content.get("generator") == onnx_file.PRODUCER
    return ours and "calibration" in content
