"""What `data()` returns, as arrays: training, validation and test part, each value looked at."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from model.module import normalization
from support.errors import UserError
from support.normalization import Step

Float32Array = npt.NDArray[np.float32]
Array = npt.NDArray[Any]

NAMES = ("train", "validation", "test")
ABOUT = ("classes", "units", "input_names", "columns", "mean", "std", "normalize")
INPUT = "input"
"""Name of a network's only input, where `data()` has no `input_names`."""

MOST_CLASSES = 256
"""Labels travel as bytes through firmware and its protocol."""

_RETURN = 'return {"train": (inputs, labels), "validation": (…), "test": (…)}'


@dataclass(frozen=True)
class Part:
    """Inputs with labels.

    Attributes:
        inputs: float32 [N, …], for each of the network's inputs.
        labels: int64 [N], classes; or float32 [N, values] for regression.
        images: whether each of the inputs was uint8.
    """

    inputs: tuple[Float32Array, ...]
    labels: Array
    images: tuple[bool, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def chosen(self, indices: npt.NDArray[np.int64]) -> Part:
        """Some of them."""
        chosen = tuple(values[indices] for values in self.inputs)
        return Part(chosen, self.labels[indices], self.images)

    def spread(self, most: int) -> Part:
        """At most so many, evenly spread."""
        if len(self) <= most:
            return self
        return self.chosen(np.linspace(0, len(self) - 1, most).astype(np.int64))


@dataclass(frozen=True)
class Parts:
    """Everything that a network is trained, calibrated and tested with.

    Attributes:
        train, validation, test: the parts.
        classes: their names, in the order of the labels; () for regression.
        units: of the values that regression gives, or ().
        input_names: of the network's inputs.
        normalization: what each input, as the data has it, has gone through.
        columns: names of the columns that its source read the inputs from, or ().
    """

    train: Part
    validation: Part
    test: Part
    classes: tuple[str, ...]
    units: tuple[str, ...]
    input_names: tuple[str, ...]
    normalization: tuple[tuple[Step, ...], ...] = ()
    columns: tuple[str, ...] = ()

    def figure(self, function: str) -> tuple[float, ...] | None:
        """What the first input's last step of a kind has: "Sub" the mean, "Div" the deviation."""
        steps = self.normalization[0] if self.normalization else ()
        found = [step.constants for step in steps if step.function == function]
        return found[-1] if found and steps[-1] != normalization.BYTES else None

    @property
    def regression(self) -> bool:
        """Whether labels are numbers rather than classes."""
        return self.train.labels.dtype.kind == "f"


class _Refusal:
    """Raises what is wrong with a part, with the place of `data()` in front."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __call__(self, what: str, remedy: str) -> UserError:
        return UserError(f"{self.place}: {what}", remedy)


def of(returned: object, place: str, seed: int) -> Parts:
    """Check and convert what `data()` returned.

    Args:
        returned: a dictionary with "train" and "test", "validation" if there is one (else a tenth
            of "train" is drawn), each a pair (inputs, labels) of arrays or tensors, or a Dataset;
            and what is known of "classes", "units", "input_names"; "mean" and "std", which bring
            the inputs to the numbers that the network learns on, or "normalize": True, which
            measures both on the training part.
        place: `file:line` of `data`, for messages.
        seed: of the draw.

    Raises:
        UserError: anything that cannot be trained on.
    """
    refuse = _Refusal(place)
    if not isinstance(returned, Mapping):
        raise refuse(f"data() returns a {type(returned).__name__}, not a dictionary", _RETURN)
    for key in returned:
        if key not in (*NAMES, *ABOUT):
            near = difflib.get_close_matches(str(key), (*NAMES, *ABOUT), n=1)
            known = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(NAMES + ABOUT)}"
            raise refuse(f"data() returns an unknown part '{key}'", known)
    for name in ("train", "test"):
        if returned.get(name) is None:
            raise refuse(f"data() returns no '{name}' part", _RETURN)
    found = {
        name: _part(returned[name], name, refuse)
        for name in NAMES
        if returned.get(name) is not None
    }
    _check_alike(found, refuse)
    found, classes = _with_classes(found, _names(returned, "classes", refuse), refuse)
    if "validation" not in found:
        found["train"], found["validation"] = _drawn(found["train"], seed, refuse)
    inputs = len(found["train"].inputs)
    names = _names(returned, "input_names", refuse) or (
        (INPUT,) if inputs == 1 else tuple(f"{INPUT}_{index}" for index in range(inputs))
    )
    if len(names) != inputs or len({*names}) != inputs:
        raise refuse(f"{len(names)} input_names for {inputs} inputs", "name each, each differently")
    units = _names(returned, "units", refuse)
    train = found["train"]
    steps = normalization.chosen(returned, train.inputs, train.images, refuse)
    found = {name: _normalized(part, name, steps, refuse) for name, part in found.items()}
    return Parts(
        found["train"],
        found["validation"],
        found["test"],
        classes,
        units,
        names,
        steps,
        _names(returned, "columns", refuse),
    )


def _normalized(
    part: Part, name: str, steps: tuple[tuple[Step, ...], ...], refuse: _Refusal
) -> Part:
    """A part as the network learns on it.

    Raises:
        UserError: float32 does not hold it.
    """
    inputs = tuple(
        normalization.apply(each, values) for each, values in zip(steps, part.inputs, strict=True)
    )
    if not all(np.isfinite(values).all() for values in inputs):
        raise refuse(
            f"inputs of '{name}' are beyond float32's range after the normalization",
            "look at 'mean', 'std' and at the data",
        )
    return replace(part, inputs=inputs)


def _names(returned: Mapping[Any, Any], key: str, refuse: _Refusal) -> tuple[str, ...]:
    """A list of names, or a single one."""
    value = returned.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Sequence) or not all(isinstance(name, str) for name in value):
        raise refuse(f"'{key}' of data() is no list of names", f'"{key}": ["…", "…"]')
    return tuple(value)


def _array(values: Any) -> Array:
    """A tensor or anything that NumPy takes, as an array."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return np.asarray(values)


def _stacked(dataset: Any, name: str, refuse: _Refusal) -> tuple[tuple[Array, ...], Array]:
    """All items of a map-style Dataset: (inputs…, labels)."""
    items = [dataset[index] for index in range(len(dataset))]
    if not items or not all(isinstance(item, tuple | list) and len(item) >= 2 for item in items):
        raise refuse(
            f"the Dataset '{name}' of data() has no items (input, label)",
            "have its __getitem__ return both",
        )
    columns = [
        _equal([_array(v) for v in column], name, refuse) for column in zip(*items, strict=True)
    ]
    return tuple(columns[:-1]), columns[-1]


def _equal(rows: list[Array], name: str, refuse: _Refusal) -> Array:
    """Rows of one shape as an array."""
    shapes = {row.shape for row in rows}
    if len(shapes) > 1:
        raise refuse(
            f"'{name}' holds inputs of different shapes ({', '.join(map(str, sorted(shapes)))})",
            "give all the same shape: crop, pad or resize them",
        )
    return np.stack(rows)


def _two_items(value: Sequence[Any]) -> bool:
    """Whether two things are two items (input, label), each like those of a Dataset, in a list.

    Labels of a pair would hardly be a tuple of arrays, nor its inputs end with a single number.
    """
    if not isinstance(value, list):
        return False
    if not all(isinstance(item, tuple | list) and len(item) >= 2 for item in value):
        return False
    alike = all(np.ndim(item[0]) > 0 for item in value)
    return alike and all(isinstance(item, tuple) or np.ndim(item[-1]) == 0 for item in value)


def _part(value: Any, name: str, refuse: _Refusal) -> Part:
    """One part, its values looked at."""
    if isinstance(value, tuple | list) and len(value) == 2 and not _two_items(value):
        given, labels = value
        many = isinstance(given, tuple) or (
            isinstance(given, list)
            and given
            and hasattr(given[0], "shape")
            and _array(given[0]).ndim > 1
        )
        inputs = tuple(map(_array, given)) if many else (_array(given),)
        labels = _array(labels)
    elif (
        hasattr(value, "__getitem__") and hasattr(value, "__len__") and not hasattr(value, "shape")
    ):
        inputs, labels = _stacked(value, name, refuse)
    else:
        raise refuse(
            f"'{name}' of data() has no labels (it is a {type(value).__name__})",
            f'give a pair, "{name}": (inputs, labels), or a Dataset of such items',
        )
    if labels.ndim == 0 or len(labels) == 0:
        raise refuse(f"'{name}' of data() is empty", "give it inputs and labels")
    real = tuple(_real(values, len(labels), name, refuse) for values in inputs)
    images = tuple(values.dtype == np.uint8 for values in inputs)
    return Part(real, _labels(labels, name, refuse), images)


def _real(values: Array, count: int, name: str, refuse: _Refusal) -> Float32Array:
    """Inputs as float32, the numbers that the data has."""
    if values.dtype.kind not in "fiub":
        raise refuse(f"inputs of '{name}' are {values.dtype}", "give numbers, all of one shape")
    if values.ndim < 2 or len(values) != count:
        raise refuse(
            f"inputs of '{name}' have shape {list(values.shape)} for {count} labels",
            "give [N, …], one input for each label",
        )
    with np.errstate(over="ignore"):
        real = values.astype(np.float32)
    finite = np.isfinite(real.reshape(count, -1)).all(axis=1)
    if not finite.all():
        raise refuse(
            f"input {int(np.argmin(finite))} of '{name}' holds values that are not finite",
            "leave it out, or look at how it was made",
        )
    return real


def _labels(labels: Array, name: str, refuse: _Refusal) -> Array:
    """Classes [N] as they are given, or numbers float32 [N, values]."""
    if labels.ndim == 2 and labels.shape[1] == 1 and labels.dtype.kind != "f":
        labels = labels[:, 0]
    if labels.dtype.kind == "f":
        real = labels.astype(np.float32).reshape(len(labels), -1)
        finite = np.isfinite(real).all(axis=1)
        if not finite.all():
            raise refuse(
                f"label {int(np.argmin(finite))} of '{name}' is not finite", "leave that input out"
            )
        return real
    if labels.ndim != 1 or labels.dtype.kind not in "iubUS":
        raise refuse(
            f"labels of '{name}' are {labels.dtype} {list(labels.shape)}",
            "give a class for each input (whole numbers, names), or numbers as floats",
        )
    return labels


def _check_alike(found: dict[str, Part], refuse: _Refusal) -> None:
    """Refuse parts of different shapes or kinds of labels."""
    first = found["train"]
    for name, part in found.items():
        shapes, wanted = ([list(v.shape[1:]) for v in p.inputs] for p in (part, first))
        if shapes != wanted:
            raise refuse(
                f"inputs of '{name}' have shape {shapes}, those of 'train' {wanted}",
                "give all parts the same shape",
            )
        if part.images != first.images:
            raise refuse(
                f"inputs of '{name}' and of 'train' are not both uint8",
                "give all parts the same kind of numbers: bytes are images and become 0 to 1",
            )
        kinds = [p.labels.dtype.kind in "US" or p.labels.dtype.kind == "f" for p in (part, first)]
        if kinds[0] != kinds[1] or part.labels.shape[1:] != first.labels.shape[1:]:
            raise refuse(
                f"labels of '{name}' are {part.labels.dtype} {list(part.labels.shape)}, those of"
                f" 'train' {first.labels.dtype} {list(first.labels.shape)}",
                "give all parts the same kind of labels",
            )


def _with_classes(
    found: dict[str, Part], classes: tuple[str, ...], refuse: _Refusal
) -> tuple[dict[str, Part], tuple[str, ...]]:
    """Labels as int64 from 0 up, and the classes' names.

    Raises:
        UserError: a class that 'train' has no example of, or too many.
    """
    if found["train"].labels.dtype.kind == "f":
        return found, ()
    if found["train"].labels.dtype.kind in "US":
        named = {name: part.labels.astype(str) for name, part in found.items()}
        classes = classes or tuple(sorted({str(v) for v in np.unique(named["train"])}))
        for name, labels in named.items():
            if strange := sorted({*labels.tolist()} - {*classes}):
                raise refuse(
                    f"'{name}' holds the class '{strange[0]}', which 'train' does not",
                    "give 'train' examples of every class",
                )
        numbers = {name: index for index, name in enumerate(classes)}
        found = {
            name: replace(part, labels=np.array([numbers[v] for v in named[name]], np.int64))
            for name, part in found.items()
        }
    found = {name: replace(p, labels=p.labels.astype(np.int64)) for name, p in found.items()}
    largest = max(int(part.labels.max()) for part in found.values())
    smallest = min(int(part.labels.min()) for part in found.values())
    count = len(classes) or largest + 1
    if smallest < 0 or largest >= count or count > MOST_CLASSES:
        raise refuse(
            f"labels go from {smallest} to {largest}"
            + (f", there are {len(classes)} classes" if classes else ""),
            f"number the classes from 0 up, {MOST_CLASSES} at most; for regression give floats",
        )
    seen = np.bincount(found["train"].labels, minlength=count)
    if not seen.all():
        missing = int(np.argmin(seen))
        named_class = f"{missing} ('{classes[missing]}')" if classes else str(missing)
        raise refuse(
            f"'train' holds no input of class {named_class}", "give it examples of every class"
        )
    return found, classes or tuple(str(index) for index in range(count))


def _drawn(train: Part, seed: int, refuse: _Refusal) -> tuple[Part, Part]:
    """A tenth of the training part validates instead; a function of the seed alone."""
    order = np.random.default_rng(seed).permutation(len(train))
    size = max(1, len(train) // 10)
    rest = train.chosen(np.sort(order[size:]))
    if not len(rest) or (rest.labels.dtype.kind == "i" and {*train.labels} != {*rest.labels}):
        raise refuse(
            f"'train' has too few inputs ({len(train)}) to draw 'validation' from",
            "give more, or a 'validation' part",
        )
    return rest, train.chosen(np.sort(order[:size]))
