import pytest

from wmp_training.cli import episode_progress as module
from wmp_training.cli.episode_progress import episode_progress, shown


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets, in s."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_episodes_report_once_per_period_in_plain_lines(clock, capsys):
    progress = episode_progress("gap 0.50", 20, period=5.0)
    for clock[0] in (1.0, 4.9, 5.0, 6.0, 9.9, 10.1):
        progress(2 * clock[0], 12)
    lines = capsys.readouterr().err
    assert lines == (
        "  gap 0.50: 10.0 s simulated, 12 of 20 episodes still running\n"
        "  gap 0.50: 20.2 s simulated, 12 of 20 episodes still running\n"
    )


def test_items_are_counted_and_all_handed_on(clock, capsys):
    found = []
    for item in shown("abcd", 4, "pictures drawn", period=5.0):
        found.append(item)
        clock[0] += 3.0
    assert found == list("abcd")
    assert capsys.readouterr().err == "  3 of 4 pictures drawn\n"
