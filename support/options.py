"""Words of a command line from options by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def option_words(given: Mapping[str, Any]) -> list[Any]:
    """The words, in the order of `given`.

    Args:
        given: option → its value, any object; True: the option has none; a list: the option once
            for each; None, False and "": the option is left out.
    """
    words: list[Any] = []
    for name, value in given.items():
        for each in value if type(value) is list else [value]:
            if each is True:
                words.append(name)
            elif each is not None and each is not False and not (type(each) is str and not each):
                words += [name, each]
    return words
