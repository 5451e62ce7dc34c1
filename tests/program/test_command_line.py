"""The command line: help, versions, boards, operators, an old Python."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from codegen import version
from nn2flash.boards import names
from nn2flash.cli import COMMANDS, EXIT_CODES, main
from support.errors import UserError
from tests.program.conftest import REPOSITORY, from_sources


def test_each_verb_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in COMMANDS:
        with pytest.raises(SystemExit, match="0"):
            main([verb, "--help"])
        assert f"usage: nn2flash {verb}" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert EXIT_CODES in shown and all(f"  {verb}" in shown for verb in COMMANDS)


def test_the_version_is_the_generators(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"nn2flash {version.TEXT}\n"


def test_a_wrong_verb_is_a_wrong_command_line(tmp_path: Path) -> None:
    done = from_sources("analyse-this", where=tmp_path)
    assert done.returncode == 2
    assert "invalid choice: 'analyse-this'" in done.stderr


def test_boards_are_those_of_the_firmware(capsys: pytest.CaptureFixture[str]) -> None:
    main(["boards", "--json"])
    boards = json.loads(capsys.readouterr().out)
    folders = sorted((REPOSITORY / "firmware" / "boards").iterdir())
    assert [board["board"]["name"] for board in boards] == [folder.name for folder in folders]
    main(["boards", str(folders[0])])
    assert capsys.readouterr().out.startswith(f"{folders[0].name}: ")


@pytest.mark.parametrize(
    ("board", "remedy"), [("stm32h750", "did you mean 'stm32h750b_dk'"), ("/", "known: host")]
)
def test_a_board_that_there_is_not(board: str, remedy: str) -> None:
    with pytest.raises(UserError, match=f"no board '{board}'") as caught:
        main(["boards", board])
    assert remedy in caught.value.remedy and "board.toml" in caught.value.remedy


def test_boards_of_the_user_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (REPOSITORY / "firmware" / "boards" / "mps2_an500" / "board.toml").read_text()
    (tmp_path / "board.toml").write_text(text.replace('"mps2_an500"', '"mine"'))
    for given in (tmp_path, tmp_path / "board.toml"):
        main(["boards", str(given)])
        assert capsys.readouterr().out.startswith("mine: ")
    assert "mine" not in names()


def test_operators_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    main(["operators"])
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("Conv: ") for line in lines)
    main(["operators", "gemm"])
    about = capsys.readouterr().out
    assert about.startswith("Gemm, MatMul\n") and "  kernel portable (any processor): " in about
    main(["operators", "--json"])
    assert {"Conv"} in [
        {name for name, _ in entry["names"]} for entry in json.loads(capsys.readouterr().out)
    ]


def test_an_operator_that_is_not_read() -> None:
    with pytest.raises(UserError, match="'Gem' is not supported") as caught:
        main(["operators", "Gem"])
    assert caught.value.remedy == "did you mean Gemm?"


def test_an_old_python_is_told_of_in_one_line(tmp_path: Path) -> None:
    """No such Python is here: this one says that it is old, and the files parse as its would."""
    for name in ("__init__", "__main__"):
        text = (REPOSITORY / "nn2flash" / f"{name}.py").read_text(encoding="utf-8")
        ast.parse(text, feature_version=(3, 7))
    program = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); sys.version_info = (3, 9, 2)\n"
        "from nn2flash import __main__; __main__.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("nn2flash: error: this is Python 3.9, too old\n  remedy: ")
    assert len(done.stderr.splitlines()) == 2
