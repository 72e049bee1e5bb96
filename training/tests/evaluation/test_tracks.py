from types import SimpleNamespace

import numpy as np
import pytest
import torch

from wmp_core.control.safety_monitor import SafetySettings
from wmp_core.control.smoothing import Smoothed
from wmp_training.evaluation.conditions import Condition
from wmp_training.evaluation.pd_loop import STEP
from wmp_training.evaluation.tracks import Tracks
from wmp_training.evaluation.trial import Trial

TRIALS = (Trial("flat", 0.0, 1), Trial("climb", 0.5, 2), Trial("flat", 0.0, 3))


@pytest.fixture
def tracks(contract):
    return Tracks(contract, TRIALS, varied=False)


@pytest.fixture
def default(contract):
    return torch.tensor(contract.joints.default_position).repeat(3, 1)


def test_robots_begin_standing_still_at_the_start(tracks):
    states = tracks.states()
    torch.testing.assert_close(states.position[:, 0], torch.zeros(3), atol=0.05, rtol=0)
    assert ((states.position[:, 2] > 0.25) & (states.position[:, 2] < 0.32)).all()
    assert states.linear_velocity.abs().max() < 0.02
    assert not states.trunk_contact.any()


def test_nominal_robots_differ_only_by_their_track(tracks):
    states = tracks.states()
    assert torch.equal(states.q[0], states.q[2])
    assert torch.equal(tracks.weight, tracks.weight[:1].expand(3))
    assert tracks.weight[0] == pytest.approx(12.45 * 9.81, rel=5e-3)


def test_varied_robots_have_their_own_body_and_start(contract):
    tracks = Tracks(contract, TRIALS, varied=True)
    assert len(set(tracks.weight.tolist())) == 3
    y = tracks.states().position[:, 1]
    assert len(set(y.tolist())) == 3 and y.abs().max() < Condition().start_y + 0.05


def test_no_torque_exceeds_the_contract_and_no_power_the_envelope(tracks, contract, default):
    everyone, peak, work = torch.arange(3), 0.0, 0.0
    for sign in (1.0, -1.0, 1.0):
        tracks.step(default + 1.5 * sign, everyone)
        assert (tracks.loop.peak_torque <= torch.tensor(contract.joints.torque_limit) + 1e-5).all()
        peak, work = max(peak, tracks.loop.peak_torque.max().item()), max(work, tracks.loop.work.max().item())
    assert peak == pytest.approx(30.0)
    # 900 W for 20 ms are 18 J; without the limit these steps take more.
    assert 15.0 < work <= 18.0 + 1e-4


def test_work_in_the_first_step_is_torque_times_velocity(tracks, contract, default):
    q, dq = tracks._qpos[:, 7:].copy(), tracks._qvel[:, 6:].copy()
    tracks.loop.substeps = 1
    targets = default + 0.01
    tracks.step(targets, torch.arange(3))
    torque = 40.0 * (targets.numpy() - q) - 1.0 * dq
    np.testing.assert_allclose(tracks.loop.peak_torque.numpy(), np.abs(torque), rtol=1e-5)
    np.testing.assert_allclose(tracks.loop.work.numpy(), np.abs(torque * dq).sum(-1) * STEP, rtol=1e-5)


@pytest.mark.parametrize("error", [0.05, 1.5], ids=["little", "more than the motors have"])
def test_torque_is_what_weak_and_strong_motors_deliver(contract, default, error):
    tracks = Tracks(contract, TRIALS, varied=True)
    tracks.loop.substeps = 1
    tracks.step(default + error, torch.arange(3))
    torch.testing.assert_close(tracks.loop.peak_torque, tracks.states().torque.abs(), atol=1e-4, rtol=1e-4)


def test_the_attitude_rate_is_smoothed_as_on_the_robot(tracks, default):
    everyone = torch.arange(3)
    tracks.step(default, everyone)
    assert tracks.loop.attitude_rate.max() < 0.2
    smoothed = Smoothed(SafetySettings().attitude_rate_time)
    tracks.loop.rate[:] = 0.0
    # Roll rate 3 rad/s and pitch rate 4 rad/s throughout; physics does not run.
    tracks.batch = SimpleNamespace(step=lambda ids, nstep: None)
    tracks._qvel[:, 3:5] = 3.0, 4.0
    for _ in range(3):
        tracks.step(default, everyone)
        for _ in range(tracks.loop.substeps):
            smoothed.update(5.0, STEP)
    np.testing.assert_allclose(tracks.loop.attitude_rate.numpy(), smoothed.value, rtol=1e-5)


def test_a_condition_changes_joints_and_friction_of_every_robot(contract):
    changed = Tracks(
        contract, [Trial("flat", 0.0, 1, "real_stack"), Trial("gap", 0.5, 2, "real_stack")], True
    )
    for model in changed.models:
        np.testing.assert_allclose(model.dof_damping[6:], 0.1)
        foot, calf = (model.geom(f"RL_{part}") for part in ("foot", "calf"))
        assert foot.friction[0] == calf.friction[0] == 0.7 and calf.priority[0] == 1
    light = Tracks(contract, [Trial("flat", 0.0, 1, "no_armature")], varied=True)
    assert (light.models[0].dof_armature[6:] == 0.0).all()


def test_robots_that_are_not_stepped_do_not_move(tracks, default):
    before = tracks.states().q.clone()
    for _ in range(5):
        tracks.step(default + 0.3, torch.tensor([1]))
    after = tracks.states().q
    assert torch.equal(after[[0, 2]], before[[0, 2]])
    assert (after[1] - before[1]).abs().max() > 0.05
