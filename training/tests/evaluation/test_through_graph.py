import math

import numpy as np
import pytest

from wmp_testing.tiny_bundle import write_tiny_bundle
from wmp_training.evaluation import through_graph
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.through_graph import (
    GRAPH_PROTOCOL,
    GraphError,
    Walk,
    evaluate_walk,
    record_walk,
    run_in_graph,
)
from wmp_training.evaluation.trial import Trial

TRIAL = Trial("flat", 0.0, 5)


def walk(seconds, speed=0.6, fell=False, **changes):
    steps = round(seconds / 0.02) + 1
    position = np.zeros((steps, 3))
    position[:, 0] = 0.3 + speed * 0.02 * np.arange(steps)
    position[:, 2] = 0.28
    still, forward = np.zeros((steps, 3)), np.zeros((steps, 3))
    forward[:, 0] = speed
    command = np.tile([0.6, 0.0, 0.0], (steps, 1))
    return Walk(position, np.eye(4)[[0] * steps], forward, still, command, fell)


def test_a_walk_is_evaluated_by_the_rules_of_the_batched_evaluation():
    outcome = evaluate_walk(walk(20.0, fell=True), TRIAL, GRAPH_PROTOCOL)
    assert outcome.success and outcome.end == "goal"  # nothing counts after the finish line
    assert outcome.progress == pytest.approx(6.0, abs=0.02)
    assert outcome.velocity_error == pytest.approx(0.0, abs=1e-5)
    assert evaluate_walk(walk(20.0, speed=0.2), TRIAL, GRAPH_PROTOCOL).end == "time"


def test_a_walk_that_ends_early_is_a_fall_only_if_the_robot_fell():
    assert evaluate_walk(walk(3.0, fell=True), TRIAL, GRAPH_PROTOCOL).end == "fall"
    assert evaluate_walk(walk(3.0), TRIAL, GRAPH_PROTOCOL).end == "time"


def test_figures_that_odometry_lacks_are_nan():
    outcome = evaluate_walk(walk(20.0), TRIAL, GRAPH_PROTOCOL)
    figures = outcome.collisions, outcome.cost_of_transport, *outcome.peak_torque
    assert all(math.isnan(figure) for figure in figures)


@pytest.mark.parametrize("protocol", [Protocol(), Protocol(varied=False, blind="far")])
def test_what_the_graph_cannot_do_is_refused(protocol, tmp_path):
    with pytest.raises(ValueError, match="GRAPH_PROTOCOL"):
        run_in_graph(tmp_path, TRIAL, protocol)


#: In the place of ``wmp sim``, as if a node had died at the start.
NEVER_WALKED = """#!/bin/sh
while [ "$1" != --json ]; do shift; done
echo '{"policy_ticks": 0, "fell": false, "failure": "a1_sim ended; no port"}' > "$2"
exit 1
"""


def test_a_graph_that_never_walks_is_an_error_and_not_a_failed_episode(tmp_path, monkeypatch):
    (tmp_path / "wmp").write_text(NEVER_WALKED)
    (tmp_path / "wmp").chmod(0o755)
    monkeypatch.setattr(through_graph.shutil, "which", lambda *_, **__: str(tmp_path / "wmp"))
    with pytest.raises(GraphError, match=r"never walked on Trial\(.*\): a1_sim ended; no port"):
        run_in_graph(tmp_path, TRIAL)


def test_a_walk_through_the_ros_graph_is_recorded_from_its_first_step(tmp_path):
    bundle = write_tiny_bundle(tmp_path / "tiny")
    seen = record_walk(bundle, TRIAL, Protocol(duration=0.6, varied=False), tmp_path)
    assert 28 <= len(seen.position) <= 31
    assert np.abs(seen.position[0, :2]).max() < 0.15 and 0.2 < seen.position[0, 2] < 0.33
    np.testing.assert_allclose(np.linalg.norm(seen.quat, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(seen.command[:, :2], [[0.6, 0.0]] * len(seen.command), atol=1e-6)
    assert seen.command[:, 2].any()  # steered back to the heading
