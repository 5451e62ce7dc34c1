"""Edits, and exactly what each one makes again: the table of docs/architecture.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.graph.project import Project
from tests.graph.tiny_model import write_tiny_model

# Commands as the build shows them, with fnmatch's wildcards; `build/` and the board's folder are
# left out. What follows from a new object file:
IMAGE = ("LINK firmware.elf", "IMAGES firmware.hex", "SIZE memory.txt")
NETWORK_OBJECTS = ("CC obj/network/*", "AS obj/network/*")
GLUE_OBJECT = "CC obj/app/app_network.c.o"
MAIN_OBJECT = "CC obj/app/main.c.o"
# What the firmware checks itself against.
EXPECTED = (
    "REFERENCE app/reference.npz",
    "EXPECTED app/expected.json",
    "RENDER app/expected.h",
)
PLACED = ("PLACE placement.json", "RENDER firmware.ld")
ALL_OBJECTS = ("CC obj/*", "AS obj/*")


@dataclass(frozen=True)
class Edit:
    """One row.

    Attributes:
        what: the edit, in words.
        change: makes it in a copy of the project.
        rebuilt: patterns of the commands that run, and no others.
        stops: why nothing follows where one might expect it.
        variables: variables of the run after the edit.
        network: the fixture to start from: a network that is `given`, `trained`, or `of_module`.
        elsewhere: what is built lies in another folder, so it is compared with a build from clean
            with the same variables.
        depending: a command that runs too if a built file has changed, and that file.
    """

    what: str
    change: Callable[[Project], None]
    rebuilt: tuple[str, ...]
    stops: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    network: str = "given"
    elsewhere: bool = False
    depending: tuple[str, str] | None = None


def nothing(project: Project) -> None:
    """No edit of a file."""


def append(name: str, text: str = "\n# A comment.\n") -> Callable[[Project], None]:
    """Add text to the end of a file."""
    return lambda project: project.append(name, text)


def replace(name: str, old: str, new: str) -> Callable[[Project], None]:
    """Replace text of a file."""
    return lambda project: project.replace(name, old, new)


def another_network(project: Project) -> None:
    """The same layers with other weights."""
    write_tiny_model(project.path("tiny.onnx"), seed=1)


# Debug information holds macros, so an object changes with each one that it sees.
C_MACRO = "\n#define EDITED 1\n"
C_FUNCTION = "\nvoid edited(void);\nvoid edited(void) {\n}\n"
C_COMMENT = "\n/* A comment. */\n"
TEMPLATE_COMMENT = "\n{# A comment. #}\n"
SAME_BYTES = "the same bytes come out"

OF_MODULE = (
    "TRAIN model/gearbox/weights.pt",
    "ONNX model/gearbox/float.onnx",
    # It may train on.
    "QUANTIZE model/gearbox/int8.onnx",
)
OF_THE_GUIDE = (
    "TRAIN model/mnist.pt",
    "ONNX model/mnist_model.onnx",
    "QUANTIZE model/mnist_model_int8.onnx",
)
EDITS = (
    Edit("nothing", nothing, ()),
    Edit("`verbose=1`", nothing, (), variables={"verbose": "1"}),
    Edit("`docs/`, `tests/`, `README.md`", append("docs/numerics.md"), ()),
    Edit(
        "the model's weights (a retraining)",
        another_network,
        (
            "GENERATE network/network.c",
            "INPUTS model/test.npz",
            "SUBSET app/test_subset.h",
            *EXPECTED,
            *NETWORK_OBJECTS,
            GLUE_OBJECT,
            MAIN_OBJECT,
            "PLACE placement.json",
            *IMAGE,
        ),
        stops="constants of the same sizes take the same places",
    ),
    Edit(
        "`templates/app/main.c.j2`",
        append("templates/app/main.c.j2", C_FUNCTION),
        ("RENDER app/main.c", MAIN_OBJECT, *IMAGE),
    ),
    Edit(
        "`templates/app/main.c.j2`, a comment of Jinja's",
        append("templates/app/main.c.j2", TEMPLATE_COMMENT),
        ("RENDER app/main.c",),
        stops=SAME_BYTES,
    ),
    Edit(
        "`templates/network/provenance.j2`, included by others",
        append("templates/network/provenance.j2", C_MACRO),
        ("GENERATE network/network.c", *NETWORK_OBJECTS, GLUE_OBJECT, MAIN_OBJECT, *IMAGE),
    ),
    Edit(
        "`templates/ops/softmax.c.j2`, an operator that the network has not",
        append("templates/ops/softmax.c.j2", C_FUNCTION),
        ("GENERATE network/network.c",),
        stops=SAME_BYTES,
    ),
    Edit(
        "`codegen/plan.py`",
        append("codegen/plan.py"),
        ("GENERATE network/network.c",),
        stops=SAME_BYTES,
    ),
    Edit(
        "`codegen/subset.py`",
        append("codegen/subset.py"),
        ("SUBSET app/test_subset.h",),
        stops=SAME_BYTES,
    ),
    Edit(
        "`codegen/place.py`",
        append("codegen/place.py"),
        ("PLACE placement.json",),
        stops=SAME_BYTES,
    ),
    Edit(
        "`codegen/render.py`",
        append("codegen/render.py"),
        ("GENERATE network/network.c", "SUBSET app/test_subset.h", "RENDER *"),
        stops=SAME_BYTES,
    ),
    Edit(
        "`device/boards.py`",
        append("device/boards.py"),
        ("MEMORIES memories.json", "IMAGES firmware.hex", "SIZE memory.txt"),
        stops=SAME_BYTES,
    ),
    Edit(
        "`firmware/runtime/kernels/nn_fully_connected.c`",
        append("firmware/runtime/kernels/nn_fully_connected.c", C_FUNCTION),
        ("CC obj/firmware/runtime/kernels/nn_fully_connected.o", *IMAGE),
    ),
    Edit(
        "`firmware/runtime/kernels/nn_fully_connected.h`, a header",
        append("firmware/runtime/kernels/nn_fully_connected.h", C_MACRO),
        (
            "CC obj/firmware/runtime/kernels/nn_fully_connected.o",
            "CC obj/network/network.c.o",
            *IMAGE,
        ),
    ),
    Edit(
        "`firmware/app/console.c`, a comment at its end",
        append("firmware/app/console.c", C_COMMENT),
        ("CC obj/firmware/app/console.o",),
        stops="the same object comes out",
    ),
    Edit(
        "`board.toml`: the length of a memory",
        replace("firmware/boards/mps2_an500/board.toml", "0x01000000", "0x00800000"),
        ("MEMORIES memories.json", *PLACED, *IMAGE),
    ),
    Edit(
        "`board.toml`: the floating-point unit",
        replace("firmware/boards/mps2_an500/board.toml", "fpv5-sp-d16", "fpv5-d16"),
        ("MEMORIES memories.json", *PLACED, *ALL_OBJECTS, *IMAGE),
    ),
    Edit(
        "`subset_seed=`",
        nothing,
        (
            "SUBSET app/test_subset.h",
            *EXPECTED,
            MAIN_OBJECT,
            "PLACE placement.json",
            *IMAGE,
        ),
        stops="as many images take the same place",
        variables={"subset_seed": "7"},
    ),
    Edit(
        "`subset_size=`",
        nothing,
        (
            "SUBSET app/test_subset.h",
            *EXPECTED,
            "RENDER app/main.c",
            MAIN_OBJECT,
            *PLACED,
            *IMAGE,
        ),
        variables={"subset_size": "7"},
    ),
    Edit(
        "`placement=`",
        nothing,
        (*PLACED, *IMAGE),
        variables={"placement": "weights:code"},
    ),
    Edit("`werror=1`", nothing, ("CC obj/*",), "the same objects", {"werror": "1"}),
    Edit(
        "`name=`",
        nothing,
        (
            "GENERATE network-other/other.c",
            "SUBSET app-other/test_subset.h",
            "REFERENCE app-other/reference.npz",
            "EXPECTED app-other/expected.json",
            "MEMORIES memories.json",
            "PLACE placement.json",
            "RENDER *",
            *ALL_OBJECTS,
            *IMAGE,
        ),
        variables={"name": "other"},
        elsewhere=True,
    ),
    Edit(
        "`board=`",
        nothing,
        ("MEMORIES *", *PLACED, "RENDER board_config.h", *ALL_OBJECTS, *IMAGE),
        variables={"board": "stm32h750b_dk"},
        elsewhere=True,
    ),
    Edit(
        "`seed=`, `recipe=`, `epochs=`",
        nothing,
        (
            *OF_THE_GUIDE,
            "INPUTS model/test.npz",
            "GENERATE *",
            "SUBSET *",
            *NETWORK_OBJECTS,
            GLUE_OBJECT,
            MAIN_OBJECT,
            "REFERENCE app/*",
            "EXPECTED *",
            "RENDER app/expected.h",
            "PLACE *",
            *IMAGE,
        ),
        stops="constants of the same sizes take the same places",
        variables={"seed": "1"},
        network="trained",
        # How large packed weights are depends on what they are.
        depending=("RENDER firmware.ld", "placement.json"),
    ),
    Edit(
        "`model/augmentation.py`",
        append("model/augmentation.py"),
        OF_THE_GUIDE,
        stops="the same weights come out",
        network="trained",
    ),
    Edit("`model/evaluation.py`", append("model/evaluation.py"), (), network="trained"),
    Edit(
        "`max_accuracy_drop=`",
        nothing,
        ("QUANTIZE model/mnist_model_int8.onnx",),
        stops="the same model comes out",
        variables={"max_accuracy_drop": "4"},
        network="trained",
    ),
    Edit(
        "a network module (`model=`), or a module that it imports: a comment",
        append("mine/layers_of_mine.py"),
        OF_MODULE,
        stops="the same weights come out",
        network="of_module",
    ),
    Edit(
        "a file of its `FILES`, behind what is read of it",
        append("mine/readings.npy"),
        OF_MODULE,
        stops="the same weights come out",
        network="of_module",
    ),
    Edit("a file beside it", append("mine/notes.py"), (), network="of_module"),
    Edit(
        "a network module, so that other weights come out: `EPOCHS = 3`",
        replace("mine/gearbox.py", "EPOCHS = 2", "EPOCHS = 3"),
        (
            *OF_MODULE,
            "INPUTS model/gearbox/test.npz",
            "GENERATE network-gearbox/gearbox.c",
            "SUBSET app-gearbox/test_subset.h",
            "REFERENCE app-gearbox/reference.npz",
            "EXPECTED app-gearbox/expected.json",
            "RENDER app-gearbox/expected.h",
            *NETWORK_OBJECTS,
            GLUE_OBJECT,
            MAIN_OBJECT,
            "PLACE placement.json",
            *IMAGE,
        ),
        stops="constants of the same sizes take the same places",
        network="of_module",
        depending=("RENDER firmware.ld", "placement.json"),
    ),
)
