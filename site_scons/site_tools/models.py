"""model/: the quantized ONNX file, trained (on MNIST, or as a module says) or given, and inputs to
try it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_tools.network_module import TEST_SUBSET
from site_tools.own_folder import refuse_anothers
from site_tools.standalone import standalone

if TYPE_CHECKING:
    from site_tools.places import Places

labels = standalone("labels")

GUIDES = "mnist_test_subset"
"""What the guide calls its test images."""

PARTS = ("t10k-images-idx3", "t10k-labels-idx1", "train-images-idx3", "train-labels-idx1")


@dataclass(frozen=True)
class Dataset:
    """The MNIST files.

    Attributes:
        folder: node of the folder that they lie below.
        files: their nodes, tests' first.
    """

    folder: Any
    files: list[Any]

    @property
    def words(self) -> list[Any]:
        """Its option; where the files lie says nothing about what is made of them."""
        return ["--data", "$(", self.folder, "$)"]


@dataclass(frozen=True)
class Model:
    """A network before it is code.

    Attributes:
        dataset: MNIST's files.
        int8: the quantized ONNX file; None where a bundle is all there is.
        ends: option and file that tell types and shapes of inputs and outputs.
        test_images: inputs to try it with.
        typical: options with inputs like those that it will see; none where those are made up.
        subset: what the header of test inputs and its symbols are called.
        reference: outputs of the integer reference for the test images; None without a model.
        steps: what training left, by the report's option; empty for a given network.
        targets: name of the target → its nodes.
    """

    dataset: Dataset
    int8: Any
    ends: tuple[Any, ...]
    test_images: Any
    typical: tuple[Any, ...]
    reference: Any
    subset: str = TEST_SUBSET
    steps: Mapping[str, Any] = field(default_factory=dict)
    targets: Mapping[str, Any] = field(default_factory=dict)


def model(env: Any, places: Places) -> Model:
    """Declare the model that the settings ask for."""
    dataset = _dataset(env, places)
    if env["model"]:
        return _of_module(env, places, dataset)
    # A bundle alone is the network: its manifest tells what the inputs must be.
    if env["network"] or env["ai"] == "bundle":
        return _given(env, places, dataset)
    return _trained(env, places, dataset)


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


def _data_of(
    env: Any, places: Places, source: str, dataset: Dataset
) -> tuple[list[Any], list[Any], list[Any]]:
    """What `data=` or the module's `DATA` is to the training: its options, the nodes of all its
    files, and those of them whose names tell something.

    Where MNIST lies says nothing about what is trained.
    """
    if source == "mnist":
        return ["$(", "--data", dataset.folder.Dir("MNIST/raw"), "$)"], dataset.files, []
    if not source:
        return [], [], []
    files, words = env.DataFiles(Path(source), places.out), ["--data", source]
    if beside := labels.labels_beside(Path(source)):
        files, words = [*files, env.File(str(beside))], [*words, "--file", str(beside)]
    return words, files, files


def _of_module(env: Any, places: Places, dataset: Dataset) -> Model:
    """The network of a user's module: trained, exported, quantized, evaluated."""
    module = env.UsersModule(places.out)
    data, files, named = _data_of(env, places, module.source, dataset)

    def made(name: str) -> Any:
        return places.made(f"model/{env['name']}/{name}")

    weights, history = made("weights.pt"), made("training.json")
    refuse_anothers(env, module.file, weights)
    calibration, test_part = made("calibration.npz"), made("test_part.npz")
    validation = made("validation.npz")
    training = {"--seed": "$seed", "--epochs": "$epochs" if env["epochs"] else None}
    train = env.Run(
        "TRAIN",
        "model train-module",
        [weights, history, calibration, validation, test_part],
        [
            *module.words,
            *data,
            {
                **training,
                "--out": weights,
                "--history": history,
                "--calibration": calibration,
                "--validation": validation,
                "--test": test_part,
            },
        ],
        also=[*module.code, *module.data, *files],
        named=[*module.data, *named],
        installed=module.distributions,
        lasting=True,
    )
    float_model = made("float.onnx")
    onnx = env.Run(
        "ONNX",
        "model export-module",
        [float_model],
        [*module.words, "--weights", weights, "--out", float_model],
        also=[*module.code, *module.data],
        named=module.data,
        installed=module.distributions,
    )
    int8, quantization = made("int8.onnx"), made("quantization.json")
    quantize = env.Run(
        "QUANTIZE",
        "model quantize-module",
        [int8, quantization],
        [
            *module.words,
            *data,
            {
                **training,
                "--weights": weights,
                "--onnx": float_model,
                "--calibration": calibration,
                "--validation": validation,
                "--max-accuracy-drop": "$max_accuracy_drop",
                "--qat": "$qat",
                "--out": int8,
                "--report": quantization,
            },
        ],
        also=[*module.code, *module.data, *files],
        named=[*module.data, *named],
        installed=module.distributions,
        lasting=True,
    )
    test_images = made("test.npz")
    words = ["--model", int8, "--from", test_part, "--out", test_images]
    env.Run("INPUTS", "codegen inputs", [test_images], words)
    expected = reference(env, int8, test_images, made("reference_test.npz"))
    evaluation = [made("evaluation.json"), made("evaluation.txt")]
    env.Run(
        "EVALUATE",
        "model evaluate-module",
        evaluation,
        {
            "--history": history,
            "--test": test_part,
            "--int8": int8,
            "--reference": expected,
            "--out": evaluation[0],
            "--table": evaluation[1],
        },
    )
    return Model(
        dataset=dataset,
        int8=int8,
        ends=("--model", int8),
        test_images=test_images,
        typical=("--calibration", test_images),
        reference=expected,
        subset=module.subset,
        steps={
            "training": history,
            "quantization": quantization,
            "evaluation": evaluation[0],
            "checkpoint": weights,
            "onnx": float_model,
        },
        targets={
            "train": train,
            "onnx": onnx,
            "quantize": quantize,
            "evaluate": env.Show(made("evaluate.run"), evaluation[1], printed=True),
        },
    )


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
    count = ("--count", str(max(1000, int(env["subset_size"]))))
    env.Run(
        "INPUTS",
        "codegen inputs",
        [test_images],
        [
            *ends,
            *count,
            {
                "--from": source,
                "--normalize": normalize,
                "--out": test_images,
            },
        ],
        also=dataset.files[:2] if inputs == "mnist" else (),
    )
    return Model(
        dataset=dataset,
        int8=int8,
        ends=ends,
        test_images=test_images,
        # Random inputs say nothing about what the network will see.
        typical=("--calibration", test_images) if inputs else (),
        reference=reference(env, int8, test_images, places.made("model/reference_test.npz")),
        # The guide's network as ST's tool generates it.
        subset=TEST_SUBSET if int8 else GUIDES,
        targets=targets,
    )


def _trained(env: Any, places: Places, dataset: Dataset) -> Model:
    """The network of the guide: trained, exported, quantized, evaluated."""
    made, data, mnist = places.made, dataset.words, dataset.files
    checkpoint, history = made("model/mnist.pt"), made("model/training.json")
    train = env.Run(
        "TRAIN",
        "model train",
        [checkpoint, history],
        [
            *data,
            {
                "--recipe": "$recipe",
                "--seed": "$seed",
                "--epochs": "$epochs" if env["epochs"] else None,
                "--out": checkpoint,
                "--history": history,
            },
        ],
        also=mnist,
        lasting=True,
    )
    float_model = made("model/mnist_model.onnx")
    onnx = env.Run(
        "ONNX",
        "model onnx",
        [float_model],
        ["--checkpoint", checkpoint, "--out", float_model],
    )
    int8, quantization = made("model/mnist_model_int8.onnx"), made("model/quantization.json")
    quantize = env.Run(
        "QUANTIZE",
        "model quantize",
        [int8, quantization],
        [
            *data,
            {
                "--checkpoint": checkpoint,
                "--onnx": float_model,
                "--max-accuracy-drop": "$max_accuracy_drop",
                "--out": int8,
                "--report": quantization,
            },
        ],
        also=mnist,
        lasting=True,
    )
    images = {split: made(f"model/{split}.npz") for split in ("test", "calibration")}
    for split, out in images.items():
        env.Run(
            "IMAGES",
            "model images",
            [out],
            [*data, "--split", split, "--checkpoint", checkpoint, "--out", out],
            also=mnist,
        )
    expected = reference(env, int8, images["test"], made("model/reference_test.npz"))
    evaluation = [made("model/evaluation.json"), made("model/evaluation.txt")]
    env.Run(
        "EVALUATE",
        "model evaluate",
        evaluation,
        [
            *data,
            {
                "--checkpoint": checkpoint,
                "--int8": int8,
                "--reference": expected,
                "--out": evaluation[0],
                "--table": evaluation[1],
            },
        ],
        also=mnist,
    )
    return Model(
        dataset=dataset,
        int8=int8,
        ends=("--model", int8),
        test_images=images["test"],
        typical=("--calibration", images["calibration"]),
        reference=expected,
        subset=GUIDES,
        steps={
            "training": history,
            "quantization": quantization,
            "evaluation": evaluation[0],
            "checkpoint": checkpoint,
            "onnx": float_model,
        },
        targets={
            "train": train,
            "onnx": onnx,
            "quantize": quantize,
            "evaluate": env.Show(made("model/evaluate.run"), evaluation[1], printed=True),
        },
    )


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Model`, `env.Reference` and `env.Strict`."""
    env.AddMethod(model, "Model")
    env.AddMethod(reference, "Reference")
    env.AddMethod(strict, "Strict")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
