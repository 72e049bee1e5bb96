"""Difficulty of the worlds of a pool."""

import pytest

from wmp_sim.terrain import TerrainOptions
from wmp_training.sim.config import PoolConfig, RandomisationConfig


def test_difficulty_rises_evenly_to_the_hardest():
    pool = PoolConfig(hardest=0.9)
    assert [pool.difficulty("gap", level, variant=1) for level in (0, 3, 9)] == pytest.approx([0, 0.3, 0.9])


def test_a_kind_may_begin_easier_and_its_steps_shrink():
    pool = PoolConfig(levels=3, hardest=0.9, easiest=(("tilt", -0.9),))
    # -0.9 + 1.8 (1 - (1 - share)^2) at shares 0, 1/2, 1.
    assert [pool.difficulty("tilt", level, variant=0) for level in range(3)] == pytest.approx(
        [-0.9, 0.45, 0.9]
    )
    assert pool.difficulty("gap", 0, variant=0) == 0.0


def test_graded_variants_fill_the_range_down_to_the_level_below():
    pool = PoolConfig(hardest=0.9, variants=4, graded=True)
    assert [pool.difficulty("gap", 3, variant) for variant in range(4)] == pytest.approx(
        [0.3, 0.275, 0.25, 0.225]
    )
    assert {pool.difficulty("gap", 0, variant) for variant in range(4)} == {0.0}


def test_every_second_variant_has_bumps_and_all_slots_an_offset():
    pool = PoolConfig(roughness=0.05, slot_offset=0.25)
    assert [pool.options(variant).roughness for variant in range(4)] == [0.0, 0.05, 0.0, 0.05]
    assert pool.options(0).slot_offset == pool.options(1).slot_offset == 0.25
    assert PoolConfig().options(1) == TerrainOptions()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"roughness": 0.5}, "roughness is 0.5, expected 0 to 0.1 m"),
        ({"slot_offset": -0.1}, "slot_offset is -0.1"),
        ({"joint_stops": True}, "joint_stops needs simulated motors"),
        ({"randomisation": RandomisationConfig(torque_lag=(0.0, 0.01))}, "torque_lag needs simulated motors"),
    ],
)
def test_worlds_that_cannot_be_simulated_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        PoolConfig(**setting)
