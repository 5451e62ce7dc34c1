"""model/: the quantized ONNX file, trained as a module says or given, and inputs to try it with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_tools.model_files import Datasets, Model
from site_tools.module_literals import TEST_SUBSET
from site_tools.standalone import standalone

if TYPE_CHECKING:
    from site_tools.places import Places

data_sets = standalone("data_sets")


def model(env: Any, places: Places) -> Model:
    """Declare the model that the settings ask for."""
    datasets = _datasets(env, places)
    # A bundle alone is the network: its manifest tells what the inputs must be.
    if env["network"] or env["ai"] == "bundle":
        return _given(env, places, datasets)
    made: Model = env.TrainedNetwork(places, datasets)
    return made


def _datasets(env: Any, places: Places) -> Datasets:
    """Declare the fetching of each set; who depends on none of its files fetches nothing."""
    own = (
        str(Path(env.GetLaunchDir(), env["data_dir"])) if env["data_dir"] else f"{places.out}/data"
    )
    folder = env.Dir(own)
    files = {}
    for name, each in data_sets.SETS.items():
        names = sorted(file.name for file in each.files)
        files[name] = [folder.File(f"{each.folder}/{file}") for file in names]
        # Where the files lie says nothing about what is made of them.
        words = ["--set", name, "--data", "$(", folder, "$)"]
        env.Run("DATASET", "model dataset", files[name], words)
        # A copy of the user's own is checked, never removed.
        env.Precious(files[name])
        env.NoClean(files[name])
    return Datasets(folder, files)


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


def _given(env: Any, places: Places, datasets: Datasets) -> Model:
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
    # A bundle alone is the guide's network as ST's tool generates it.
    guides = None if int8 else env.UsersModule(places.out)
    inputs = env["inputs"] or env["calibration"] or (guides.source if guides else "")
    test_images = places.made(
        "model/test.npz" if int8 else f"model/test{places.network_suffix}.npz"
    )
    beside = datasets.tried(inputs) if inputs in data_sets.TRIED else []
    source = beside[0] if beside else inputs and env.Given(inputs)
    _inputs(env, ends, source, normalize, out=test_images, beside=beside)
    typical = test_images
    if env["calibration"] and env["inputs"]:
        # What the network is tried with chooses nothing where there is something else.
        typical = places.made("model/typical.npz")
        _inputs(env, ends, env.Given(env["calibration"]), normalize, out=typical)
    return Model(
        datasets=datasets,
        int8=int8,
        ends=ends,
        test_images=test_images,
        # Random inputs say nothing about what the network will see.
        typical=("--calibration", typical) if inputs else (),
        reference=reference(env, int8, test_images, places.made("model/reference_test.npz")),
        subset=guides.subset if guides else TEST_SUBSET,
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
