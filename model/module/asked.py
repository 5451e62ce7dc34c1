"""What a module's function asks for by the names of its parameters: `def data(given, seed): …`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from support.errors import UserError


def _named(function: Callable[..., Any], positional: int) -> list[inspect.Parameter]:
    """Its parameters that a name can fill, behind the first ones; none where Python cannot tell."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [each for each in parameters[positional:] if each.kind in kinds]


def asks_for(function: Callable[..., Any], name: str) -> bool:
    """Whether one of its parameters is called so."""
    return any(each.name == name for each in _named(function, 0))


def asked(
    function: Callable[..., Any], offered: Mapping[str, Any], place: str, positional: int = 0
) -> dict[str, Any]:
    """Those of the offered values that it has parameters for.

    Args:
        offered: name → value.
        place: `file:line` of the function, for messages.
        positional: arguments that it gets anyway, whatever it calls them.

    Raises:
        UserError: it needs something else, too.
    """
    found = {}
    for each in _named(function, positional):
        if each.name in offered:
            found[each.name] = offered[each.name]
        elif each.default is inspect.Parameter.empty:
            name = getattr(function, "__name__", "the function")
            raise UserError(
                f"{place}: {name}() has a parameter '{each.name}', which nothing is known for",
                f"known: {', '.join(offered)}; or give it a default",
            )
    return found
