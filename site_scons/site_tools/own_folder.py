"""A network module's folder in the build is its own: no other module's, and none of its data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import SCons.Errors


def refuse_anothers(env: Any, module: Any, weights: Any) -> None:
    """Refuse to train a module where another one was trained that is still there.

    Two files of one name in different folders would take each other's networks for their own, and
    train again with each switch. Not in a host's build: SCons opens its record with the first look
    at it, by a name that the host may give later, from the folder that is read at the time.

    Args:
        module: node of the module.
        weights: node of what its training makes; SCons' record tells what made it last.

    Raises:
        SCons.Errors.UserError: another module made it.
    """
    if env["HOSTED"] or env.GetOption("clean") or not weights.exists():
        return
    recorded = getattr(weights.get_stored_info().binfo, "bsources", ())
    # A command's sources stand in the order of its words: the module is the first of them.
    made_by = Path(env.Dir("#").abspath, str(recorded[0])) if recorded else Path(module.abspath)
    if made_by.suffix.lower() != ".py" or not made_by.is_file():
        return
    if made_by.resolve() != Path(module.abspath).resolve():
        raise SCons.Errors.UserError(
            f"model={env['model']}: {weights.dir} is that of {made_by}: give this one a name of its"
            f" own, name={env['name']}_2"
        )


def mark_given(env: Any, node: Any, path: str) -> Any:
    """Have no command make a file that the user gave, by whatever links it is named.

    Args:
        node: of the file, which is returned.
        path: as it is shown.
    """
    for each in _same(env, node):
        each.attributes.given = path
    return node


def refuse_given(env: Any, node: Any) -> None:
    """Refuse to make a file that the user gave: SCons would remove it first.

    Raises:
        SCons.Errors.UserError: the user gave it.
    """
    for each in _same(env, node):
        if path := getattr(each.attributes, "given", ""):
            raise SCons.Errors.UserError(
                f"{path}: is what this build makes itself: give a copy of it, elsewhere"
            )


def _same(env: Any, node: Any) -> list[Any]:
    """Nodes of a file: that of its name, and that of where links lead."""
    real = os.path.realpath(node.abspath)
    return [node] if real == node.abspath else [node, env.fs.File(real)]


def refuse_build_folder(env: Any, data: Path, out: Any) -> None:
    """Refuse data that is the build's own folder, or a folder that holds one of a host's build.

    Our own build folders are told by their lock, and left out (support/module_files.py).

    Raises:
        SCons.Errors.UserError: it is.
    """
    build = Path(os.path.realpath(out.abspath))
    folder = Path(os.path.realpath(data))
    if folder == build or (env["HOSTED"] and folder in build.parents):
        raise SCons.Errors.UserError(
            f"{data}: is no folder of data, it {'is' if folder == build else 'holds'} the build"
            f" folder {build}: name files and folders in it, or put the data into a folder of its"
            " own"
        )
