"""Two builds beside each other: which ones a user means, and what differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from codegen.report.changes import Change, compare
from codegen.report.history import Build, read_history
from support.errors import UserError

# Words for a build of the history, beside its number, key and commit.
THIS, PREVIOUS, OLDEST = WORDS = ("this", "previous", "oldest")
# Fewer digits of a key or a commit are taken for a number only.
_SHORTEST_HASH = 4
HISTORY = "report.json"


@dataclass(frozen=True)
class Comparison:
    """A build beside another one.

    Attributes:
        before, now: the names of the builds, in words.
        title: of the comparison.
        changes: what differs.
    """

    before: str
    now: str
    title: str
    changes: list[Change]


def since_previous(builds: list[Build]) -> Comparison | None:
    """The last build beside the one before; None for the first."""
    if len(builds) < 2:
        return None
    changes = compare(builds[-2].facts, builds[-1].facts)
    return Comparison("before", "now", "Since the previous build", changes)


def between(builds: list[Build], of: str, against: str) -> Comparison:
    """Any build beside any other.

    Args:
        builds: the history, the oldest first; not empty.
        of: the build that is compared: a word, a number, how its key or its commit begins, or the
            path of another build's report.json or of its folder. "" is the last one.
        against: the build that it is compared with, told in the same way. "" is the one before it.

    Raises:
        UserError: there is no such build, or several.
    """
    now, now_name = _named(builds, "of", of or THIS)
    if against:
        before, before_name = _named(builds, "against", against)
    else:
        before, before_name = _before(builds, now, f"of={of}")
    title = f"Compared with {before_name}"
    if now is not builds[-1]:
        title = f"{now_name[0].upper()}{now_name[1:]} compared with {before_name}"
    return Comparison(before_name, now_name, title, compare(before.facts, now.facts))


def _before(builds: list[Build], build: Build, asked: str) -> tuple[Build, str]:
    """The build before one of the history, and its name.

    Raises:
        UserError: it is the first, or of another history.
    """
    place = builds.index(build) if build in builds else 0
    if not place:
        raise UserError(f"{asked}: no build before it is remembered", _choices(builds, "against"))
    return builds[place - 1], _name(builds[place - 1])


def _named(builds: list[Build], option: str, word: str) -> tuple[Build, str]:
    """A build and its name.

    Raises:
        UserError: as `between`.
    """
    path = Path(word)
    path = path / HISTORY if path.is_dir() else path
    if path.is_file():
        others = read_history(path)
        if not others:
            raise UserError(f"{path}: has no builds", "make a report of that build: scons report")
        return others[-1], f"{_name(others[-1])} of {word}"
    found = _found(builds, word)
    if len(found) == 1:
        return found[0], _name(found[0])
    what = "several builds are called so" if found else "no file, and no build that is remembered"
    raise UserError(f"{option}={word}: {what}", _choices(found or builds, option))


def _found(builds: list[Build], word: str) -> list[Build]:
    """The builds that a word may mean."""
    if word in WORDS:
        place = {THIS: -1, PREVIOUS: -2, OLDEST: 0}[word]
        return [builds[place]] if len(builds) >= abs(place) else []
    is_hash = len(word) >= _SHORTEST_HASH
    return [
        each
        for each in builds
        if word == str(each.number)
        or (is_hash and (each.key.startswith(word) or each.commit.startswith(word)))
    ]


def _name(build: Build) -> str:
    return f"build {build.number} ({build.key})"


def _choices(builds: list[Build], option: str) -> str:
    """What may be given instead."""
    known = ", ".join(f"{each.number} ({each.key})" for each in builds)
    return f"give {option}= the report.json of another build, or a number or key of {known}"
