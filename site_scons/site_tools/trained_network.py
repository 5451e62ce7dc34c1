"""model/: a network module's network, from its data to int8, and its test part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_tools.model_files import Datasets, Model
from site_tools.own_folder import refuse_anothers
from site_tools.standalone import standalone

if TYPE_CHECKING:
    from site_tools.places import Places

labels = standalone("labels")


def _data_of(
    env: Any, places: Places, source: str, datasets: Datasets
) -> tuple[list[Any], list[Any], list[Any]]:
    """What `data=` or the module's `DATA` is to the training: its options, the nodes of all its
    files, and those of them whose names tell something.

    Where a fetched set lies says nothing about what is trained.
    """
    if source in datasets.files:
        return ["--set", source, "$(", datasets.folder, "$)"], datasets.of(source), []
    if not source:
        return [], [], []
    files, words = env.DataFiles(Path(source), places.out), ["--data", source]
    if beside := labels.labels_beside(Path(source)):
        files, words = [*files, env.File(str(beside))], [*words, "--file", str(beside)]
    return words, files, files


def trained_network(env: Any, places: Places, datasets: Datasets) -> Model:
    """The network of a module, a user's or the guide's: trained, exported, quantized, evaluated."""
    module = env.UsersModule(places.out)
    data, files, named = _data_of(env, places, module.source, datasets)
    # Plain `scons` has one module, whatever its network is called in C.
    folder = f"model/{env['name']}" if env["model"] else "model"

    def made(name: str) -> Any:
        return places.made(f"{folder}/{name}")

    weights, history = made(module.names.weights), made("training.json")
    refuse_anothers(env, module.file, weights)
    calibration, test_part = made("calibration.npz"), made("test_part.npz")
    validation = made("validation.npz")
    training = {"--seed": "$seed", "--epochs": "$epochs" if env["epochs"] else None}
    train = env.Run(
        "TRAIN",
        "model train",
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
        imports=module.imports,
        lasting=True,
    )
    float_model = made(module.names.onnx)
    onnx = env.Run(
        "ONNX",
        "model export",
        [float_model],
        [
            *module.words,
            {"--weights": weights, "--calibration": calibration, "--out": float_model},
        ],
        also=[*module.code, *module.data],
        named=module.data,
        imports=module.imports,
    )
    int8, quantization = made(module.names.int8), made("quantization.json")
    quantize = env.Run(
        "QUANTIZE",
        "model quantize",
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
                "--method": module.method or None,
                "--max-accuracy-drop": "$max_accuracy_drop",
                "--qat": "$qat",
                "--out": int8,
                "--report": quantization,
            },
        ],
        also=[*module.code, *module.data, *files],
        named=[*module.data, *named],
        imports=module.imports,
        lasting=True,
    )
    test_images = made("test.npz")
    words = ["--model", int8, "--from", test_part, "--out", test_images]
    env.Run("INPUTS", "codegen inputs", [test_images], words)
    expected = env.Reference(int8, test_images, made("reference_test.npz"))
    evaluation = [made("evaluation.json"), made("evaluation.txt")]
    env.Run(
        "EVALUATE",
        "model evaluate",
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
        datasets=datasets,
        int8=int8,
        ends=("--model", int8),
        test_images=test_images,
        # Of the training part: the test part decides nothing.
        typical=("--calibration", calibration),
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


def generate(env: Any, **kw: Any) -> None:
    """Add `env.TrainedNetwork(places, datasets)`."""
    env.AddMethod(trained_network, "TrainedNetwork")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
