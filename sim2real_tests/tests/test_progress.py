"""Progress is a bar on a terminal and plain lines elsewhere."""

import io

from wmp_replay.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_pipe_gets_whole_lines_at_most_once_per_period(monkeypatch):
    clock = iter([0.0, 4.0, 5.0, 5.0, 7.0, 10.5, 10.5])
    monkeypatch.setattr("wmp_replay.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    progress = Progress("replaying bags/a", stream, period=5.0)
    for share in (0.1, 0.25, 0.4, 0.5, 1.0):
        progress(share)
    assert stream.getvalue() == "replaying bags/a: 25 %\nreplaying bags/a: 50 %\n"


def test_a_terminal_gets_a_bar_that_is_wiped_at_the_end():
    stream = Terminal()
    progress = Progress("replaying bags/a", stream)
    progress(0.5)
    bar = "[###############...............]  50 %  replaying bags/a"
    assert stream.getvalue() == f"\r{bar}"
    progress(1.0)
    assert stream.getvalue().endswith("\r" + " " * len(bar) + "\r")
