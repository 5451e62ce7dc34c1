"""Options of a command line by name, as the build's tools and the emulators give them."""

from __future__ import annotations

from pathlib import Path

from support.options import option_words


def test_words_in_their_order() -> None:
    assert option_words({"--out": "a b", "--count": 3, "-S": True, "--in": Path("x")}) == [
        "--out",
        "a b",
        "--count",
        3,
        "-S",
        "--in",
        Path("x"),
    ]


def test_a_list_repeats_the_option() -> None:
    assert option_words({"--include": ["a", "b"], "--target": []}) == [
        "--include",
        "a",
        "--include",
        "b",
    ]


def test_what_is_not_given_is_left_out_and_zero_is_given() -> None:
    assert option_words({"--serial": "", "--port": None, "--dry-run": False}) == []
    assert option_words({"--seed": 0}) == ["--seed", 0]
