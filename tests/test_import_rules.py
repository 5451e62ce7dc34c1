"""Who may import whom: the table of docs/architecture.md, read from the import statements."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from nn2flash.wheel.contents import wheel_files

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("support", "model", "codegen", "device", "nn2flash")
STANDARD = sys.stdlib_module_names
TRAINING = {"torch", "torchvision", "onnxruntime"}

# Package → what it must not import; then those that may import the standard library only.
MUST_NOT = {
    "model": {"codegen", "device", "jinja2", "serial", "elftools", "unicorn"},
    "codegen": {"model", "device", "serial", "unicorn", *TRAINING},
    "device": {"model", "codegen", "onnx", "jinja2", *TRAINING},
    "nn2flash": {"onnx", "jinja2", "serial", "elftools", "unicorn", *TRAINING},
}


def imported(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide which package is meant"
            found.add((node.module or "").partition(".")[0])
    return found


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("package", MUST_NOT)
def test_package_keeps_to_itself(package: str) -> None:
    files = python_files(package)
    assert files
    for path in files:
        wrong = imported(path) & MUST_NOT[package]
        assert not wrong, f"{path.relative_to(ROOT)} imports {', '.join(sorted(wrong))}"


def test_one_verb_of_the_program_knows_the_model() -> None:
    """`quantize`; nothing else may come to need onnxruntime."""
    knows = {path.name for path in python_files("nn2flash") if "model" in imported(path)}
    assert knows == {"quantize.py"}


def test_support_knows_nobody() -> None:
    for path in python_files("support"):
        wrong = imported(path) - STANDARD - {"support"}
        assert not wrong, f"{path.relative_to(ROOT)} imports {', '.join(sorted(wrong))}"


def test_the_build_reads_with_the_standard_library() -> None:
    for path in (*python_files("site_scons"), ROOT / "SConstruct", ROOT / "SConscript"):
        wrong = imported(path) - STANDARD - {"SCons", "site_tools"}
        assert not wrong, f"{path.relative_to(ROOT)} imports {', '.join(sorted(wrong))}"


def test_templates_are_rendered_in_one_place() -> None:
    renders = {path for path in python_files(*PACKAGES) if "jinja2" in imported(path)}
    assert renders == {ROOT / "codegen" / "render.py"}


def test_firmware_and_templates_hold_no_python() -> None:
    assert not python_files("firmware", "templates")


def test_sconscript_is_embeddable() -> None:
    """No command line, no paths from the top, nothing that outlives the file."""
    tree = ast.parse((ROOT / "SConscript").read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    forbidden = {
        "ARGUMENTS",
        "ARGLIST",
        "COMMAND_LINE_TARGETS",
        "BUILD_TARGETS",
        "DEFAULT_TARGETS",
        "Default",
        "Decider",
        "SConsignFile",
        "CacheDir",
        "AddOption",
        "SetOption",
        "Alias",
        "Help",
        "DefaultEnvironment",
    }
    assert not (names | attributes) & forbidden
    strings = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not [text for text in strings if text.startswith("#")]


def test_only_its_folder_names_a_board() -> None:
    """The generator, its templates and the training know boards as data."""
    boards = [path.parent.name for path in (ROOT / "firmware" / "boards").glob("*/board.toml")]
    assert boards
    for folder in ("codegen", "model", "support", "templates", "firmware/app", "firmware/runtime"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                text = path.read_text(encoding="utf-8")
                named = [board for board in boards if board != "host" and board in text]
                assert not named, f"{path.relative_to(ROOT)} names {named}"


def test_every_module_can_be_carried_into_the_wheel() -> None:
    """There all packages are below one: an import that says `import PACKAGE` cannot be."""
    assert "nn2flash/codegen/reader/qdq.py" in wheel_files()
