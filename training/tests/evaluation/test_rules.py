import dataclasses

import pytest

from wmp_sim import a1
from wmp_training.evaluation import rules


@pytest.mark.parametrize(
    ("constant", "value"), [("FOOT_RADIUS", 0.021), ("TRUNK_WIDTH", 0.2), ("ARMATURE", 0.02)]
)
def test_figures_of_a_robot_with_other_shapes_or_inertia_are_not_comparable(monkeypatch, constant, value):
    before = rules.robot_digest()
    assert before == rules.robot_digest() == rules.RULES["robot"]
    monkeypatch.setattr(a1, constant, value)
    assert rules.robot_digest() != before


def test_figures_on_other_tracks_are_not_comparable(monkeypatch):
    class Longer(rules.Trial):
        def track(self):
            track = super().track()
            return dataclasses.replace(
                track, boxes=dataclasses.replace(track.boxes, centre=track.boxes.centre + 0.01)
            )

    before = rules.tracks_digest()
    assert before == rules.RULES["tracks"]
    monkeypatch.setattr(rules, "Trial", Longer)
    assert rules.tracks_digest() != before
