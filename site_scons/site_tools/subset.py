"""The test images inside the firmware, and what the network must say to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from site_tools.model_files import Model
    from site_tools.places import Places


@dataclass(frozen=True)
class Subset:
    """Test images of one network.

    Attributes:
        name: of the header and its symbols.
        arrays: the images as arrays, subset.npz.
        reference: the integer reference's outputs; None without a model.
        expected: what the firmware itself holds of them: a count and a checksum, no outputs.
        target: what `subset` makes.
    """

    name: str
    arrays: Any
    reference: Any
    expected: Any
    target: Any


def subset(env: Any, places: Places, model: Model) -> Subset:
    """Declare the choice of test images and their outputs."""
    header, arrays = places.app.File(f"{model.subset}.h"), places.app.File("subset.npz")
    target = env.Run(
        "SUBSET",
        "codegen subset",
        [header, arrays],
        [
            *model.ends,
            {
                "--inputs": model.test_images,
                "--size": "$subset_size",
                # Data of a user's may have fewer than the default.
                "--at-most": any(env[of] for of in ("model", "inputs", "calibration")),
                "--seed": "$subset_seed",
                "--name": model.subset,
            },
            *env.Strict(),
            {
                "--out": header,
                "--npz": arrays,
            },
        ],
        also=env.Templates("app/test_subset.h.j2"),
        installed=["clang-format"],
    )
    reference = env.Reference(model.int8, arrays, places.app.File("reference.npz"))
    expected = places.app.File("expected.json") if reference else None
    if reference:
        words = ["--reference", reference, "--out", expected]
        env.Run("EXPECTED", "codegen expected", [expected], words)
    return Subset(model.subset, arrays, reference, expected, target)


def generate(env: Any, **kw: Any) -> None:
    """Add `env.TestSubset`."""
    env.AddMethod(subset, "TestSubset")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
