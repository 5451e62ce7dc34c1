"""`evaluate`: each layer of any network compared with an interpreter, its inputs forced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from site_tools.model_files import Model
    from site_tools.places import Places


def layers(env: Any, places: Places, model: Model) -> list[Any]:
    """Declare the comparison; returns the nodes that show it, none for a bundle alone."""
    int8 = model.int8
    if not int8:
        return []

    def made(stem: str, *kinds: str) -> list[Any]:
        return [places.made(f"model/{stem}{places.name_suffix}.{kind}") for kind in kinds]

    cut, judged = made("layers", "json", "npz"), made("layer_evaluation", "json", "txt")
    env.Run(
        "LAYERS",
        "codegen layers",
        cut,
        {
            "--model": int8,
            "--inputs": model.test_images,
            "--count": "$count" if env["count"] else None,
            "--out": cut[0],
            "--npz": cut[1],
        },
    )
    tflite = env.IsTflite(int8)
    env.Run(
        "EVALUATE",
        f"model layers{'-litert' if tflite else ''}",
        judged,
        {
            "--model": int8 if tflite else None,
            "--cut": cut[0],
            "--npz": cut[1],
            "--out": judged[0],
            "--table": judged[1],
        },
    )
    shown: list[Any] = env.Show(made("layers", "run")[0], judged[1], printed=True)
    return shown


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Layers(places, model)`."""
    env.AddMethod(layers, "Layers")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
