"""The walks that a reference is made from."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from wmp_core.verification import load_verified
from wmp_replay.calibration import OPEN_GROUND, courses, walk_in_simulation
from wmp_replay.errors import UnusableReferenceError
from wmp_replay.simulated_walk import Course

#: Walks on flat ground and falls into gaps of 1 m.
RELEASED = load_verified(Path(__file__).resolve().parents[2] / "models" / "a1_wmp_v1")


def test_courses_are_open_ground_and_the_terrains_of_training():
    gentle = SimpleNamespace(metadata={"terrains": ["flat", "rough", "slope"]})
    assert courses(gentle) == OPEN_GROUND == courses(SimpleNamespace(metadata={}))
    climbing = courses(SimpleNamespace(metadata={"terrains": ["flat", "gap", "climb"]}))
    assert [course.terrain for course in climbing[len(OPEN_GROUND) :]] == ["gap", "climb"]
    assert len({course.seed for course in climbing}) == len(climbing)


def test_walks_that_end_in_a_fall_are_left_out(tmp_path, monkeypatch):
    pit, flat = Course("gap", 1.0, 0.8, 4.0), Course("flat", 0.0, 0.5, 3.0)
    monkeypatch.setattr("wmp_replay.calibration.courses", lambda bundle: (pit, flat))
    assert walk_in_simulation(RELEASED, tmp_path / "both") == [tmp_path / "both" / "walk_2"]
    monkeypatch.setattr("wmp_replay.calibration.courses", lambda bundle: (pit,))
    with pytest.raises(UnusableReferenceError, match="fell in all of 1 walks"):
        walk_in_simulation(RELEASED, tmp_path / "one")
