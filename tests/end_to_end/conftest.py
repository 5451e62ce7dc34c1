"""A network that onnxruntime's quantizer made with settings unlike ours, built for QEMU."""

from __future__ import annotations

import fcntl
import itertools
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from tests.graph.project import SCONS, copy_tree
from tests.graph.shared_builds import shared_builds

SIZES = (37, 53, 11, 5)


class Calibration(CalibrationDataReader):  # type: ignore[misc]
    """Fifty seeded inputs."""

    def __init__(self) -> None:
        generator = np.random.default_rng(7)
        self.rows = iter(generator.normal(0.3, 1.0, (50, 1, SIZES[0])).astype(np.float32))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next input, or None."""
        row = next(self.rows, None)
        return None if row is None else {"x": row}


def write_float_model(path: Path) -> None:
    """MatMul, Add and Relu layers with a Softmax, opset 15: another exporter's style."""
    random = np.random.default_rng(3)
    nodes, constants, tensor = [], [], "x"
    for index, (inputs, outputs) in enumerate(itertools.pairwise(SIZES)):
        weights = random.normal(0, 0.3, (inputs, outputs)).astype(np.float32)
        bias = random.normal(0, 0.2, outputs).astype(np.float32)
        constants.append(numpy_helper.from_array(weights, f"w{index}"))
        constants.append(numpy_helper.from_array(bias, f"b{index}"))
        nodes.append(helper.make_node("MatMul", [tensor, f"w{index}"], [f"m{index}"]))
        nodes.append(helper.make_node("Add", [f"m{index}", f"b{index}"], [f"a{index}"]))
        tensor = f"a{index}"
        if index < len(SIZES) - 2:
            nodes.append(helper.make_node("Relu", [tensor], [f"r{index}"]))
            tensor = f"r{index}"
    nodes.append(helper.make_node("Softmax", [tensor], ["y"], axis=1))
    graph = helper.make_graph(
        nodes,
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, SIZES[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, SIZES[-1]])],
        constants,
    )
    opsets = [helper.make_opsetid("", 15)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


@dataclass(frozen=True)
class Firmware:
    """A finished build.

    Attributes:
        folder: its build folder.
        output: what `scons sim` printed.
    """

    folder: Path
    output: str

    @property
    def elf(self) -> Path:
        """The firmware for QEMU."""
        return self.folder / "mps2_an500" / "firmware.elf"


def copy_beside(folder: Path) -> Path:
    """A copy of this tree whose build folder `folder` becomes a link to; made by the first call."""
    tree = folder.with_name(f"{folder.name} of")
    if not tree.exists():
        copy_tree(tree)
        folder.symlink_to(tree / "build")
    return tree


def scons(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run SCons on the copy beside `folder`, which shares what other tests' copies built."""
    shared = [f"{key}={value}" for key, value in shared_builds().items()]
    return subprocess.run(
        [SCONS, "-Q", *shared, *words],
        cwd=copy_beside(folder),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def other_model(shared_dir: Path) -> Path:
    """uint8 activations, per-tensor int8 weights."""
    path = shared_dir / "other_int8.onnx"
    with (shared_dir / "other.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            plain = shared_dir / "other.onnx"
            write_float_model(plain)
            quantize_static(
                plain,
                path,
                Calibration(),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=False,
            )
    return path


def build(shared_dir: Path, model: Path, kernels: str) -> Firmware:
    """Build for QEMU and simulate once per session, with warnings as errors."""
    folder, record = shared_dir / f"other build {kernels}", shared_dir / f"other-{kernels}.out"
    with (shared_dir / f"other-build-{kernels}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            done = scons(folder, "sim", f"network={model}", f"kernels={kernels}", "werror=1")
            assert done.returncode == 0, done.stdout + done.stderr
            record.write_text(done.stdout)
    return Firmware(folder, record.read_text())


@pytest.fixture(scope="session")
def firmware(shared_dir: Path, other_model: Path) -> Firmware:
    """With the kernels that are chosen by themselves."""
    return build(shared_dir, other_model, "auto")


@pytest.fixture(scope="session")
def plain_firmware(shared_dir: Path, other_model: Path) -> Firmware:
    """With portable kernels: weights and multipliers stand apart, so that one can be damaged."""
    return build(shared_dir, other_model, "portable")
