"""The shape of JSON content: what a file must hold before anything is made of it.

A shape is a type of JSON's (`str`, `bool`; `int`: a whole number of at most 64 bits that is not
negative; `float`: any number), `SIGNED`, a list of one shape for lists of any length, a tuple of
shapes for lists of that length, a dictionary of shapes by name, or `Named`. A name that ends in "?"
may be missing or null; names that are not listed may be there, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SIGNED = "a whole number"
_MOST = 2**63
_WORDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
_NUMBERS = {int: "a whole number from 0 on", float: "a number", SIGNED: SIGNED}


@dataclass(frozen=True)
class Named:
    """An object with values of one shape under any names."""

    each: Any


def wrong(content: Any, shape: Any, where: str = "") -> str:
    """What is not of this shape, in words: `'layers[1].name' is a list, not text`; "" when all is.

    Args:
        where: what `content` is in the file; "" for all of it.
    """
    what = f"'{where}'" if where else "it"
    if isinstance(shape, dict | Named):
        if not isinstance(content, Mapping):
            return f"{what} is {_told(content)}, not an object"
        return next(filter(None, _wrong_values(content, shape, where)), "")
    if isinstance(shape, list | tuple):
        if not isinstance(content, list):
            return f"{what} is {_told(content)}, not a list"
        if isinstance(shape, tuple) and len(content) != len(shape):
            return f"{what} has {len(content)} elements, not {len(shape)}"
        shapes = shape * len(content) if isinstance(shape, list) else shape
        each = (
            wrong(value, shapes[place], f"{where}[{place}]") for place, value in enumerate(content)
        )
        return next(filter(None, each), "")
    fits = _is_number(content, shape) if shape in _NUMBERS else isinstance(content, shape)
    return "" if fits else f"{what} is {_told(content)}, not {_NUMBERS.get(shape) or _WORDS[shape]}"


def _wrong_values(content: Mapping[str, Any], shape: Any, where: str) -> Iterator[str]:
    prefix = f"{where}." if where else ""
    if isinstance(shape, Named):
        for name, value in content.items():
            yield wrong(value, shape.each, f"{prefix}{name}")
        return
    for key, of in shape.items():
        name = key.removesuffix("?")
        if content.get(name) is None and key != name:
            continue
        if name not in content:
            yield f"'{prefix}{name}' is missing"
        else:
            yield wrong(content[name], of, f"{prefix}{name}")


def _is_number(content: Any, shape: Any) -> bool:
    kinds = (int, float) if shape is float else (int,)
    if isinstance(content, bool) or not isinstance(content, kinds):
        return False
    return (0 if shape is int else -_MOST) <= content < _MOST


def _told(content: Any) -> str:
    """What a value is, in words; a number is told as it is."""
    if isinstance(content, int | float) and not isinstance(content, bool):
        text = str(content)
        return text if len(text) <= 24 else "a number of more than 64 bits"
    return _WORDS.get(type(content), "null")
