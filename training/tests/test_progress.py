import logging
import math

from wmp_training.progress import figure, iteration_line, reported


def test_a_missing_figure_is_a_dash_of_the_same_width():
    assert figure(0.5, "4.0%") == " 50%"
    assert figure(math.nan, "4.0%") == "   -"
    assert figure(math.inf, "4.0f") == "   -"


def test_an_iteration_without_a_finished_episode_has_no_success_rate():
    log = {"reward": 0.5, "std": 0.4, "episodes": 0.0, "falls": 0.0, "level/gap": 1.25}
    line = iteration_line(log, 7, 2_000_000, 12_300.0, math.inf)
    assert "nan" not in line and "inf" not in line
    assert "success    -" in line and "levels gap 1.2" in line and "time left    - min" in line
    finished = iteration_line({**log, "episodes": 4.0, "falls": 1.0}, 7, 2_000_000, 12_300.0, 600.0)
    assert "success  75%" in finished and "time left   10 min" in finished


def test_a_long_preparation_reports_its_progress_and_a_short_one_does_not(caplog):
    caplog.set_level(logging.INFO)
    assert list(reported([1, 2, 3], "worlds compiled", period=60.0)) == [1, 2, 3]
    assert caplog.messages == []
    assert list(reported([1, 2], "worlds compiled", period=0.0)) == [1, 2]
    assert caplog.messages == ["0 of 2 worlds compiled", "1 of 2 worlds compiled"]
