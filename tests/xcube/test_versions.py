"""Which version numbers are found in texts and names, and which of them go together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.xcube.versions import (
    PAIRS,
    Version,
    belong_together,
    core_of,
    from_library,
    parse,
    xcube_of,
)

NUMBERS = st.integers(0, 99)


@pytest.mark.parametrize(("core", "xcube"), PAIRS.items())
def test_pairs_seen_in_real_projects_belong_together(
    core: tuple[int, int, int], xcube: tuple[int, int, int]
) -> None:
    assert xcube_of(Version(*core)) == Version(*xcube)
    assert core_of(Version(*xcube)) == Version(*core)
    assert belong_together(Version(*core), Version(*xcube))


def test_core_1_0_0_came_with_9_1_0() -> None:
    assert xcube_of(Version(1, 0, 0)) == Version(9, 1, 0)


@pytest.mark.parametrize("own", [(7, 1, 0), (7, 2, 0), (7, 3, 0), (8, 1, 0), (9, 0, 0)])
def test_up_to_9_0_the_numbers_are_the_same(own: tuple[int, int, int]) -> None:
    assert xcube_of(Version(*own)) == Version(*own)
    assert core_of(Version(*own)) is None


def test_other_releases_do_not_belong_together() -> None:
    assert not belong_together(Version(1, 0, 0), Version(10, 2, 0))
    # Real 9.0.0 files carry 9.0.0, those of 9.1.0 Core 1.0.0.
    assert not belong_together(Version(1, 0, 0), Version(9, 0, 0))
    assert belong_together(Version(9, 0, 0), Version(9, 0, 0))
    assert not belong_together(Version(9, 0, 0), Version(9, 1, 0))
    assert not belong_together(Version(2, 2, 0), Version(9, 1, 0))
    assert not belong_together(Version(2, 2, 0), Version(10, 0, 0))
    assert not belong_together(Version(7, 2, 0), Version(7, 3, 0))


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("720", Version(7, 2, 0)),
        ("910", Version(9, 1, 0)),
        ("1020", Version(10, 2, 0)),
        ("1201", Version(12, 0, 1)),
        ("92", None),
        ("10200", None),
    ],
)
def test_library_digits(digits: str, expected: Version | None) -> None:
    assert from_library(digits) == expected


@given(
    NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["", "-19899", "-RC2", " 2adc00962", "-20581 7e"])
)
def test_a_version_is_found_in_its_line(major: int, minor: int, micro: int, rest: str) -> None:
    line = f"ST Edge AI Core v{major}.{minor}.{micro}{rest}"
    assert parse(line) == Version(major, minor, micro)


@pytest.mark.parametrize("text", ["", "none", "1.2", "v1", "1.2.3.4", "1234.5.6"])
def test_what_is_no_version(text: str) -> None:
    assert parse(text) is None
