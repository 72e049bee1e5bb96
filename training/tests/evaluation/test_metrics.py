import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from wmp_core.control.measurements import attitude
from wmp_core.control.perception_health import PerceptionHealth
from wmp_core.control.safety_monitor import SafetySettings
from wmp_training.evaluation.finish import FOOTING, pits
from wmp_training.evaluation.metrics import Metrics
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.tracks import Tracks
from wmp_training.evaluation.trial import Trial

PERIOD = 0.02


class Walk:
    """One robot on a track, moved without physics."""

    def __init__(self, contract, terrain, protocol):
        self.trial = Trial(terrain, 0.5, 5)
        self.tracks = Tracks(contract, [self.trial], varied=False)
        self.metrics = Metrics(self.tracks, [self.trial], protocol, PERIOD)
        self.still = self.tracks.states()
        self.x = float(self.still.position[0, 0])
        self.command = torch.tensor([[protocol.vx, 0.0, 0.0]])

    def go(self, speed=0.6, steps=1, y=0.0, z=0.28, roll=0.0, **touching):
        for _ in range(steps):
            self.x += speed * PERIOD
            quat = torch.tensor([[math.cos(roll / 2), math.sin(roll / 2), 0.0, 0.0]])
            states = replace(
                self.still,
                position=torch.tensor([[self.x, y, z]]),
                quat=quat,
                linear_velocity=torch.tensor([[speed, 0.0, 0.0]]),
                angular_velocity=torch.zeros(1, 3),
                leg_contact=torch.zeros(1, 8, dtype=torch.bool),
                trunk_contact=torch.zeros(1, dtype=torch.bool),
            )
            self.metrics.update(replace(states, **touching), self.command)
        return self

    @property
    def outcome(self):
        return self.metrics.outcomes()[0]

    @property
    def running(self):
        return bool(self.metrics.running[0])


@pytest.fixture
def walk(contract):
    return lambda terrain, **settings: Walk(contract, terrain, Protocol(**settings))


def test_six_metres_in_time_are_a_success(walk):
    robot = walk("flat").go(steps=499)
    assert robot.running
    robot.go(steps=2)
    assert not robot.running
    assert robot.outcome.success and robot.outcome.end == "goal"
    assert robot.outcome.progress == pytest.approx(6.0, abs=0.02)
    assert robot.outcome.duration == pytest.approx(10.0, abs=0.03)


def test_a_robot_above_a_gap_has_not_crossed_it(walk):
    robot = walk("gap")
    begin, (edge, landing) = robot.x, pits(robot.tracks.terrains[0])[0]
    robot.metrics = Metrics(robot.tracks, [robot.trial], Protocol(distance=edge + 0.1 - begin), PERIOD)
    while robot.x < landing + FOOTING - 0.02:
        assert robot.go().running
    assert robot.go(steps=3).outcome.success
    assert robot.outcome.progress == pytest.approx(landing + FOOTING - begin, abs=0.02)


def test_a_robot_that_is_too_slow_runs_out_of_time(walk):
    robot = walk("flat").go(speed=0.29, steps=999)
    assert robot.running
    outcome = robot.go(speed=0.29).outcome
    assert outcome.end == "time" and not outcome.success
    assert outcome.progress == pytest.approx(5.8, abs=0.01)


def test_tilt_beyond_80_degrees_is_a_fall(walk):
    assert walk("flat").go(roll=math.radians(79)).running
    assert walk("flat").go(roll=math.radians(81)).outcome.end == "fall"


def test_a_pit_ends_an_episode_and_stairs_down_do_not(walk):
    assert walk("gap").go(z=-0.31).outcome.end == "fall"
    assert walk("gap").go(z=-0.29).running
    assert walk("stairs_down").go(z=-1.0).running


def test_long_trunk_contact_is_a_fall_and_short_contact_is_not(walk):
    lying = {"trunk_contact": torch.ones(1, dtype=torch.bool)}
    robot = walk("flat").go(steps=50, **lying).go().go(steps=50, **lying)
    assert robot.running
    assert robot.go(**lying).outcome.end == "fall"


def test_leaving_the_track_ends_the_episode(walk):
    assert walk("flat").go(y=2.4).running
    assert walk("flat").go(y=-2.6).outcome.end == "off_track"


def test_a_fall_over_the_finish_line_is_a_fall(walk):
    robot = walk("flat").go(steps=498)
    outcome = robot.go(steps=10, roll=1.5).outcome
    assert outcome.end == "fall" and not outcome.success


def test_nothing_counts_after_the_end(walk):
    robot = walk("flat").go(roll=1.5)
    before = robot.outcome
    robot.tracks.loop.work[:], robot.tracks.loop.peak_torque[:] = 5.0, 99.0
    after = robot.go(steps=40).outcome
    assert str(after) == str(before) and after.end == "fall"


def test_a_robot_that_always_crouches_does_not_pass_bars(walk):
    crouched, upright = walk("crawl"), walk("crawl")
    crouched.go(steps=520, z=0.2)
    spans = upright.metrics._bars[0]
    while upright.running:
        near = any(low - 0.5 < upright.x < high + 0.5 for low, high in spans.tolist())
        upright.go(z=0.2 if near else 0.28)
    assert crouched.outcome.end == upright.outcome.end == "goal"
    assert not crouched.outcome.success and crouched.outcome.upright_height == pytest.approx(0.2)
    assert upright.outcome.success and upright.outcome.upright_height == pytest.approx(0.28, abs=0.02)
    assert math.isnan(walk("flat").go().outcome.upright_height)


def test_a_robot_that_disobeys_the_speed_does_not_succeed(walk):
    outcome = walk("flat").go(speed=0.8, steps=380).outcome
    assert outcome.end == "goal" and not outcome.success
    assert outcome.faults == ("speed",) and outcome.mean_speed == pytest.approx(0.8, rel=1e-4)


def test_the_speed_of_a_leap_does_not_count_and_between_leaps_it_does(walk):
    def crossed(leaping, between):
        robot = walk("gap")
        zones = robot.metrics._zones[0].tolist()
        while robot.running:
            near = any(begin < robot.x < end for begin, end in zones)
            robot.go(speed=leaping if near else between)
        return robot.outcome

    assert crossed(leaping=2.0, between=0.9).success
    hasty = crossed(leaping=2.0, between=1.1)
    assert hasty.end == "goal" and hasty.faults == ("speed",)


def test_a_robot_whose_legs_hit_the_track_too_often_does_not_succeed(walk):
    calf = torch.zeros(1, 8, dtype=torch.bool)
    calf[0, 5] = True
    robot = walk("flat")
    while robot.running:  # 0.12 m per contact: 8.3 contacts per metre
        robot.go(steps=5, leg_contact=calf).go(steps=5)
    assert robot.outcome.leg_contacts == pytest.approx(8.3, abs=0.1)
    assert robot.outcome.end == "goal" and robot.outcome.faults == ("contacts",)


def test_errors_are_those_of_the_running_mean_after_the_start(walk):
    robot = walk("flat").go(speed=0.0, steps=50)
    robot.metrics._mean[:] = 0.0
    robot.go(speed=0.5, steps=200)  # 0.1 m/s too slow; the running mean has a time constant of 0.5 s
    rise = [1.0 - (1.0 - PERIOD / 0.5) ** (n + 1) for n in range(200)]
    expected = 0.1 * sum(rise) / 200
    assert robot.outcome.velocity_error == pytest.approx(expected, rel=1e-3)
    assert robot.outcome.yaw_error == 0.0


def test_work_contacts_and_torques_count_per_metre(walk):
    robot = walk("flat")
    robot.tracks.loop.work[:], robot.tracks.loop.peak_torque[:] = 0.5, torch.arange(12.0)
    calf = torch.zeros(1, 8, dtype=torch.bool)
    calf[0, 3] = True
    for _ in range(3):
        robot.go(steps=5, leg_contact=calf).go(steps=5)
    robot.go(steps=70)
    outcome = robot.outcome
    assert outcome.progress == pytest.approx(1.2, abs=1e-3)
    assert outcome.collisions == pytest.approx(3 / 1.2, rel=1e-3)
    assert outcome.cost_of_transport == pytest.approx(
        100 * 0.5 / (float(robot.tracks.weight) * 1.2), rel=1e-3
    )
    assert outcome.peak_torque == (9.0, 10.0, 11.0)


def test_a_robot_that_does_not_move_has_no_figures_per_metre(walk):
    outcome = walk("flat").go(speed=0.1, steps=100).outcome
    assert math.isnan(outcome.cost_of_transport) and math.isnan(outcome.collisions)


@pytest.mark.parametrize(
    "setting",
    [{"vx": -0.1}, {"duration": -1.0}, {"heading_gain": -0.1}, {"blind": "half"}, {"simulator": "gazebo"}],
)
def test_protocol_settings_out_of_range_are_refused(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        Protocol(**setting)


def test_the_largest_attitude_is_measured_as_by_the_runtime(walk):
    robot = walk("flat").go(roll=0.4).go(roll=-0.7).go(roll=0.1)
    expected = attitude(np.array([math.cos(0.35), -math.sin(0.35), 0.0, 0.0]))
    assert robot.outcome.attitude == pytest.approx(expected, abs=1e-6) == pytest.approx(0.7, abs=1e-6)


def test_surprise_is_smoothed_as_by_the_runtime(walk):
    robot, health = walk("flat").go(), PerceptionHealth(PERIOD, SafetySettings().surprise_time)
    assert math.isnan(robot.outcome.surprise)
    largest = 0.0
    for n, kl in enumerate([4.0, 9.0, math.nan, 2.0, 1.0], start=1):
        robot.metrics.update_surprise(torch.tensor([kl]), 0.1)
        health.update(5 * n, 0, kl)
        largest = max(largest, health.surprise)
    assert robot.outcome.surprise == pytest.approx(largest, rel=1e-6)
