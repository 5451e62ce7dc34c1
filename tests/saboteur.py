"""What was tried to make this project lose, pass off, run or compute something wrong, as tests.

`pytest tests -k saboteur` replays all of it: files and tests that bear the word in their names, and
those of this list, which get it as a marker (tests/conftest.py).
"""

from __future__ import annotations

# File below tests/ → its tests; none: all of them.
LIST: dict[str, tuple[str, ...]] = {
    # Tests that nobody runs.
    "test_listing.py": (),
    # Bytes that can be wrong: modes of the FPU, places of inputs and outputs, flags, x87.
    "runtime/test_anyhow.py": ("test_every_mode_and_every_place",),
    "runtime/test_flags.py": ("test_bytes", "test_refused"),
    # Children left behind.
    "device/test_children.py": (),
    "graph/test_ends.py": (),
    # Tracebacks and wrong answers: manifests, custom.py, .venv, sizes, shapes, types, connections.
    "codegen/test_wrong_boards.py": ("test_board", "test_manifest_that_is_no_json"),
    "codegen/test_declared.py": (),
    "graph/test_messages.py": ("test_mistake_gets_one_line",),
    "demo/test_server.py": ("test_connections_that_do_not_ask_are_ended",),
    # Packages that float.
    "test_requirements.py": (),
    # Faults that all tests let pass once.
    "mutation/test_mutation.py": ("test_known_faults_are_noticed",),
}


def listed(path: str, test: str) -> bool:
    """Whether a test is of the list.

    Args:
        path: of its file, below tests/.
        test: the function's name.
    """
    return path in LIST and test in (LIST[path] or (test,))
