"""Operators: which request comes when, and what follows a refusal."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from wmp_controller.operator import RosOperator, Script, ScriptedOperator
from wmp_core.control.modes import Mode, Request

SCRIPT = Script(velocity=(0.5, 0.0, 0.1), walk_seconds=2.0, stand_seconds=1.0, patience=3.0)


def cycle(operator, mode, now, refusal=None):
    """The request of one cycle, answered with ``refusal``."""
    request = operator.next_request(mode, now)
    if request is not None:
        operator.answer(refusal)
    return request


def stand(operator):
    """Bring the script to STAND at 3 s."""
    assert cycle(operator, Mode.PASSIVE, 0.0) is Request.STAND_UP
    assert cycle(operator, Mode.STAND_UP, 0.002) is None
    assert cycle(operator, Mode.STAND, 3.0) is None


def walk(operator):
    """Let the script stand up and begin to walk: in STAND from 3 s, the walk starts at 4 s."""
    stand(operator)
    assert cycle(operator, Mode.STAND, 3.998) is None
    assert cycle(operator, Mode.STAND, 4.0) is Request.WALK
    assert cycle(operator, Mode.WALK, 4.002) is None


def test_the_script_stands_up_walks_sits_down_and_is_finished():
    operator = ScriptedOperator(SCRIPT)
    walk(operator)
    np.testing.assert_allclose(operator.velocity(4.002).value, [0.5, 0.0, 0.1], rtol=1e-6)
    assert cycle(operator, Mode.WALK, 6.0) is None
    assert cycle(operator, Mode.WALK, 6.002) is Request.SIT_DOWN
    assert cycle(operator, Mode.SIT_DOWN, 6.004) is None
    assert not operator.finished
    assert cycle(operator, Mode.PASSIVE, 8.0) is None
    assert operator.finished and operator.failure is None


def test_a_repeated_refusal_is_reported_once_and_not_logged_in_the_control_thread(caplog):
    replies = []
    operator = ScriptedOperator(SCRIPT, lambda *answer: replies.append(answer))
    for now in (0.0, 1.0, 2.0):
        cycle(operator, Mode.PASSIVE, now, refusal="no robot" if now < 2 else "no camera")
    assert replies == [(None, "no robot"), (None, "no camera")] and not caplog.records


def test_a_script_turns_back_to_the_heading_at_which_its_walk_began():
    def velocity_at(yaw):
        operator.on_state(SimpleNamespace(quat_wxyz=(math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2))))
        return operator.velocity(5.0).value.tolist()

    operator = ScriptedOperator(Script(velocity=(0.5, 0.1, 0.0), heading_gain=0.8))
    velocity_at(1.0)  # before the walk: does not count
    walk(operator)
    assert velocity_at(3.0) == pytest.approx([0.5, 0.1, 0.0])
    assert velocity_at(2.5) == pytest.approx([0.5, 0.1, 0.4])
    assert velocity_at(-3.0) == pytest.approx([0.5, 0.1, -0.8 * (2 * math.pi - 6.0)])  # the short way round


def test_a_commanded_yaw_rate_is_not_corrected():
    operator = ScriptedOperator(Script(velocity=(0.0, 0.0, 0.3), heading_gain=0.8))
    walk(operator)
    for yaw in (0.0, 0.5):
        operator.on_state(SimpleNamespace(quat_wxyz=(math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2))))
        assert operator.velocity(5.0).value.tolist() == pytest.approx([0.0, 0.0, 0.3])


def test_without_a_duration_the_script_walks_until_stopped():
    operator = ScriptedOperator(Script(velocity=(0.5, 0.0, 0.0)))
    walk(operator)
    assert cycle(operator, Mode.WALK, 1e5) is None


def test_an_ended_script_sits_down_and_has_not_failed():
    operator = ScriptedOperator(Script(velocity=(0.5, 0.0, 0.0)))
    walk(operator)
    operator.end()
    assert cycle(operator, Mode.WALK, 9.0) is Request.SIT_DOWN
    assert cycle(operator, Mode.SIT_DOWN, 9.002) is None
    assert not operator.finished
    assert cycle(operator, Mode.PASSIVE, 11.0) is None
    assert operator.finished and operator.failure is None


@pytest.mark.parametrize("mode", [Mode.STAND_UP, Mode.STAND, Mode.WALK, Mode.SIT_DOWN, Mode.FAULT])
def test_a_stopped_script_damps_the_joints_in_the_next_cycle(mode):
    operator = ScriptedOperator(Script(velocity=(0.5, 0.0, 0.0)))
    walk(operator)
    cycle(operator, mode, 9.0)
    operator.stop()
    assert cycle(operator, mode, 9.002) is Request.STOP
    assert cycle(operator, Mode.PASSIVE, 9.004) is None
    assert operator.finished


def test_a_script_stopped_before_it_began_never_stands_up():
    operator = ScriptedOperator(SCRIPT)
    operator.stop()
    assert cycle(operator, Mode.PASSIVE, 0.0) is None
    assert operator.finished and operator.failure is None


def test_a_script_ended_before_it_began_never_stands_up():
    operator = ScriptedOperator(SCRIPT)
    operator.end()
    assert cycle(operator, Mode.PASSIVE, 0.0) is None
    assert operator.finished and operator.failure is None


def test_a_refused_walk_is_repeated_until_patience_ends_and_the_robot_sits_down():
    operator = ScriptedOperator(SCRIPT)
    stand(operator)
    cycles = [3.0 + i / 512 for i in range(2300)]  # exact in binary, up to 7.49
    asked = [now for now in cycles if cycle(operator, Mode.STAND, now, "no latents")]
    assert asked == [4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0]
    assert cycle(operator, Mode.STAND, 7.5) is Request.SIT_DOWN
    assert cycle(operator, Mode.SIT_DOWN, 7.502) is None
    assert not operator.finished
    cycle(operator, Mode.PASSIVE, 9.5)
    assert operator.finished and operator.failure == "no latents"


def test_patience_also_ends_if_sitting_down_is_refused():
    operator = ScriptedOperator(SCRIPT)
    stand(operator)
    cycles = [3.0 + i / 512 for i in range(8000)]
    asked = [request for now in cycles if (request := cycle(operator, Mode.STAND, now, "no robot state"))]
    assert asked == [Request.WALK] * 7 + [Request.SIT_DOWN] * 7
    assert operator.finished and operator.failure == "no robot state"


def test_a_robot_that_cannot_stand_up_fails_the_script():
    operator = ScriptedOperator(SCRIPT)
    for attempt in range(7):  # one every 0.5 s: the seventh makes more than 3 s
        assert not operator.finished
        cycle(operator, Mode.PASSIVE, 0.5 * attempt, refusal="no robot state")
    assert operator.finished and operator.failure == "no robot state"


def test_time_in_which_the_script_is_not_polled_costs_no_patience():
    operator = ScriptedOperator(SCRIPT)
    assert cycle(operator, Mode.PASSIVE, 0.0, refusal="the preflight was running") is Request.STAND_UP
    assert cycle(operator, Mode.PASSIVE, 100.0, refusal="the robot state is old") is Request.STAND_UP
    assert not operator.finished
    assert cycle(operator, Mode.PASSIVE, 100.5) is Request.STAND_UP


@pytest.mark.parametrize("mode", [Mode.STAND_UP, Mode.WALK])
def test_a_fault_fails_the_script(mode):
    operator = ScriptedOperator(SCRIPT)
    stand(operator)
    cycle(operator, mode, 3.5)
    assert cycle(operator, Mode.FAULT, 3.6) is None
    assert operator.finished and "FAULT" in operator.failure


def test_a_robot_that_sits_down_by_itself_fails_the_script():
    operator = ScriptedOperator(SCRIPT)
    stand(operator)
    cycle(operator, Mode.STAND, 4.0)
    cycle(operator, Mode.WALK, 4.1)
    cycle(operator, Mode.SIT_DOWN, 4.2)
    cycle(operator, Mode.PASSIVE, 6.2)
    assert operator.finished and operator.failure


def test_a_robot_that_the_controller_stopped_sits_down_and_does_not_walk_again():
    operator = ScriptedOperator(SCRIPT)
    stand(operator)
    cycle(operator, Mode.STAND, 4.0)
    cycle(operator, Mode.WALK, 4.1)
    assert cycle(operator, Mode.STAND, 5.0) is Request.SIT_DOWN
    assert cycle(operator, Mode.SIT_DOWN, 5.1) is None
    cycle(operator, Mode.PASSIVE, 7.0)
    assert operator.finished and "stopped" in operator.failure


@pytest.mark.parametrize(
    "bad", [{"walk_seconds": -1.0}, {"velocity": (math.nan, 0.0, 0.0)}, {"patience": math.inf}]
)
def test_a_script_with_a_value_out_of_range_is_refused(bad):
    with pytest.raises(ValueError, match="script"):
        Script(**{"velocity": (0.0, 0.0, 0.0), **bad})


def test_a_request_over_ros_is_answered_with_its_own_ticket():
    replies = []
    operator = RosOperator(lambda ticket, refusal: replies.append((ticket, refusal)))
    assert operator.next_request(Mode.PASSIVE, 0.0) is None
    operator.submit(Request.STAND_UP, "first")
    operator.submit(Request.WALK, "second")
    assert cycle(operator, Mode.PASSIVE, 0.0) is Request.STAND_UP
    assert cycle(operator, Mode.STAND_UP, 0.002, refusal="stand first") is Request.WALK
    assert replies == [("first", None), ("second", "stand first")]


def test_a_velocity_is_stamped_by_the_cycle_that_first_reads_it():
    operator = RosOperator(lambda ticket, refusal: None)
    assert operator.velocity(1.0) is None
    operator.command(0.3, 0.0, 0.0)
    assert operator.velocity(2.0).stamp == 2.0
    assert operator.velocity(3.0).stamp == 2.0
    operator.command(0.3, 0.0, 0.0)
    assert operator.velocity(4.0).stamp == 4.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_velocity_that_is_not_finite_is_refused_and_the_old_one_stays(bad):
    operator = RosOperator(lambda ticket, refusal: None)
    operator.command(0.3, 0.0, 0.0)
    assert "not finite" in operator.command(bad, 0.0, 0.0)
    assert operator.velocity(0.0).value[0] == pytest.approx(0.3)
