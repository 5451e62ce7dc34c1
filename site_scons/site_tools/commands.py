"""Commands started word by word, with no shell: a name in a path is never anything but a name.

SCons hands each command line to `sh -c`, with an escape of its own that leaves backquotes alone.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import SCons.Action
import SCons.Errors
import SCons.Node
import SCons.Subst
from site_tools import cleaning, parent
from site_tools.program import Program
from site_tools.standalone import standalone

system_errors = standalone("system_errors")


def start(words: Sequence[str], surroundings: Mapping[str, str], held: Sequence[int] = ()) -> int:
    """Run a program to its end; returns its status as a shell would tell it.

    Args:
        words: the program and its arguments.
        surroundings: its environment.
        held: open files that it keeps open, such as the build folder's lock.
    """
    try:
        status = parent.run(words, env=dict(surroundings), pass_fds=tuple(held))
    except OSError as error:
        sys.stderr.write(f"scons: error: {system_errors.line(error, words[0])}\n")
        return 127
    return status if status >= 0 else 128 - status


class Command(SCons.Action.CommandAction):  # type: ignore[misc]
    """A command line of one program, its words as they are.

    Args:
        words: nodes, variables and strings, or one string that SCons splits.
        check: called before it runs; what it returns is an error to print.
        program: what of this project it runs, which makes it run again when that changes.
        kw: as of SCons' `Action`, such as `cmdstr`.
    """

    def __init__(
        self,
        words: Any,
        check: Callable[[], str] | None = None,
        program: Program | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(words, **kw)
        self.check = check
        self.program = program

    def get_presig(self, target: Any, source: Any, env: Any, executor: Any = None) -> str:
        """What of it decides whether it runs again: the command line and the program."""
        line = super().get_presig(target, source, env, executor)
        if not self.program:
            return str(line)
        begun = target[0].get_state() >= SCons.Node.executing
        return f"{line} {self.program.signature(begun)}"

    def strfunction(
        self, target: Any, source: Any, env: Any, executor: Any = None, **kw: Any
    ) -> Any:
        """What is shown: `cmdstr`, or else the line as a shell would take it."""
        shown = self.cmdstr
        if isinstance(shown, str):
            shown = env.subst(shown, SCons.Subst.SUBST_RAW, target, source)
        if shown is None or (isinstance(shown, str) and shown):
            return shown
        return shlex.join(self.words(target, source, env, executor))

    def words(self, target: Any, source: Any, env: Any, executor: Any) -> list[str]:
        """What the command line says for a target."""
        lines, _, _ = self.process(target, source, env, executor)
        return [str(word) for line in lines for word in line]

    def execute(self, target: Any, source: Any, env: Any, executor: Any = None) -> Any:
        """Run it; returns 0 or SCons' description of the failure."""
        if executor:
            target, source = executor.get_all_targets(), executor.get_all_sources()
        problem = self.check() if self.check else ""
        if problem:
            sys.stderr.write(f"scons: error: {problem}\n")
            return SCons.Errors.BuildError(errstr="Error 1", status=1, action=self)
        words = self.words(target, source, env, executor)
        before = cleaning.stamps(target)
        status = self.run(words, source, env)
        if status:
            if env["HOSTED"]:  # at the top level, all that failed is removed at the end
                cleaning.remove_failed_in_host(Path(env["HOSTED_IN"]), target)
            what = f"Error {status}"
            return SCons.Errors.BuildError(errstr=what, status=status, action=self, command=words)
        after = cleaning.stamps(target)
        if idle := [node for node, seen in after.items() if seen is None or seen == before[node]]:
            sys.stderr.write(
                f"scons: error: {idle[0]}: its command ended without having written it: look for"
                " what ends the process, such as os._exit()\n"
            )
            return SCons.Errors.BuildError(errstr="Error 1", status=1, action=self)
        lasting = [*after]
        if lasting and (changed := cleaning.changed_source(lasting[0]) or self._changed()):
            for node in lasting:
                node.remove()
            sys.stderr.write(f"scons: error: {changed}: has changed meanwhile: build again\n")
            return SCons.Errors.BuildError(errstr="Error 1", status=1, action=self)
        return 0

    def _changed(self) -> str:
        return self.program.changed() if self.program else ""

    def run(self, words: list[str], source: Sequence[Any], env: Any) -> int:
        """Start the program now."""
        return start(words, env["ENV"], env.get("HELD", ()))


class Later(Command):
    """A command that runs when the build has ended: `env["APART"]` takes it (runs.py)."""

    def run(self, words: list[str], source: Sequence[Any], env: Any) -> int:
        """Leave it to the end."""
        env["APART"](
            words,
            [str(node) for node in source if not cleaning.is_kept(node)],
            env["ENV"],
        )
        return 0


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Direct(words, …)` and `env.Later(words, …)`."""
    parent.pass_on_endings()
    env.AddMethod(lambda env, words, **how: Command(words, **how), "Direct")
    env.AddMethod(lambda env, words, **how: Later(words, **how), "Later")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
