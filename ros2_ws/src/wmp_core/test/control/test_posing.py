import numpy as np
import pytest

from wmp_core.control.posing import Posing
from wmp_core.control.posture import PostureSettings
from wmp_testing.tiny_bundle import tiny_contract

JOINTS = tiny_contract().joints
PRONE = np.array([0.3, 1.8, -2.6] * 4)
SETTINGS = PostureSettings(fold_time=1.0, rise_time=2.0, kp=60.0, kd=2.0, initial_stiffness=0.2)


@pytest.fixture
def posing():
    return Posing(JOINTS, SETTINGS, loop_period=0.002)


def advance(posing, periods):
    for _ in range(periods):
        posing.advance(1)


def test_initially_it_holds_the_default_pose(posing):
    assert posing.is_complete
    assert np.array_equal(posing.command().q, JOINTS.default_position)


def test_a_posture_starts_at_the_measured_joints_and_is_complete_after_its_duration(posing):
    advance(posing, 1000)  # time before the start does not count
    posing.stand_up(PRONE)
    first = posing.command()
    assert np.array_equal(first.q, PRONE)
    assert first.kp == pytest.approx(12.0) and np.all(first.kd == 2.0)
    advance(posing, 1499)  # 3 s are 1500 periods of 2 ms
    assert not posing.is_complete
    posing.advance(1)
    assert posing.is_complete and np.array_equal(posing.command().q, JOINTS.default_position)


def test_sitting_down_half_way_starts_at_the_current_target(posing):
    posing.stand_up(PRONE)
    advance(posing, 250)
    half_way = posing.command().q
    assert half_way == pytest.approx([0.15, 1.55, -2.6] * 4)  # half way from prone to folded
    posing.sit_down()
    assert np.array_equal(posing.command().q, half_way)


def test_a_pause_of_the_loop_makes_a_posture_take_longer_without_a_jump(posing):
    posing.stand_up(PRONE)
    advance(posing, 250)
    before = posing.command().q
    posing.advance(110)
    # The joints move at up to 1.1 rad/s here: 5 periods of 2 ms, not 220 ms.
    assert 0.0 < np.abs(posing.command().q - before).max() < 0.011
