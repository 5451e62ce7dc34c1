"""model/: the quantized ONNX file, trained as a module says or given, and inputs to try it with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_tools.model_files import Dataset, Model
from site_tools.module_literals import TEST_SUBSET

if TYPE_CHECKING:
    from site_tools.places import Places

PARTS = ("t10k-images-idx3", "t10k-labels-idx1", "train-images-idx3", "train-labels-idx1")


def model(env: Any, places: Places) -> Model:
    """Declare the model that the settings ask for."""
    dataset = _dataset(env, places)
    # A bundle alone is the network: its manifest tells what the inputs must be.
    if env["network"] or env["ai"] == "bundle":
        return _given(env, places, dataset)
    made: Model = env.TrainedNetwork(places, dataset)
    return made


def _dataset(env: Any, places: Places) -> Dataset:
    """Declare the fetching of MNIST."""
    own = (
        str(Path(env.GetLaunchDir(), env["data_dir"])) if env["data_dir"] else f"{places.out}/data"
    )
    folder = env.Dir(own)
    dataset = Dataset(folder, [folder.File(f"MNIST/raw/{name}-ubyte") for name in PARTS])
    env.Run("DATASET", "model dataset", dataset.files, dataset.words)
    # A copy of the user's own is checked, never removed.
    env.Precious(dataset.files)
    env.NoClean(dataset.files)
    return dataset


def strict(env: Any) -> list[str]:
    """Inputs that clip or collapse: warned of, or refused."""
    return ["--strict"] if env["strict"] == "1" else []


def reference(env: Any, int8: Any, inputs: Any, out: Any) -> Any:
    """Declare the integer reference's outputs; a bundle alone has none."""
    words = ["--model", int8, "--inputs", inputs, *strict(env), "--out", out]
    return env.Run("REFERENCE", "codegen reference", [out], words)[0] if int8 else None


def _quantized(
    env: Any, float_model: Any, calibration: Any, out: Sequence[Any], normalize: str = ""
) -> Any:
    """Declare the quantizing of a float network by inputs like those that it will see.

    Args:
        out: the int8 file, and the report.
    """
    return env.Run(
        "QUANTIZE",
        "model quantize",
        out,
        {
            "--onnx": float_model,
            "--calibration": calibration,
            "--normalize": normalize,
            "--max-accuracy-drop": "$max_accuracy_drop",
            "--out": out[0],
            "--report": out[1],
        },
    )


def _inputs(
    env: Any, ends: Any, source: Any, normalize: str, *, out: Any, beside: Sequence[Any] = ()
) -> None:
    """Declare inputs as the network takes them, of a file or random ones.

    Args:
        source: a file's node, or "".
        beside: nodes of files that are read with it.
    """
    count = str(max(1000, int(env["subset_size"])))
    words = [*ends, "--count", count]
    of = {"--from": source, "--normalize": normalize, "--out": out}
    env.Run("INPUTS", "codegen inputs", [out], [*words, of], also=beside)


def _given(env: Any, places: Places, dataset: Dataset) -> Model:
    """A network of the user's, quantized here where it is float."""
    targets: dict[str, Any] = {}
    int8 = env.Given(env["network"]) if env["network"] else None
    normalize = env["normalize"] or ("" if int8 or env["inputs"] else "0.5,0.5")
    if env["calibration"]:
        float_model, suffix = int8, places.name_suffix
        int8 = places.made(f"model/network_int8{suffix}.onnx")
        quantization = places.made(f"model/quantization{suffix}.json")
        calibration = env.Given(env["calibration"])
        targets["quantize"] = _quantized(
            env, float_model, calibration, [int8, quantization], normalize
        )
    manifest = places.network.File(f"{env['name']}_manifest.json")
    ends = ("--model", int8) if int8 else ("--manifest", manifest)
    inputs = env["inputs"] or env["calibration"] or ("" if int8 else "mnist")
    test_images = places.made(
        "model/test.npz" if int8 else f"model/test{places.network_suffix}.npz"
    )
    source = dataset.files[0] if inputs == "mnist" else inputs and env.Given(inputs)
    beside = dataset.files[:2] if inputs == "mnist" else ()
    _inputs(env, ends, source, normalize, out=test_images, beside=beside)
    typical = test_images
    if env["calibration"] and env["inputs"]:
        # What the network is tried with chooses nothing where there is something else.
        typical = places.made("model/typical.npz")
        _inputs(env, ends, env.Given(env["calibration"]), normalize, out=typical)
    return Model(
        dataset=dataset,
        int8=int8,
        ends=ends,
        test_images=test_images,
        # Random inputs say nothing about what the network will see.
        typical=("--calibration", typical) if inputs else (),
        reference=reference(env, int8, test_images, places.made("model/reference_test.npz")),
        # A bundle alone is the guide's network as ST's tool generates it.
        subset=TEST_SUBSET if int8 else env.UsersModule(places.out).subset,
        targets=targets,
    )


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Model`, `env.Reference` and `env.Strict`."""
    env.AddMethod(model, "Model")
    env.AddMethod(reference, "Reference")
    env.AddMethod(strict, "Strict")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
