import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wmp_core.contract import Contract
from wmp_core.history import History
from wmp_testing.tiny_bundle import tiny_contract

#: Proprioception of its own indices: gyro 0-2, gravity 3-5, command 6-8, joint error 9-20, velocity 21-32.
INDICES = np.arange(33, dtype=np.float32)
WITHOUT_COMMAND = [0, 1, 2, 3, 4, 5, *range(9, 33)]


def test_after_the_first_push_only_the_newest_step_is_filled():
    values = History(tiny_contract()).push(INDICES + 1, np.full(12, 7.0, dtype=np.float32))
    assert values.dtype == np.float32
    assert not values[:168].any()
    assert values[168:].all()


def test_a_step_is_proprioception_without_the_command_then_the_last_action():
    action = np.arange(100, 112, dtype=np.float32)
    step = History(tiny_contract()).push(INDICES, action)[-42:]
    np.testing.assert_array_equal(step, [*WITHOUT_COMMAND, *range(100, 112)])


def test_reset_clears_all_steps():
    history = History(tiny_contract())
    first = history.push(INDICES, np.zeros(12))
    history.push(INDICES + 1, np.ones(12))
    history.reset()
    np.testing.assert_array_equal(history.push(INDICES, np.zeros(12)), first)


def test_the_last_action_takes_the_scale_of_its_term():
    data = tiny_contract().to_dict()
    data["observation"]["history_terms"][-1]["scale"] = (0.5,)
    step = History(Contract.from_dict(data)).push(INDICES, np.full(12, 3.0))[-42:]
    np.testing.assert_array_equal(step[30:], 1.5)


def test_a_history_without_the_last_action_is_possible():
    data = tiny_contract().to_dict()
    data["observation"]["history_terms"] = data["observation"]["history_terms"][:-1]
    values = History(Contract.from_dict(data)).push(INDICES, np.ones(12))
    np.testing.assert_array_equal(values[-30:], WITHOUT_COMMAND)


@given(st.lists(st.tuples(st.floats(-50, 50, width=32), st.floats(-6, 6, width=32)), max_size=12))
def test_the_history_is_the_last_five_steps_newest_last(steps):
    history = History(tiny_contract())
    expected = [np.zeros(42, dtype=np.float32)] * 5
    handed_out = []
    for value, action in steps:
        proprioception = np.full(33, value, dtype=np.float32)
        handed_out.append(history.push(proprioception, np.full(12, action, dtype=np.float32)))
        expected.append(np.array([value] * 30 + [action] * 12, dtype=np.float32))
    for index, values in enumerate(handed_out):
        np.testing.assert_array_equal(values, np.concatenate(expected[index + 1 : index + 6]))
