import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.control.modes import Mode, ModeMachine, Request


def test_the_usual_sequence_of_modes():
    machine = ModeMachine()
    seen = [machine.mode]
    for act in (
        lambda: machine.request(Request.STAND_UP),
        machine.trajectory_finished,
        lambda: machine.request(Request.WALK),
        lambda: machine.request(Request.SIT_DOWN),
        machine.trajectory_finished,
    ):
        assert act() is None
        seen.append(machine.mode)
    assert seen == [Mode.PASSIVE, Mode.STAND_UP, Mode.STAND, Mode.WALK, Mode.SIT_DOWN, Mode.PASSIVE]


def test_values_are_those_of_the_message():
    assert [(mode.name, mode.value) for mode in Mode] == [
        ("PASSIVE", 0), ("STAND_UP", 1), ("STAND", 2), ("WALK", 3), ("SIT_DOWN", 4), ("FAULT", 5)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "mode"),
    [(Request.WALK, Mode.PASSIVE), (Request.STAND_UP, Mode.WALK), (Request.SIT_DOWN, Mode.PASSIVE)],
)
def test_a_request_out_of_turn_is_refused_with_the_mode_and_what_to_do(request_, mode):
    machine = ModeMachine()
    machine.mode = mode
    refusal = machine.request(request_)
    assert (
        refusal.startswith(f"{request_.value} refused in {mode.name}: only a robot") and machine.mode is mode
    )


def test_a_veto_refuses_walking_but_never_a_stop():
    machine = ModeMachine()
    machine.mode = Mode.STAND
    assert machine.request(Request.WALK, veto="leg is off") == "walk refused: leg is off"
    assert machine.request(Request.STOP, veto="leg is off") is None and machine.mode is Mode.PASSIVE


def test_only_a_stop_leaves_fault_and_the_first_reason_is_kept():
    machine = ModeMachine()
    machine.fault("first")
    machine.fault("second")
    for request in (Request.STAND_UP, Request.WALK, Request.SIT_DOWN):
        assert "FAULT (first); stop acknowledges it" in machine.request(request)
    machine.trajectory_finished()
    assert machine.mode is Mode.FAULT
    assert machine.request(Request.STOP) is None
    assert machine.mode is Mode.PASSIVE and machine.fault_reason is None


@given(st.lists(st.sampled_from([*Request, "finished", "fault"])))
def test_the_policy_is_armed_from_stand_only(actions):
    machine = ModeMachine()
    for action in actions:
        before = machine.mode
        if action == "finished":
            machine.trajectory_finished()
        elif action == "fault":
            machine.fault("x")
        else:
            machine.request(action)
        if machine.mode is Mode.WALK and before is not Mode.WALK:
            assert before is Mode.STAND
        if before is Mode.FAULT and machine.mode is not Mode.FAULT:
            assert action is Request.STOP and machine.mode is Mode.PASSIVE
