"""Print what bash needs to complete this program's commands, options and boards.

Put it into effect with: eval "$(nn2flash completion)"
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from codegen import version
from nn2flash.boards import names

TEMPLATE = "completion/nn2flash.bash.j2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(arguments: argparse.Namespace) -> None:
    """Print it."""
    del arguments
    from codegen.render import render
    from nn2flash.cli import COMMANDS, build_parser

    verbs = {verb: options(build_parser(verb), verb) for verb in COMMANDS}
    sys.stdout.write(render(TEMPLATE, {"version": version.TEXT, "verbs": verbs}))


def options(parser: argparse.ArgumentParser, verb: str) -> list[dict[str, Any]]:
    """Each option of a verb: `name`, whether it takes a `value`, and the `choices` of that."""
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    found = []
    for action in commands.choices[verb]._actions:
        choices = names() if "--board" in action.option_strings else list(action.choices or ())
        found += [
            {"name": name, "value": action.nargs != 0, "choices": choices}
            for name in action.option_strings
        ]
    return found
