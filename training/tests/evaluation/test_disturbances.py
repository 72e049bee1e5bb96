import math
from dataclasses import replace

import pytest
import torch

from wmp_training.evaluation import conditions
from wmp_training.evaluation.conditions import PUSH_PERIOD, Condition, condition_list
from wmp_training.evaluation.disturbances import NOISE, Disturbances
from wmp_training.evaluation.trial import Trial

COUNT = 400


@pytest.fixture
def disturbed(contract, monkeypatch):
    """Disturbances of many robots under the given changes."""

    def make(**changes):
        monkeypatch.setitem(conditions.CONDITIONS, "tested", Condition(**changes))
        return Disturbances(contract, [Trial("flat", 0.0, seed, "tested") for seed in range(COUNT)])

    return make


def raw():
    down = torch.tensor([0.0, 0.0, -1.0])
    sizes = {name: 3 if name != "joint_position_error" else 12 for name in NOISE}
    return {name: torch.zeros(COUNT, size) for name, size in sizes.items()} | {
        "projected_gravity": down.repeat(COUNT, 1)
    }


def test_nominal_sensors_are_exact(disturbed):
    nominal, terms = disturbed(), raw()
    assert all(torch.equal(value, terms[name]) for name, value in nominal.sensed(terms).items())
    image = torch.rand(2, 64, 64)
    assert nominal.seen(image) is image and nominal.arrived(torch.arange(3)).all()
    assert all(nominal.push(tick) is None for tick in range(1000))


def test_encoder_errors_are_constant_and_noise_is_not(disturbed):
    offset = disturbed(encoder_offset=0.05)
    first, second = (offset.sensed(raw())["joint_position_error"] for _ in range(2))
    assert torch.equal(first, second) and 0.045 < first.abs().max() <= 0.05
    noisy = disturbed(sensor_noise=2.0)
    first, second = (noisy.sensed(raw())["joint_position_error"] for _ in range(2))
    largest = 2.0 * NOISE["joint_position_error"]
    assert not torch.equal(first, second) and 0.9 * largest < first.abs().max() <= largest


def test_a_tilted_imu_measures_gravity_of_unit_length_off_by_its_tilt(disturbed):
    tilted = disturbed(imu_tilt=0.05)
    gravity = tilted.sensed(raw())["projected_gravity"]
    torch.testing.assert_close(gravity.norm(dim=-1), torch.ones(COUNT))
    roll, pitch = tilted._tilt[0].tolist()
    # Pitched nose down by p, an IMU finds gravity ahead by sin p; rolled to the right by r, at its right.
    assert gravity[0].tolist() == pytest.approx([math.sin(pitch), -math.sin(roll), -1.0], abs=3e-3)


def test_images_are_lost_at_the_given_share(disturbed):
    losing, robots = disturbed(lost_images=0.2), torch.arange(COUNT)
    share = torch.stack([losing.arrived(robots) for _ in range(20)]).float().mean()
    assert share == pytest.approx(0.8, abs=0.02)
    assert losing.arrived(robots[:3]).shape == (3,)


def test_depth_noise_leaves_torchs_random_numbers_alone(disturbed):
    noisy, image = disturbed(depth_noise=True), torch.full((1, 64, 64), 1.0)
    before = torch.get_rng_state()
    first, second = noisy.seen(image), noisy.seen(image)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(first, image) and not torch.equal(first, second)


def test_pushes_come_at_their_period_within_their_size(disturbed, contract):
    pushing = disturbed(push=1.0)
    interval = round(PUSH_PERIOD / contract.timing.control_period)
    pushes = {tick: found for tick in range(3 * interval) if (found := pushing.push(tick)) is not None}
    assert list(pushes) == [interval, 2 * interval]
    assert all(0.95 < found.abs().max() <= 1.0 and found.shape == (COUNT, 2) for found in pushes.values())


def test_the_list_of_conditions_says_what_each_changes(monkeypatch):
    changed = replace(Condition(), armature=0.0, action_delay=0.02)
    monkeypatch.setattr(conditions, "CONDITIONS", {"nominal": Condition(), "stiff": changed})
    assert condition_list().splitlines() == [
        "nominal         nothing changed",
        "stiff           action_delay 0.02, armature 0",
    ]
