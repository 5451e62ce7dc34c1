"""The pages of a build: its report, and the demo that its firmware answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from SCons.Errors import UserError
from SCons.Script import COMMAND_LINE_TARGETS

_MEASURE = ("validate", "profile")


def options_of(files: Mapping[str, Any]) -> list[Any]:
    """`--name file` for each file that there is."""
    return [word for name, node in files.items() if node for word in (f"--{name}", node)]


def report(
    env: Any,
    page: Any,
    files: Mapping[str, Any],
    optional: Mapping[str, Any],
    *,
    flags: Sequence[str],
    templates: Any,
) -> Any:
    """Declare the report.

    Args:
        page: node of the page; what changed from build to build is kept beside it.
        files: option of `codegen report` -> node; None for what this build does not have.
        optional: the same for files that only some runs leave, such as a validation's results:
            those that are there, or are asked for in this very run.
        flags: further options.
        templates: the page's.

    Returns:
        What `report` stands for; with of= or against= it prints what differs.
    """
    stem = Path(page.name).stem
    kept, text = (page.dir.File(f"{stem}.{suffix}") for suffix in ("json", "txt"))
    measures = any(target in _MEASURE for target in COMMAND_LINE_TARGETS)
    there = {
        name: node
        for name, node in optional.items()
        if Path(str(node)).is_file() or (measures and node.has_builder())
    }
    settings = [word for text in env.Decisive() for word in ("--setting", env.Literal(text))]
    asked = [key for key in ("of", "against") if env[key]]
    other = [word for key in asked for word in (f"--{key}", _other_build(env, key, kept))]
    words = [*options_of({**files, **there}), *flags, *settings, *other]
    words += ["--kept", kept, "--text", text, "--out", page]
    made = env.Run("REPORT", "codegen report", [page, kept, text], words, also=templates)
    env.Precious(made)
    env.NoCache(made)
    return env.Show(page.dir.File(f"{stem}.run"), text, printed=False) if asked else made


def _other_build(env: Any, key: str, kept: Any) -> Any:
    """The report.json that a variable names, or what it calls a build that `kept` remembers."""
    path = Path(env.GetLaunchDir(), env[key])
    path = path / kept.name if path.is_dir() else path
    if not path.is_file():
        return env.Literal(env[key])
    if path.resolve() == Path(kept.abspath).resolve():
        raise UserError(
            f"{key}={env[key]}: is this build's own; give a number or key of it instead"
        )
    return env.File(str(path))


def validation(env: Any, out: Any, board: Any) -> Any:
    """What `validate` measured: on this firmware's board, or else on another one.

    Args:
        out: the build folder.
        board: the folder of this firmware; that of validation has its name and "-validate".
    """
    name = board.name.removesuffix("-validate")
    own = Path(board.abspath).with_name(f"{name}-validate") / "validation.json"
    others = sorted(Path(out.abspath).glob("*-validate/validation.json"))
    return env.File(str(next((path for path in (own, *others) if path.is_file()), own)))


def demo(env: Any, page: Any, words: Sequence[Any], also: Sequence[Any]) -> Any:
    """Declare the serving of the demo's rendered page, until Ctrl-C."""
    run = page.dir.File("demo.run")
    return env.Always(run, "device demo", [*words, "--page", page], also=also, apart=True)


def reporting(env: Any) -> bool:
    """Whether this run makes a report, which waits for what is measured in the same run."""
    return "report" in COMMAND_LINE_TARGETS


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Report`, `env.Reporting`, `env.Validation` and `env.Demo`."""
    env.AddMethod(reporting, "Reporting")
    env.AddMethod(report, "Report")
    env.AddMethod(validation, "Validation")
    env.AddMethod(demo, "Demo")


def exists(env: Any) -> bool:
    """Needs nothing of its own."""
    return True
