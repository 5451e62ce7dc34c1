"""Ways to train the network, by name."""

from __future__ import annotations

from dataclasses import dataclass

from model.preprocessing import Normalization


@dataclass(frozen=True)
class Augmentation:
    """Largest random distortion of a training image, each drawn uniformly from ± the value.

    Attributes:
        rotation: degrees.
        scale: relative change of size, per axis.
        shear: degrees.
        shift: pixels, per axis.
    """

    rotation: float
    scale: float
    shear: float
    shift: float


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, except the seed and the images.

    Attributes:
        name: as given to `--recipe`.
        epochs: passes over the training images.
        batch_size: images per step.
        optimizer: "adam", or "adamw" with weight decay and a one-cycle learning rate.
        learning_rate: constant, or the cycle's peak.
        weight_decay: AdamW's.
        label_smoothing: share of the target spread over all digits.
        normalization: of the network's input.
        validation_images: training images that training does not see; 0 trains on all.
        augmentation: None shows the images as they are.
    """

    name: str
    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    normalization: Normalization
    validation_images: int
    augmentation: Augmentation | None


GUIDE = Recipe(
    name="guide",
    epochs=5,
    batch_size=64,
    optimizer="adam",
    learning_rate=1e-3,
    weight_decay=0.0,
    label_smoothing=0.0,
    normalization=Normalization(mean=0.5, std=0.5),
    validation_images=0,
    augmentation=None,
)
"""The guide's sections 1 and 2 to the letter: every training image, five epochs, last weights."""

AUGMENTED = Recipe(
    name="augmented",
    epochs=50,
    batch_size=128,
    optimizer="adamw",
    learning_rate=4e-3,
    weight_decay=0.01,
    label_smoothing=0.05,
    normalization=Normalization(mean=0.0, std=1.0),
    validation_images=5_000,
    augmentation=Augmentation(rotation=10.0, scale=0.1, shear=8.0, shift=1.5),
)
"""Chosen on validation images. Inputs from 0 to 1 do better there than from -1 to 1, and
quantize without error: with scale 1/255 and zero point -128 each pixel value is one int8 value,
where (-1, 1) puts every pixel halfway between two of them.
"""

RECIPES = {recipe.name: recipe for recipe in (AUGMENTED, GUIDE)}
