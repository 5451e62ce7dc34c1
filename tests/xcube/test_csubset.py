"""The reader of C text, against gcc where gcc can say what is right."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codegen.xcube import csubset

EXPRESSIONS = st.recursive(
    st.one_of(st.integers(0, 4000).map(str), st.integers(0, 999).map(lambda n: f"{n}U")),
    lambda inner: st.one_of(
        inner.map(lambda e: f"({e})"),
        inner.map(lambda e: f"(-{e})"),
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({' '.join(t)})"),
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(EXPRESSIONS)
@example("((10))")
@example("0x10 + 1")
def test_integers_are_what_c_takes_them_for(expression: str) -> None:
    plain = expression.replace("U", "")
    assert csubset.integer(expression, {}) == eval(plain)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "f(1)",
        "1 / 2",
        "1 << 3",
        "__import__('os')",
        "1 if 1 else 2",
        "(" * 500 + "1",
        "010",
    ],
)
def test_what_is_no_plain_arithmetic_has_no_value(text: str) -> None:
    assert csubset.integer(text, {}) is None


def test_macros_may_name_each_other_and_themselves() -> None:
    known = csubset.macros(
        csubset.plain("#define A (B)\n#define B \\\n  (C * 2u)\n#define C 3\n#define D D\n")
    )
    assert csubset.integer("A + 1", known) == 7
    assert csubset.integer("D", known) is None


def test_comments_strings_and_joined_lines() -> None:
    text = 'a /* "x" // */ b // c \\\n still a comment\n"/* no comment */" \'"\' // d\r\ne'
    assert csubset.plain(text).split() == ["a", "b", '"/*', "no", "comment", '*/"', "'\"'", "e"]


def test_function_like_macros_are_no_values() -> None:
    found = csubset.macros('#define F(x) (x)\n# define  S  "text"\n#define N (784)\n#define E\n')
    assert found == {"S": '"text"', "N": "(784)", "E": ""}
    assert csubset.string(found["S"]) == "text"


def test_calls_are_split_at_the_top_level_only() -> None:
    text = 'X(a, {b, c}, Y(d, "e, )"), f[1, 2]) X () X(unclosed'
    assert list(csubset.calls(text, "X")) == [["a", "{b, c}", 'Y(d, "e, )")', "f[1, 2]"], [""]]


@given(st.text(alphabet="X(){}[],\"\\/* \n'", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever it finds was there, in this order, and every call is closed."""
    plain = csubset.plain(text)
    assert "\r" not in plain and len(plain) <= len(text)
    start = 0
    for arguments in csubset.calls(plain, "X"):
        at = start = plain.index("X", start) + 1
        for argument in arguments:
            assert argument == argument.strip()
            at = plain.index(argument, at) + len(argument)
    assert not csubset.macros(plain)


@pytest.mark.parametrize(
    "literal", ["0.0329674258828163f", "(1e-3F)", "-.5", "+3.", "1", "0.00390625f"]
)
def test_floats_are_what_gcc_takes_them_for(literal: str) -> None:
    source = f'_Static_assert((double)({literal}) == (double){csubset.real(literal)!r}f, "");'
    done = subprocess.run(
        ["gcc", "-x", "c", "-fsyntax-only", "-"], input=source, text=True, check=False
    )
    plain = f'_Static_assert((double)({literal}) == {csubset.real(literal)!r}, "");'
    exact = subprocess.run(
        ["gcc", "-x", "c", "-fsyntax-only", "-"], input=plain, text=True, check=False
    )
    assert 0 in (done.returncode, exact.returncode)


@pytest.mark.parametrize("text", ["", "x", "1.0f2", "0x1p3", "1..2", "nan"])
def test_what_is_no_float(text: str) -> None:
    assert csubset.real(text) is None
