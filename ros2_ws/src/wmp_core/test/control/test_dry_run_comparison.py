"""The summary of a dry run, checked with hand-made ranges and counts."""

import re

import numpy as np
import pytest

from wmp_core.control.command import MotorCommand
from wmp_core.control.dry_run_comparison import DryRunComparison, GoldenRange, element_names
from wmp_core.control.walking import PolicyStepRecord


@pytest.fixture
def comparison(contract, bundle):
    return DryRunComparison(contract, bundle.golden)


@pytest.fixture
def make_step(bundle, make_state):
    """A policy step of the golden trajectory, with a test's changes."""

    def make(step=0, joint=None, action=0.0):
        golden = bundle.golden
        actions = golden.action[step].copy()
        if joint is not None:
            actions[joint] = action
        return PolicyStepRecord(
            step, make_state(), golden.command[step], golden.proprioception[step], actions,
            golden.base_velocity[step], actions, 0, False,
        )  # fmt: skip

    return make


DAMPING = MotorCommand.damping(3.0)


def test_elements_outside_their_range_are_named_furthest_first():
    actions = GoldenRange("actions", ["FL_hip", "FL_thigh", "FL_calf"], np.array([[-1.2, 0, 0], [1.4, 1, 1]]))
    actions.add(np.array([3.1, 0.5, -0.2]))
    actions.add(np.array([0.0, 0.6, 0.9]))
    assert actions.summary() == (
        "actions: 2 of 3 left their golden range: FL_hip 3.10 outside -1.20..1.40; "
        "FL_calf -0.20 outside 0.00..1.00"
    )


def test_only_the_worst_of_many_elements_are_listed():
    actions = GoldenRange("actions", list("abcdef"), np.zeros((2, 6)))
    actions.add(np.arange(1.0, 7.0))
    assert actions.summary().startswith("actions: 6 of 6 left their golden range: f 6.00 outside")
    assert actions.summary().endswith("; and 2 more")


def test_the_golden_walk_itself_stays_inside_its_ranges(comparison, bundle, make_step):
    for step in range(bundle.golden.steps):
        comparison.add(10, {}, make_step(step), DAMPING, None)
    lines = comparison.summary()
    assert f"{10 * bundle.golden.steps} commands decided, {bundle.golden.steps} of them" in lines[0]
    assert "actions: all 12 inside their golden range" in lines
    assert any(re.fullmatch(r"observations: all \d+ inside their golden range", line) for line in lines)


def test_an_action_outside_is_named_by_its_joint(comparison, contract, make_step):
    comparison.add(10, {}, make_step(joint=3, action=50.0), DAMPING, None)
    actions = next(line for line in comparison.summary() if line.startswith("actions"))
    assert f"1 of 12 left their golden range: {contract.joints.names[3]} 50.00 outside" in actions


def test_the_share_of_clamped_commands_is_reported_per_limit(comparison):
    comparison.add(10, {"torque": 1}, None, DAMPING, None)
    comparison.add(30, {"torque": 3, "slew": 1}, None, DAMPING, None)
    assert "envelope would clamp: slew 2.5 %, torque 10.0 % of the commands" in comparison.summary()
    assert "envelope: no command clamped" in comparison.summary()  # the next summary starts again


def test_the_newest_command_is_listed_by_joint(comparison, contract, make_state):
    target = np.array(contract.joints.default_position) + 0.1
    command = MotorCommand.position(target, np.full(12, 20.0), np.full(12, 1.0))
    comparison.add(1, {}, None, command, make_state())
    assert f"{contract.joints.names[0]} {target[0]:+.2f} rad" in comparison.summary()[-1]
    comparison.add(1, {}, None, DAMPING, make_state())
    assert comparison.summary()[-1] == "newest command: damping"


def test_every_element_of_an_observation_has_a_name_of_its_own(contract):
    names = element_names(contract.observation.proprioception, contract.joints.names)
    assert len(names) == len(set(names)) == contract.proprioception_size
    assert "projected_gravity z" in names and f"joint_velocity {contract.joints.names[11]}" in names
