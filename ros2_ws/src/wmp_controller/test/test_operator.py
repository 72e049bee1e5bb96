"""Operators: which requests they make, when, and how they react to a refusal."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from wmp_controller.operator import RosOperator, Script, ScriptedOperator
from wmp_core.control.modes import Mode, Request

SCRIPT = Script(velocity=(0.5, 0.0, 0.1), walk_seconds=2.0, stand_seconds=1.0, patience=3.0)


def poll(operator, mode, now, refusal=None):
    """Poll the operator for one cycle and answer its request with ``refusal``."""
    request = operator.next_request(mode, now)
    if request is not None:
        operator.answer(refusal)
    return request


def stand(operator):
    """Bring the script to STAND at 3 s."""
    assert poll(operator, Mode.PASSIVE, 0.0) is Request.STAND_UP
    assert poll(operator, Mode.STAND_UP, 0.002) is None
    assert poll(operator, Mode.STAND, 3.0) is None


def walk(operator):
    """Bring the script to STAND at 3 s and to WALK at 4 s, not before."""
    stand(operator)
    assert poll(operator, Mode.STAND, 3.998) is None
    assert poll(operator, Mode.STAND, 4.0) is Request.WALK
    assert poll(operator, Mode.WALK, 4.002) is None


def test_the_script_stands_up_walks_sits_down_and_is_finished():
    operator = ScriptedOperator(SCRIPT)
    walk(operator)
    np.testing.assert_allclose(operator.velocity(4.002).value, [0.5, 0.0, 0.1], rtol=1e-6)
    assert poll(operator, Mode.WALK, 6.0) is None
    assert poll(operator, Mode.WALK, 6.002) is Request.SIT_DOWN
    assert poll(operator, Mode.SIT_DOWN, 6.004) is None
    assert not operator.finished
    assert poll(operator, Mode.PASSIVE, 8.0) is None
    assert operator.finished and operator.failure is None


def test_a_repeated_refusal_is_reported_once_and_never_logged_in_the_control_thread(caplog):
    replies = []
    operator = ScriptedOperator(SCRIPT, lambda *answer: replies.append(answer))
    for now in (0.0, 1.0, 2.0):
        poll(operator, Mode.PASSIVE, now, refusal="no robot" if now < 2 else "no camera")
    assert replies == [(None, "no robot"), (None, "no camera")] and not caplog.records


def test_a_script_turns_back_to_the_heading_at_which_its_walk_began():
    def velocity_at(yaw):
        operator.on_state(SimpleNamespace(quat_wxyz=(math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2))))
        return operator.velocity(5.0).value.tolist()

    operator = ScriptedOperator(Script(velocity=(0.5, 0.1, 0.0), heading_gain=0.8))
    velocity_at(1.0)  # ignored: the walk has not begun
    walk(operator)
    assert velocity_at(3.0) == pytest.approx([0.5, 0.1, 0.0])
    assert velocity_at(2.5) == pytest.approx([0.5, 0.1, 0.4])
    assert velocity_at(-3.0) == pytest.approx([0.5, 0.1, -0.8 * (2 * math.pi - 6.0)])  # the short way round


def test_a_commanded_yaw_rate_is_not_overridden_by_the_heading_gain():
    operator = ScriptedOperator(Script(velocity=(0.0, 0.0, 0.3), heading_gain=0.8))
    walk(operator)
    for yaw in (0.0, 0.5):
        operator.on_state(SimpleNamespace(quat_wxyz=(math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2))))
        assert operator.velocity(5.0).value.tolist() == pytest.approx([0.0, 0.0, 0.3])


def test_without_a_duration_the_script_walks_on():
    operator = ScriptedOperator(Script(velocity=(0.5, 0.0, 0.0)))
    walk(operator)
    assert poll(operator, Mode.WALK, 1e5) is None


def test_an_ended_script_sits_down_without_a_failure():
    operator = ScriptedOperator(Script(velocity=(0.5, 0.0, 0.0)))
    walk(operator)
    operator.end()
    assert poll(operator, Mode.WALK, 9.0) is Request.SIT_DOWN
    assert poll(operator, Mode.SIT_DOWN, 9.002) is None
    assert not operator.finished
    assert poll(operator, Mode.PASSIVE, 11.0) is None
    assert operator.finished and operator.failure is None


@pytest.mark.parametrize("mode", [Mode.STAND_UP, Mode.STAND, Mode.WALK, Mode.SIT_DOWN, Mode.FAULT])
def test_a_stopped_script_damps_the_joints_in_the_next_cycle(mode):
    operator = ScriptedOperator(Script(velocity=(0.5, 0.0, 0.0)))
    walk(operator)
    poll(operator, mode, 9.0)
    operator.stop()
    assert poll(operator, mode, 9.002) is Request.STOP
    assert poll(operator, Mode.PASSIVE, 9.004) is None
    assert operator.finished


def test_a_script_stopped_before_it_began_never_stands_up():
    operator = ScriptedOperator(SCRIPT)
    operator.stop()
    assert poll(operator, Mode.PASSIVE, 0.0) is None
    assert operator.finished and operator.failure is None


def test_a_script_ended_before_it_began_never_stands_up():
    operator = ScriptedOperator(SCRIPT)
    operator.end()
    assert poll(operator, Mode.PASSIVE, 0.0) is None
    assert operator.finished and operator.failure is None


def test_a_refused_walk_is_requested_again_until_patience_ends_then_the_robot_sits_down():
    operator = ScriptedOperator(SCRIPT)
    stand(operator)
    cycles = [3.0 + i / 512 for i in range(2300)]  # exact in binary, up to 7.49
    requested = [now for now in cycles if poll(operator, Mode.STAND, now, "no latents")]
    assert requested == [4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0]
    assert poll(operator, Mode.STAND, 7.5) is Request.SIT_DOWN
    assert poll(operator, Mode.SIT_DOWN, 7.502) is None
    assert not operator.finished
    poll(operator, Mode.PASSIVE, 9.5)
    assert operator.finished and operator.failure == "no latents"


def test_patience_also_ends_with_a_robot_that_does_not_sit_down():
    operator = ScriptedOperator(SCRIPT)
    stand(operator)
    cycles = [3.0 + i / 512 for i in range(8000)]
    requested = [request for now in cycles if (request := poll(operator, Mode.STAND, now, "no robot state"))]
    assert requested == [Request.WALK] * 7 + [Request.SIT_DOWN] * 7
    assert operator.finished and operator.failure == "no robot state"


def test_a_robot_that_cannot_stand_up_fails_the_script():
    operator = ScriptedOperator(SCRIPT)
    for attempt in range(7):  # one every 0.5 s: with the seventh, 3 s are exceeded
        assert not operator.finished
        poll(operator, Mode.PASSIVE, 0.5 * attempt, refusal="no robot state")
    assert operator.finished and operator.failure == "no robot state"


def test_time_without_polls_does_not_use_up_patience():
    operator = ScriptedOperator(SCRIPT)
    assert poll(operator, Mode.PASSIVE, 0.0, refusal="the preflight was in progress") is Request.STAND_UP
    assert poll(operator, Mode.PASSIVE, 100.0, refusal="the robot state is old") is Request.STAND_UP
    assert not operator.finished
    assert poll(operator, Mode.PASSIVE, 100.5) is Request.STAND_UP


@pytest.mark.parametrize("mode", [Mode.STAND_UP, Mode.WALK])
def test_a_fault_fails_the_script(mode):
    operator = ScriptedOperator(SCRIPT)
    stand(operator)
    poll(operator, mode, 3.5)
    assert poll(operator, Mode.FAULT, 3.6) is None
    assert operator.finished and "FAULT" in operator.failure


def test_a_robot_that_sits_down_by_itself_fails_the_script():
    operator = ScriptedOperator(SCRIPT)
    stand(operator)
    poll(operator, Mode.STAND, 4.0)
    poll(operator, Mode.WALK, 4.1)
    poll(operator, Mode.SIT_DOWN, 4.2)
    poll(operator, Mode.PASSIVE, 6.2)
    assert operator.finished and operator.failure


def test_a_robot_whose_walk_was_stopped_is_requested_to_sit_down_not_to_walk_again():
    operator = ScriptedOperator(SCRIPT)
    stand(operator)
    poll(operator, Mode.STAND, 4.0)
    poll(operator, Mode.WALK, 4.1)
    assert poll(operator, Mode.STAND, 5.0) is Request.SIT_DOWN
    assert poll(operator, Mode.SIT_DOWN, 5.1) is None
    poll(operator, Mode.PASSIVE, 7.0)
    assert operator.finished and "stopped the walk" in operator.failure


@pytest.mark.parametrize(
    "bad", [{"walk_seconds": -1.0}, {"velocity": (math.nan, 0.0, 0.0)}, {"patience": math.inf}]
)
def test_an_invalid_script_is_refused(bad):
    with pytest.raises(ValueError, match="script"):
        Script(**{"velocity": (0.0, 0.0, 0.0), **bad})


def test_a_request_over_ros_is_answered_with_its_own_ticket():
    replies = []
    operator = RosOperator(lambda ticket, refusal: replies.append((ticket, refusal)))
    assert operator.next_request(Mode.PASSIVE, 0.0) is None
    operator.submit(Request.STAND_UP, "first")
    operator.submit(Request.WALK, "second")
    assert poll(operator, Mode.PASSIVE, 0.0) is Request.STAND_UP
    assert poll(operator, Mode.STAND_UP, 0.002, refusal="stand first") is Request.WALK
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
def test_a_velocity_that_is_not_finite_is_refused_and_the_last_one_stays(bad):
    operator = RosOperator(lambda ticket, refusal: None)
    operator.command(0.3, 0.0, 0.0)
    assert "not finite" in operator.command(bad, 0.0, 0.0)
    assert operator.velocity(0.0).value[0] == pytest.approx(0.3)
