"""Progress: silent for what is quick, one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io

from support.progress import Progress, track, waiting


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_what_ends_soon_says_nothing() -> None:
    stream = io.StringIO()
    progress = Progress("reading", 3, stream, every=0.0, after=1000.0)
    for _ in range(3):
        progress.advance()
    progress.finish()
    with waiting("reading", 1000.0, stream):
        pass
    assert stream.getvalue() == ""
    assert list(track(iter("abc"), "reading", 3, after=1000.0)) == ["a", "b", "c"]


def test_what_takes_longer_counts_its_steps() -> None:
    stream = io.StringIO()
    progress = Progress("reading", 2, stream, every=0.0)
    progress.advance()
    progress.finish()
    first, last = stream.getvalue().splitlines()
    assert first.startswith("reading: 1/2 (50 %), ")
    assert last.startswith("reading: 1/2 in ")


def test_what_has_no_steps_is_named_once_in_a_log_and_kept_alive_on_a_terminal() -> None:
    for stream, shown in ((io.StringIO(), "exporting …\n"), (Terminal(), "\r\033[Kexporting: 0 s")):
        with waiting("exporting", 0.0, stream):
            while not stream.getvalue():
                pass
        assert stream.getvalue().startswith(shown)
        assert stream.getvalue().endswith("\n")
