"""Blocks of lines to type, and of what they print, on all pages: who tries each of them.

A block is one without a language. It is named by its page and its first line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import PAGES

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block, without the indentation of a list that it stands in."""

    page: str
    text: str

    @property
    def name(self) -> tuple[str, str]:
        """Page and first line without its remark."""
        return self.page, re.split(r"  +#|  {3,}", self.text.strip().splitlines()[0])[0].strip()


@dataclass(frozen=True)
class By:
    """Tried by these tests: "folder/file.py::function" below tests/."""

    tests: tuple[str, ...]


@dataclass(frozen=True)
class Here:
    """Tried line by line by test_commands.py: `scons` reads and plans (`-n`), all else runs.

    Attributes:
        real: tests that run such lines of `scons` to their end; they exist, too.
    """

    real: tuple[str, ...] = ()


@dataclass(frozen=True)
class No:
    """Not tried in the suite, for this reason."""

    why: str


_RECORDED = No("what a long run printed, with the command that writes it beside it")
_PICTURE = No("a drawing or a formula")
COVERED: dict[tuple[str, str], By | Here | No] = {
    (
        "README.md",
        "MNIST ─► train ─► ONNX ─► int8 ─► C ─► ELF ─► emulated Cortex-M7 · STM32H750B-DK",
    ): _PICTURE,
    ("README.md", "pip install . && nn2flash analyze model.onnx --board stm32h750b_dk"): Here(
        (
            "program/test_first_minutes.py::test_from_a_model_file_to_a_program_that_proves_itself",
            "end_to_end/test_firmware.py::test_other_quantizers_network_gives_the_references_bytes",
            "graph/test_network_module.py::test_from_a_module_to_the_emulator",
        )
    ),
    ("README.md", "image 99: label 8, recognized 8"): By(
        ("docs/test_commands.py::test_the_readmes_run",)
    ),
    ("CONTRIBUTING.md", "./bootstrap scons test"): No("it is what runs this"),
    ("CONTRIBUTING.md", "scons check"): Here(("graph/test_menu.py::test_only_chooses_tests",)),
    ("add-a-board.md", "scons board=path/to/my_board network=model_int8.onnx"): Here(),
    (
        "architecture.md",
        "MNIST ─► train ─► mnist.pt ─► export ─► mnist_model.onnx ─► quantize"
        " ─► mnist_model_int8.onnx",
    ): _PICTURE,
    (
        "embedding.md",
        "PYTHONPATH=nn2flash nn2flash/.venv/bin/python -P -m codegen generate"
        " --model digits.onnx \\",
    ): Here(),
    ("flashing-on-the-model.md", "*"): _RECORDED,
    ("ide.md", "scons ide"): Here(("ide/test_written.py::test_scons_ide_twice_changes_nothing",)),
    ("install.md", "./bootstrap scons sim"): Here(
        ("graph/test_bootstrap.py::test_makes_a_venv_once_and_runs_its_arguments",)
    ),
    ("numerics.md", "*"): _PICTURE,
    ("program.md", "pip install ."): By(
        ("program/test_first_minutes.py::test_from_a_model_file_to_a_program_that_proves_itself",)
    ),
    ("program.md", "nn2flash analyze model_int8.onnx --board netduinoplus2"): Here(),
    ("see-it-work.md", "scons validate"): Here(
        (
            "validate/test_build.py::test_every_layer_and_the_report_of_it",
            "validate/test_build.py::test_on_the_boards_model_with_fast_kernels",
        )
    ),
    ("see-it-work.md", "accuracy 99.14 % (9,914 of 10,000)"): By(
        ("docs/test_commands.py::test_the_recorded_validation_is_one_run",)
    ),
    ("see-it-work.md", "scons report against=previous"): By(
        (
            "graph/test_report.py::test_builds_are_compared_by_key_and_by_path",
            "report/test_comparison.py::test_any_two_builds",
        )
    ),
    ("see-it-work.md", ".venv/bin/python -m codegen builds build/mps2_an500/report.json"): By(
        (
            "report/test_comparison.py::test_builds_are_listed",
            "report/test_comparison.py::test_any_two_builds",
        )
    ),
    ("soak.md", "*"): _RECORDED,
    ("stm32h750b-dk.md", "scons flash monitor subset_size=10"): Here(
        ("graph/test_flash_monitor.py::test_flash_comes_before_the_terminal",)
    ),
    ("stm32h750b-dk.md", "STM32H750B-DK, revision V, 480 MHz from HSE"): By(
        ("board_h750/test_boot.py::test_both_revisions_boot_at_their_own_clock",)
    ),
    ("tutorial.md", "pip install ."): By(
        ("program/test_first_minutes.py::test_the_tutorial_up_to_a_program_that_proves_itself",)
    ),
    (
        "tutorial.md",
        "nn2flash package tests/fixtures/guide_int8.onnx --name digits --out-dir digits",
    ): By(("program/test_first_minutes.py::test_the_tutorial_up_to_a_program_that_proves_itself",)),
    (
        "tutorial.md",
        "./bootstrap scons sim board=mps2_an500 network=tests/fixtures/guide_int8.onnx",
    ): By(("docs/test_recipes.py::test_the_tutorials_firmware",)),
    ("x-cube-ai.md", "scons ai=bundle bundle=~/Downloads/STM32H750B-DK.zip"): By(
        ("xcube/test_build.py::test_the_same_main_with_a_bundle_gives_the_reference_s_bytes",)
    ),
    ("x-cube-ai.md", "./bootstrap scons cloud-login"): No(
        "needs an account of ST's; tests/device/cloud speaks with a stand-in of their server"
    ),
    ("your-model.md", "nn2flash analyze model_int8.onnx --board stm32h750b_dk"): Here(
        (
            "end_to_end/test_firmware.py::test_other_quantizers_network_gives_the_references_bytes",
            "graph/test_tflite_network.py::test_simulated_and_built_again_when_it_changes",
            "graph/test_float_network.py::test_from_float_to_the_emulator",
        )
    ),
    ("your-model.md", "nn2flash quantize float.onnx --calibration x.npz --validation others.npz"): (
        Here()
    ),
    ("your-network.md", "scons model=my_net.py board=mps2_an500 run"): Here(
        ("graph/test_network_module.py::test_from_a_module_to_the_emulator",)
    ),
    ("your-network.md", "scons new dest=../my_project from=regression"): By(
        ("examples/test_examples.py::test_the_tutorial_word_by_word",)
    ),
}


def blocks(page: Path) -> list[Block]:
    """The blocks of a page that have no language."""
    found = []
    for indent, language, text in _FENCE.findall(page.read_text(encoding="utf-8")):
        if not language:
            plain = re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)
            found.append(Block(page.name, plain))
    return found


def covered(block: Block) -> By | Here | No | None:
    """Who tries a block; None: nobody says so."""
    return COVERED.get(block.name) or COVERED.get((block.page, "*"))


def all_blocks() -> list[Block]:
    """Those of all pages."""
    return [block for page in PAGES for block in blocks(page)]
