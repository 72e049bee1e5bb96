import pytest
import torch

from wmp_training.env.config import EnvConfig
from wmp_training.env.environment import LocomotionEnv
from wmp_training.env.reward_terms import weights
from wmp_training.sim.backend import RobotStates, Worlds


class CountingSimulator:
    """Standing robots; the depth of every image [cm] is the number of control periods since the start."""

    substeps, device = 4, torch.device("cpu")

    def __init__(self, num_robots):
        self.num_robots, self.time = num_robots, 0
        zero = torch.zeros(1, dtype=torch.long)
        self.worlds = Worlds(("flat",), zero, zero, torch.zeros(1, 29))
        self.trunk_contact = torch.zeros(num_robots, dtype=torch.bool)
        self.targets = []

    def ground_height(self, world, x, y):
        return torch.zeros(len(world))

    def surroundings(self, robots):
        return torch.zeros(len(robots), 187), torch.full((len(robots), 17), 100.0)

    def place(self, robots, world, pose, velocity, q, dq):
        self.trunk_contact[robots] = False

    def push(self, robots, velocity):
        pass

    def step(self, targets):
        self.time += 1
        self.targets.append(targets)

    def states(self):
        n = self.num_robots
        quat = torch.tensor([[1.0, 0.0, 0.0, 0.0]]).repeat(n, 1)
        vector, joints = torch.zeros(n, 3), torch.zeros(n, 12)
        legs = torch.zeros(n, 8, dtype=torch.bool)
        return RobotStates(
            vector,
            quat,
            vector,
            vector,
            joints,
            joints,
            joints,
            torch.ones(n, 4, 3),
            legs,
            self.trunk_contact.clone(),
        )

    def depth(self, robots, pitch):
        return torch.full((len(robots), 64, 64), 0.01 * (self.time + 1))


@pytest.fixture
def env(contract):
    config = EnvConfig(latency=1.0, lost_images=0.0, blind_robots=0.0)
    env = LocomotionEnv(contract, CountingSimulator(2), config)
    env.first_observation = env.reset()
    env.age_offset[:] = 0
    return env


def shown(observation, robot):
    """Control period in which the image that ``robot`` got was taken; None if it got none."""
    rows = torch.nonzero(observation.due == robot)
    return (
        None if len(rows) == 0 else round(float((observation.depth[rows[0, 0], 0, 0] + 0.5) * 2.0 / 0.01)) - 1
    )


def test_an_image_is_consumed_exactly_one_interval_after_it_was_taken(env):
    times = {0: shown(env.first_observation, 0)}
    for step in range(1, 16):
        times[step] = shown(env.step(torch.zeros(2, 12)).observation, 0)
    assert {t: image for t, image in times.items() if image is not None} == {0: 0, 5: 0, 10: 5, 15: 10}


def test_every_robot_has_its_own_phase_after_a_reset(env):
    times, fall = {}, None
    for step in range(1, 46):
        env.sim.trunk_contact[1] = (
            step > 2 and fall is None
        )  # robot 1 lies on its trunk until its episode ends
        result = env.step(torch.zeros(2, 12))
        if result.done[1]:
            fall = step
            assert fall % 5 != 0  # not in phase with robot 0
        times[step] = (shown(result.observation, 0), shown(result.observation, 1))
    after = {step: image for step, (_, image) in times.items() if step >= fall and image is not None}
    assert list(after.items())[:3] == [(fall, fall), (fall + 5, fall), (fall + 10, fall + 5)]
    assert [step for step, (image, _) in times.items() if image is not None] == list(range(5, 46, 5))


def test_a_delayed_action_takes_effect_one_physics_step_later(env):
    env.step(torch.zeros(2, 12))
    env.step(torch.ones(2, 12))
    default = env.default_position
    targets = env.sim.targets[-1]
    torch.testing.assert_close(targets[0, 0], default)
    torch.testing.assert_close(targets[0, 1:], (default + 0.25).expand(3, 12))


def test_actions_are_clipped_as_in_the_contract(env):
    env.step(torch.full((2, 12), 100.0))
    torch.testing.assert_close(env.sim.targets[-1][:, -1], (env.default_position + 0.25 * 6).expand(2, 12))


def test_time_outs_are_distinguished_from_falls(env):
    env.tick[0] = env.max_tick - 1
    step = env.step(torch.zeros(2, 12))
    assert step.done.tolist() == [True, False]
    assert step.time_out.tolist() == [True, False]
    env.sim.trunk_contact[1] = True
    for _ in range(30):
        step = env.step(torch.zeros(2, 12))
        if step.done[1]:
            break
    assert step.done[1] and not step.time_out[1]


def test_the_fall_penalty_is_given_once_and_not_for_a_time_out(contract):
    price = EnvConfig(rewards=weights(dict(EnvConfig().rewards) | {"fall": -4.0}))
    env = LocomotionEnv(contract, CountingSimulator(2), price)
    env.reset()
    env.age_offset[:] = 0
    env.tick[0] = env.max_tick - 1
    env.sim.trunk_contact[1] = True
    lowest, over = torch.zeros(2), torch.zeros(2, dtype=torch.long)
    for _ in range(30):
        step = env.step(torch.zeros(2, 12))
        lowest, over = torch.minimum(lowest, step.reward), over + step.done
    assert over.tolist() == [1, 1]
    assert lowest[0] == 0.0 and -4.0 <= lowest[1] < -3.9


def test_a_robot_whose_terrain_changes_finishes_its_episode_there_first(contract):
    simulator = CountingSimulator(8)
    kind, level = torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1])
    simulator.worlds = Worlds(("flat", "rough"), kind, level, torch.zeros(3, 29))
    env = LocomotionEnv(
        contract, simulator, EnvConfig(terrain_shares=(("flat", 1.0), ("rough", 3.0)), camera=False)
    )
    env.reset()
    env.age_offset[:] = 0
    assert env.track.tolist() == [False] * 2 + [True] * 6
    env.curriculum.kind[2:4] = 0
    env.curriculum.level[2:4] = 0
    env.step(torch.zeros(8, 12))
    assert env.track.tolist() == env.commands.track.tolist() == [False] * 2 + [True] * 6
    env.tick[2] = env.max_tick - 1
    env.step(torch.zeros(8, 12))
    for track in (env.track, env.commands.track, env.ends.track):
        assert track.tolist() == [False] * 3 + [True] * 5
    assert env.terrain.tolist() == env.rewards.terrain.tolist() == [0] * 3 + [1] * 5
    # The episode counts for the terrain on which it took place.
    assert env.curriculum.take_counts()["rough"]["finished"] == [1, 0]
