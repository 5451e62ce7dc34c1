"""A network module is loaded: its functions, its literals, and one line for what is missing."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from model.module.asked import asked
from model.module.from_source import FromSource, from_source
from model.module.users_code import place_of, running
from support import module_files
from support.bindings import bindings
from support.errors import UserError
from support.files import CHECK_PATH, resolved

EXAMPLE = {
    "network": "def network(): return torch.nn.Sequential(…)",
    "data": 'def data(): return {"train": (inputs, labels), "test": (inputs, labels)}',
}


MOST = 1e9
"""Above any number of epochs."""


@dataclass(frozen=True)
class NetworkModule:
    """A user's file after it was loaded.

    Attributes:
        path: absolute.
        loaded: what Python made of it.
        recipe: one of its RECIPES; "" where it has none.
    """

    path: Path
    loaded: ModuleType
    recipe: str = ""

    def function(self, name: str) -> Callable[..., Any] | None:
        """One of its functions, or None.

        Raises:
            UserError: the name is something that cannot be called.
        """
        found = getattr(self.loaded, name, None)
        if found is not None and not callable(found):
            raise UserError(f"{self.path}: {name} is no function", f"def {name}(…): …")
        return found

    def needed(self, name: str) -> Callable[..., Any]:
        """A function that must be there.

        Raises:
            UserError: it is not.
        """
        found = self.function(name)
        if found is None:
            other = " (or give data=)" if name == "data" else ""
            raise UserError(f"{self.path}: has no {name}()", f"add it{other}: {EXAMPLE[name]}")
        return found

    def number(self, name: str, default: float) -> float:
        """A number above 0 that the module sets, such as EPOCHS; a whole one if `default` is.

        A dictionary has one for each recipe.

        Raises:
            UserError: something else.
        """
        value = getattr(self.loaded, name, default)
        if self.recipe and isinstance(value, dict):
            value = value.get(self.recipe, default)
        kinds = (int,) if isinstance(default, int) else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < MOST:
            raise UserError(
                f"{self._line(name)}: {name} = {value!r}", f"give a number, {name} = {default}"
            )
        return float(value)

    def _line(self, name: str) -> str:
        """`file:line` where a name got its value last; the file where that cannot be told."""
        found = bindings(module_files.parsed(self.path), name)
        return f"{self.path}:{found[-1].line}" if found else str(self.path)

    def place(self, name: str) -> str:
        """`file:line` of one of its functions, for messages."""
        found = getattr(self.loaded, name, None)
        return place_of(found, self.path) if found else str(self.path)

    def asked(
        self, function: Callable[..., Any], offered: Mapping[str, Any], positional: int = 0
    ) -> dict[str, Any]:
        """What one of its functions asks for by name: `recipe`, and whatever else is offered.

        Args:
            positional: arguments that it gets anyway.

        Raises:
            UserError: it asks for something else.
        """
        name = getattr(function, "__name__", "")
        return asked(function, {**offered, "recipe": self.recipe}, self.place(name), positional)

    def network(self, seed: int = 0) -> nn.Module:
        """A new network, with the weights that it was made with.

        Raises:
            UserError: `network()` is missing, raises, or returns something else.
        """
        make = self.needed("network")
        more = self.asked(make, {"seed": seed})
        with running(self.path, "network()", self.place("network")):
            made = make(**more)
        if not isinstance(made, nn.Module):
            raise UserError(
                f"{self.place('network')}: network() returns {_kind(made)}, not a torch.nn.Module",
                EXAMPLE["network"],
            )
        if not any(parameter.requires_grad for parameter in made.parameters()):
            raise UserError(
                f"{self.place('network')}: network() has no weights to train",
                "give it layers, such as torch.nn.Linear(8, 4)",
            )
        return made


def _kind(value: object) -> str:
    """What something is, in words."""
    return "nothing" if value is None else f"a {type(value).__name__}"


def _chosen(path: Path, loaded: ModuleType, recipe: str) -> str:
    """One of a module's RECIPES: the first of them where none is asked for.

    Raises:
        UserError: it has no such one.
    """
    known = tuple(map(str, getattr(loaded, "RECIPES", ())))
    if recipe and recipe not in known:
        raise UserError(
            f"{path}: has no recipe '{recipe}'",
            f"known: {', '.join(known)}" if known else 'name them: RECIPES = ("…", "…")',
        )
    return recipe or (known[0] if known else "")


def load(path: Path, seed: int, recipe: str = "") -> NetworkModule:
    """Load a module as Python would, seen from its own folder, which its files are named from.

    Args:
        seed: of PyTorch's random numbers, which networks' first weights are drawn from.
        recipe: one of its RECIPES; "" for the first.

    Raises:
        UserError: it is not there, or raises while it is loaded.
    """
    path = resolved(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file", CHECK_PATH)
    from_source(path.parent)
    loader = FromSource("network_module", str(path))
    spec = importlib.util.spec_from_file_location(loader.name, path, loader=loader)
    if spec is None or spec.loader is None:
        raise UserError(f"{path}: is no Python file", "call it something.py")
    sys.path.insert(0, str(path.parent))
    os.chdir(path.parent)
    torch.manual_seed(seed)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded  # dataclasses and pickle look there
    with running(path, "loading the module"):
        spec.loader.exec_module(loaded)
    return NetworkModule(path, loaded, _chosen(path, loaded, recipe))
