import dataclasses

import numpy as np
import pytest

from wmp_core.contract import Contract
from wmp_core.golden import TOLERANCE, GoldenError, GoldenTrajectory, verify
from wmp_core.testing.tiny_networks import TinyNetworks


def with_golden(bundle, **changes):
    """The bundle with some recorded arrays replaced."""
    return dataclasses.replace(bundle, golden=dataclasses.replace(bundle.golden, **changes))


def nudged(array, index, amount):
    changed = array.copy()
    changed[index] += amount
    return changed


def test_the_trajectory_of_independent_numpy_code_is_reproduced(tiny_bundle):
    report = verify(tiny_bundle)
    assert report.ok
    assert report.difference is None
    names = {"proprioception", "history", "base_velocity", "action", "deter", "stoch", "kl"}
    assert set(report.largest) == names
    assert max(report.largest.values()) < 1e-5
    assert "50 steps reproduced on provider cpu" in str(report)


def test_the_recording_is_demanding(tiny_bundle):
    """No choice of z is close enough to flip by rounding; images, gaps, far and invalid pixels all occur."""
    golden, networks = tiny_bundle.golden, TinyNetworks(tiny_bundle.contract)
    assert 0 < np.count_nonzero(golden.depth_valid) < len(golden.depth_valid)
    assert (golden.depth == 0).any() and (golden.depth > 2).any()
    assert all(len(set(column)) > 1 for column in golden.stoch.T)
    for tick, valid in enumerate(golden.depth_valid):
        image = np.clip(np.where(golden.depth[tick] > 0, golden.depth[tick], 2.0), 0, 2) / 2 - 0.5
        deter, proprioception = golden.deter[tick], golden.proprioception[5 * tick]
        logits = (
            networks.posterior_logits(deter, proprioception, image) if valid else networks.prior_logits(deter)
        )
        best = np.sort(logits, axis=-1)
        assert (best[:, -1] - best[:, -2]).min() > 1e-4


@pytest.mark.parametrize(
    ("element", "term"),
    [
        (1, "base_angular_velocity"),
        (5, "projected_gravity"),
        (8, "command"),
        (9, "joint_position_error"),
        (32, "joint_velocity"),
    ],
)
def test_a_proprioception_that_differs_is_named_by_term_and_step(tiny_bundle, element, term):
    recorded = nudged(tiny_bundle.golden.proprioception, (17, element), 0.01)
    report = verify(with_golden(tiny_bundle, proprioception=recorded))
    assert not report.ok
    assert (report.difference.term, report.difference.step) == (term, 17)
    assert report.difference.expected == pytest.approx(recorded[17, element])
    assert report.difference.found == pytest.approx(recorded[17, element] - 0.01, abs=1e-5)
    assert f"recorded proprioception term {term} differs at policy step 17" in str(report)


def test_a_history_that_differs_is_named_by_term(tiny_bundle):
    recorded = nudged(tiny_bundle.golden.history, (8, 2 * 42 + 35), 0.01)
    difference = verify(with_golden(tiny_bundle, history=recorded)).difference
    assert (difference.quantity, difference.term, difference.step) == ("history", "last_action", 8)


@pytest.mark.parametrize(
    ("quantity", "index", "amount", "step"),
    [
        ("action", (12, 3), 2 * TOLERANCE, 12),
        ("base_velocity", (0, 2), -2 * TOLERANCE, 0),
        ("deter", (4, 15), 2 * TOLERANCE, 20),
        ("stoch", (2, 1), 1, 10),
        ("kl", (1,), 2 * TOLERANCE, 5),
    ],
)
def test_an_output_that_differs_is_named_with_its_step(tiny_bundle, quantity, index, amount, step):
    recorded = nudged(getattr(tiny_bundle.golden, quantity), index, amount)
    difference = verify(with_golden(tiny_bundle, **{quantity: recorded})).difference
    assert (difference.quantity, difference.step) == (quantity, step)


@pytest.mark.parametrize("quantity", ["action", "deter", "kl"])
def test_a_difference_within_the_tolerance_passes(tiny_bundle, quantity):
    recorded = getattr(tiny_bundle.golden, quantity) + np.float32(0.5 * TOLERANCE)
    assert verify(with_golden(tiny_bundle, **{quantity: recorded})).ok


def test_a_recorded_value_that_is_not_a_number_differs(tiny_bundle):
    recorded = nudged(tiny_bundle.golden.action, (3, 0), np.nan)
    assert verify(with_golden(tiny_bundle, action=recorded)).difference.step == 3


def test_an_image_that_was_not_used_in_the_recording_differs(tiny_bundle):
    report = verify(with_golden(tiny_bundle, depth_valid=np.ones(10, dtype=bool)))
    assert report.difference.step == 15
    assert report.difference.quantity in ("stoch", "kl")


def test_other_images_give_another_latent(tiny_bundle):
    report = verify(with_golden(tiny_bundle, depth=np.full_like(tiny_bundle.golden.depth, 0.4)))
    assert report.difference.quantity in ("stoch", "kl")


def test_the_contract_of_the_recording_must_be_that_of_the_bundle(tiny_bundle):
    """Gains reach no recorded value, so only the recorded contract can tell that they were edited."""
    data = tiny_bundle.contract.to_dict()
    data["joints"]["kp"] = [80.0] * 12
    report = verify(dataclasses.replace(tiny_bundle, contract=Contract.from_dict(data)))
    assert not report.ok
    assert "joints.kp: expected (40.0" in str(report)


def test_a_saved_trajectory_loads_equal(tiny_bundle, tmp_path):
    golden = tiny_bundle.golden
    golden.save(tmp_path / "golden.npz")
    loaded = GoldenTrajectory.load(tmp_path / "golden.npz")
    for field in dataclasses.fields(golden):
        recorded, read = getattr(golden, field.name), getattr(loaded, field.name)
        if field.name == "contract":
            assert read == recorded
        else:
            np.testing.assert_array_equal(read, recorded)


def test_a_trajectory_without_an_array_is_refused_by_name(tiny_bundle_path, tmp_path):
    with np.load(tiny_bundle_path / "golden.npz") as arrays:
        np.savez(tmp_path / "golden.npz", **{name: arrays[name] for name in arrays.files if name != "gyro"})
    with pytest.raises(GoldenError, match="lacks.*gyro"):
        GoldenTrajectory.load(tmp_path / "golden.npz")


def test_arrays_that_contradict_each_other_are_refused_by_name(tiny_bundle):
    with pytest.raises(GoldenError, match=r"history has shape \(50, 200\), expected \(50, 210\)"):
        dataclasses.replace(tiny_bundle.golden, history=np.zeros((50, 200)))
    with pytest.raises(GoldenError, match="multiple of the world-model interval 5"):
        dataclasses.replace(tiny_bundle.golden, q=tiny_bundle.golden.q[:48])


def test_pickled_content_is_never_loaded(tmp_path, tiny_bundle_path):
    with np.load(tiny_bundle_path / "golden.npz") as arrays:
        content = {**{name: arrays[name] for name in arrays.files}, "q": np.array([{}], dtype=object)}
    np.savez(tmp_path / "golden.npz", **content)
    with pytest.raises(ValueError, match="allow_pickle"):
        GoldenTrajectory.load(tmp_path / "golden.npz")
