"""Which tests look at which file: a mutant's closest ones run first, then those of its package.

Goldens are left out: they notice every change of a rendered word, right or wrong.
"""

from __future__ import annotations

from pathlib import Path

# Where mutants are made.
AREAS = (
    "codegen/**/*.py",
    "device/**/*.py",
    "site_scons/**/*.py",
    "firmware/runtime/**/*.c",
    "firmware/runtime/**/*.h",
    *(f"templates/{part}/*.j2" for part in ("app", "board", "network", "network_stai", "ops")),
)
_CODEGEN = ("tests/codegen", "--ignore=tests/codegen/test_goldens.py")
_KERNELS = ("tests/kernels",)
_RUNTIME = ("tests/runtime", "tests/ops")
_DEVICE = ("tests/device", "--ignore=tests/device/cloud")
# Beginning of a path → what pytest runs; the longest that fits counts.
TESTS: dict[str, tuple[str, ...]] = {
    "codegen/": _CODEGEN,
    "codegen/commands/package": ("tests/embed/test_package.py",),
    "codegen/package": ("tests/embed/test_package.py",),
    "codegen/ide/": ("tests/ide/test_vscode.py", "tests/ide/test_written.py"),
    "codegen/commands/ide": ("tests/ide/test_vscode.py", "tests/ide/test_written.py"),
    "codegen/kernels/": _KERNELS,
    "codegen/ops/": ("tests/ops", *_KERNELS),
    "codegen/reader/": ("tests/ops", *_CODEGEN, "tests/fuzz"),
    "codegen/report/": ("tests/report/test_report.py",),
    "codegen/commands/report": ("tests/report/test_report.py",),
    "codegen/xcube/": ("tests/xcube", "--ignore=tests/xcube/test_build.py"),
    "codegen/commands/bundle": ("tests/xcube/test_import.py", "tests/xcube/test_refused.py"),
    "codegen/commands/stedgeai": ("tests/xcube/test_stedgeai.py",),
    "device/": _DEVICE,
    "device/bench/": ("tests/device/test_bench_counter.py",),
    "device/cloud/": ("tests/device/cloud",),
    "device/commands/cloud": ("tests/device/cloud",),
    "device/commands/demo": ("tests/demo/test_server.py",),
    "device/commands/validate": ("tests/validate/test_validate.py",),
    "device/demo/": ("tests/demo/test_server.py",),
    "device/emulators/h750/": ("tests/board_h750",),
    "device/debugport/": ("tests/board_h750",),
    "device/link/": ("tests/protocol", "tests/validate/test_validate.py"),
    "device/validation/": ("tests/validate/test_validate.py",),
    "firmware/runtime/": _RUNTIME,
    "firmware/runtime/kernels/nn_packed": (*_RUNTIME, *_KERNELS),
    "firmware/runtime/nn_stai": ("tests/xcube/test_stai_interface.py", "tests/runtime"),
    "firmware/runtime/stai": ("tests/xcube/test_stai_interface.py", "tests/runtime"),
    "site_scons/": ("tests/graph/test_messages.py", "tests/graph/test_dependencies.py"),
    "site_scons/site_tools/embedding": ("tests/embed/test_scons_host.py",),
    "site_scons/site_tools/ide": ("tests/ide/test_vscode.py",),
    "templates/": ("tests/codegen/test_pipeline.py", *_RUNTIME),
    "templates/app/": ("tests/end_to_end",),
    "templates/board/": ("tests/codegen/test_pipeline.py", "tests/board_h750/test_boot.py"),
    "templates/network_stai/": ("tests/xcube/test_stai_interface.py",),
    "templates/ops/fully_connected_": _KERNELS,
}


def package_tests(path: str) -> tuple[str, ...]:
    """Arguments of pytest for all tests that look at a file's package."""
    return TESTS[max((start for start in TESTS if path.startswith(start)), key=len)]


def named_tests(root: Path, path: str) -> tuple[str, ...]:
    """Those that bear the file's name, or its first words."""
    words = Path(path).name.split(".")[0].removeprefix("nn_").split("_")
    folders = [word for word in package_tests(path) if not word.startswith("-")]
    for count in range(len(words), 0, -1):
        names = [f"{folder}/test_{'_'.join(words[:count])}.py" for folder in folders]
        if found := tuple(name for name in names if (root / name).is_file()):
            return found
    return ()


def closest_tests(root: Path, path: str) -> tuple[str, ...]:
    """Those, else the package's."""
    return named_tests(root, path) or package_tests(path)


def files(root: Path) -> list[str]:
    """All files that mutants are made of."""
    found = (path for area in AREAS for path in root.glob(area))
    return sorted({str(path.relative_to(root)) for path in found})
