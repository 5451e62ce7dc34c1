"""What the campaign has found, in words: its output, and its section of docs/soak.md.

`python -m tests.mutation.telling` writes the section from `judged.jsonl`; a test holds it to that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tests.mutation.copies import ROOT
from tests.mutation.judged import Name, Record, Verdict, explanation, sample
from tests.mutation.run import NOTICED, SURVIVED, TIMED_OUT, UNJUDGED

# The aim: of those that are noticed or survive, at most so many without an explanation.
AIM = 0.03
# The sample that `judged.jsonl` is about.
MUTANTS, SEED = 300, 12


def unexplained(found: Mapping[Name, Verdict]) -> list[Name]:
    """Those that survived, and nobody has said why it changes nothing."""
    return [
        name
        for name, verdict in found.items()
        if verdict.outcome == SURVIVED and not explanation(name)
    ]


def holds(found: Mapping[Name, Verdict]) -> bool:
    """Whether no more survive unexplained than the aim allows."""
    return len(unexplained(found)) <= AIM * _judged(found)


def told(found: Mapping[Name, Verdict]) -> list[str]:
    """The figures and all that were not noticed."""
    counts = Counter(verdict.outcome for verdict in found.values())
    left = [name for name, verdict in found.items() if verdict.outcome == SURVIVED]
    explained = {name: why for name in left if (why := explanation(name))}
    lines = [
        f"{len(found)} mutants: {counts[NOTICED]} noticed, {counts[SURVIVED]} survived,"
        f" {len(explained)} of them explained, {counts[TIMED_OUT]} timed out,"
        f" {counts[UNJUDGED]} not judged: their tests fail without a fault"
    ]
    met = Counter(found[name].met for name in left)
    lines += [f"  {count} of the survivors met: {stage}" for stage, count in sorted(met.items())]
    for area, every in sorted(_by_area(found).items()):
        judged = every[NOTICED] + every[SURVIVED]
        lines.append(f"  {area}: {every[SURVIVED]} of {judged} survived")
    slow = [name for name, verdict in found.items() if verdict.outcome == TIMED_OUT]
    for title, group in (("survived", unexplained(found)), ("timed out", slow)):
        for name in sorted(group, key=lambda each: (each.path, found[each].line)):
            lines.append(f"{title}: {_shown(name, found[name])}")
    for name in sorted(explained, key=lambda each: (each.path, found[each].line)):
        lines.append(f"survived, explained: {_shown(name, found[name])}: {explained[name]}")
    return lines


def section(found: Mapping[Name, Verdict]) -> str:
    """The section of docs/soak.md, without its heading."""
    left, judged = len(unexplained(found)), _judged(found)
    share = 100 * left / judged if judged else 0.0
    verdict = "holds" if holds(found) else "**does not hold**"
    if len(found) < MUTANTS:
        # A verdict of few tests is only kept when they have noticed the fault.
        verdict = "**is not decided** before all are: those that a few tests notice come first"
    lines = [
        "- Small faults, one at a time, in a copy of the project: do its tests notice? "
        f"{judged} of the {MUTANTS} of a full run are judged; {left} survive unexplained, "
        f"{share:.1f} %; the aim, at most {100 * AIM:g} %, {verdict}",
        f"- `python -m tests.mutation --mutants {MUTANTS} --seed {SEED}`; it goes on where it was "
        "stopped, and keeps each verdict with its commit and its test in "
        "`tests/mutation/judged.jsonl`",
        "- These lines are of `python -m tests.mutation.telling`, from that file. A mutant meets "
        "the tests that execute its line, quickest first; `reaching` are those, `package` then "
        "those of its package, `whole` all, `proof` none",
        "- Found before: Faults that all tests had let pass have tests of their own now "
        "(`tests/mutation/known.py`).",
    ]
    return "\n".join([*lines, "", "```", *told(found), "```", ""])


def _judged(found: Mapping[Name, Verdict]) -> int:
    return sum(verdict.outcome in (NOTICED, SURVIVED) for verdict in found.values())


def _shown(name: Name, verdict: Verdict) -> str:
    old, new = (" ".join(text.split())[:60] for text in (name.old, name.new))
    return f"{name.path}:{verdict.line}: `{old}` → `{new or 'nothing'}`"


def _by_area(found: Mapping[Name, Verdict]) -> dict[str, Counter[str]]:
    areas: dict[str, Counter[str]] = {}
    for name, verdict in found.items():
        first, second, *_ = name.path.split("/")
        area = f"{first}/{second}" if first == "firmware" else first
        areas.setdefault(area, Counter())[verdict.outcome] += 1
    return areas


def main() -> None:
    """Write the section, of the mutants that the tree still has."""
    from tests.soak import read_sections, write_page

    Record().forget_others(sample(ROOT, MUTANTS, SEED))
    write_page({**read_sections(), "mutation": section(Record().found)})


if __name__ == "__main__":
    main()
