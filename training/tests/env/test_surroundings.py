"""When the observed height maps are updated."""

import torch

from wmp_training.a1_contract import a1_contract
from wmp_training.env.environment import LocomotionEnv
from wmp_training.sim.mujoco_batch import MujocoBatch
from wmp_training.tasks import task, without_camera


def test_height_maps_are_updated_at_world_model_ticks_only(tiny):
    what = task("obstacles")
    contract = a1_contract(tiny.world_model)
    pool = what.with_worlds(terrains=("stairs_up",), levels=2).pool(4)
    config = without_camera(what.env)
    env = LocomotionEnv(contract, MujocoBatch(contract, 4, pool, seed=1, threads=1), config)
    before = env.reset()
    for _ in range(2 * env.interval):
        seen = env.step(torch.randn(4, contract.num_joints)).observation
        changed = (seen.surroundings != before.surroundings).any(-1)
        assert changed.nonzero().squeeze(-1).tolist() == seen.due.tolist()
        before = seen
