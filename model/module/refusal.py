"""What is wrong with the data of a module, told with the place of its `data()`."""

from __future__ import annotations

from support.errors import UserError


class Refusal:
    """Raises what is wrong with a part, with the place of `data()` in front."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __call__(self, what: str, remedy: str) -> UserError:
        return UserError(f"{self.place}: {what}", remedy)
