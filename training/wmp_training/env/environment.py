"""The locomotion task: many robots walk over terrain, with depth images at 10 Hz and actions at 50 Hz.

The environment is independent of the physics engine. Every robot has its own tick counter. At ticks that are
multiples of the world-model interval it gets a depth image rendered one interval earlier: the same delay as
on the robot.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_training.env.cameras import Cameras, PredictedDepth
from wmp_training.env.commands import Commands
from wmp_training.env.config import EnvConfig
from wmp_training.env.curriculum import Curriculum
from wmp_training.env.delay import ActionDelay
from wmp_training.env.ends import Ends
from wmp_training.env.leaps import Leaps
from wmp_training.env.observations import Observations, projected_gravity
from wmp_training.env.placement import Placement
from wmp_training.env.privileged import crouch, privileged, surroundings
from wmp_training.env.reward_terms import RewardInputs
from wmp_training.env.rewards import Rewards
from wmp_training.sim.backend import RobotStates, Simulator
from wmp_training.sim.height_map import MAP_SIZE


@dataclass
class Observation:
    """Observations of all robots at a policy tick, scaled and noisy, except ``base_velocity`` in m/s.

    ``due`` [M] lists the robots at a world-model tick, ``first`` [M] says whether it is their tick 0,
    ``depth`` [M, H, W] is their normalised image (one interval old), ``valid`` [M] whether it arrived.
    ``surroundings`` [N, 204] are the scaled height map and ceiling line, if observed.
    """

    proprioception: Tensor
    history: Tensor
    command: Tensor
    last_action: Tensor
    privileged: Tensor
    base_velocity: Tensor
    tick: Tensor
    due: Tensor
    first: Tensor
    depth: Tensor
    valid: Tensor
    surroundings: Tensor | None = None


@dataclass
class Step:
    """Result of one control period [N]; where ``done``, the observation is the next episode's first."""

    observation: Observation
    reward: Tensor
    done: Tensor
    time_out: Tensor


class LocomotionEnv:
    """Batched environment; see the module docstring.

    Args:
        kinds: terrain kind of every robot [N], instead of the shares of ``config``.
        depth_predictor: predicts the images of robots that are not rendered.
    """

    STATE = ("actions", "world", "tick", "commanded", "start_x", "age_offset", "surroundings")
    PITS = ("gap", "course")

    def __init__(
        self,
        contract: Contract,
        simulator: Simulator,
        config: EnvConfig,
        kinds: Tensor | None = None,
        depth_predictor: PredictedDepth | None = None,
    ) -> None:
        self.contract, self.sim, self.config = contract, simulator, config
        self.device = device = simulator.device
        self.num_robots = count = simulator.num_robots
        self.interval, self.dt = contract.timing.world_model_interval, contract.timing.control_period
        worlds, names = simulator.worlds, simulator.worlds.names
        shares = dict(config.terrain_shares)
        self.curriculum = Curriculum(worlds, shares, count, config.curriculum, kinds)
        # The terrain that each robot is on, which its kind in the curriculum becomes with the next episode.
        # Parts of the environment share these tensors, which change in place.
        self.terrain = self.curriculum.kind.clone()
        self._is_track, self._has_pits = (
            torch.tensor(flags, device=device)
            for flags in ([name != "flat" for name in names], [name in self.PITS for name in names])
        )
        self.track, self.pits = self._is_track[self.terrain], self._has_pits[self.terrain]
        pit = dict(config.ends)["pit"]
        self.leaps = Leaps(simulator, names, self.terrain, self.curriculum.top, pit)
        self.ends = Ends(config, self.track, self.pits, self.dt)
        self.commands = Commands(config.commands, self.track, self.dt, contract.limits)
        self.observations = Observations(contract, count, device)
        self.default_position = default = self.observations.default_position
        self.rewards = Rewards(config, names, self.terrain, self.dt, default)
        self.placement = Placement(config, contract.joints, device)
        self.delay = ActionDelay(config, default.repeat(count, 1), simulator.substeps, self.dt)
        self.cameras = Cameras(contract.depth, config, count, depth_predictor, device)
        self.actions = torch.zeros(3, count, contract.num_joints, device=device)
        self.commanded, self.start_x = torch.zeros(2, count, device=device)
        self.world, self.tick, self.age_offset = torch.zeros(3, count, dtype=torch.long, device=device)
        self.map_size = MAP_SIZE if config.surroundings else 0
        self.surroundings = torch.zeros(count, self.map_size, device=device)
        self.max_tick = round(config.episode / self.dt)
        self.episode_log: dict[str, Tensor] = {}

    def reset(self) -> Observation:
        """Start all robots; their first episodes have random lengths, so that resets are spread over time."""
        everyone = torch.arange(self.num_robots, device=self.device)
        self._place(everyone)
        self.age_offset = torch.randint(0, self.max_tick, (self.num_robots,), device=self.device)
        return self.observe()

    def observe(self) -> Observation:
        """Observe all robots. Advances histories and images, so call it once per tick."""
        return self._observe(self.sim.states())

    def step(self, action: Tensor) -> Step:
        """Simulate one control period with the network output ``action`` [N, A], clipped here."""
        clip = self.contract.action.clip
        action = action.clamp(-clip, clip)
        self.actions = torch.stack([action, self.actions[0], self.actions[1]])
        self._push()
        self._drive(action)
        states = self.sim.states()
        self.tick += 1
        gravity = projected_gravity(states.quat)
        done, time_out = self._ended(states, gravity)
        failed = done & ~time_out
        reward, terms = self.rewards(self._reward_inputs(states, gravity, failed))
        self.commanded += self.commands.velocity[:, 0] * self.dt
        self._log(terms, done, time_out)
        ended = torch.nonzero(done).squeeze(-1)
        if len(ended):
            self._finish(ended, states, failed[ended])
            self._place(ended)
            states = self.sim.states()
        self.commands.step(yaw(states.quat))
        return Step(self._observe(states), reward, done, time_out)

    def state_dict(self) -> dict[str, Tensor]:
        """Everything the next step depends on, simulator included, for an exact resume."""
        state = {name: getattr(self, name) for name in self.STATE}
        state |= {
            f"commands.{name}": getattr(self.commands, name) for name in ("velocity", "mode", "time_left")
        }
        state |= {f"rewards.{name}": getattr(self.rewards, name) for name in Rewards.STATE}
        state |= self.delay.state_dict()
        state |= {name: getattr(self.ends, name) for name in Ends.STATE}
        state |= {name: getattr(self.cameras, name) for name in Cameras.STATE}
        state |= {"history": self.observations.history} | self.curriculum.state_dict()
        return state | {f"simulator.{name}": value for name, value in self.sim.state_dict().items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        state = {name: value.to(self.device) for name, value in state.items()}
        owners = {"commands": self.commands, "rewards": self.rewards}
        self.observations.history = state["history"]
        self.curriculum.load_state_dict(state)
        self.delay.load_state_dict(state)
        for key, value in state.items():
            owner, _, name = key.rpartition(".")
            if owner in owners:
                setattr(owners[owner], name, value)
            elif key in self.STATE:
                setattr(self, key, value)
            elif key in Ends.STATE:
                setattr(self.ends, key, value)
            elif key in Cameras.STATE:
                setattr(self.cameras, key, value)
        self._enter(torch.arange(self.num_robots, device=self.device))
        prefix = "simulator."
        self.sim.load_state_dict(
            {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        )

    def configure(self, config: EnvConfig) -> None:
        """Go on with other numbers of what ``schedule.SCHEDULABLE`` names."""
        self.config = self.rewards.config = self.ends.config = config
        self.curriculum.config = config.curriculum

    def _reward_inputs(self, states: RobotStates, gravity: Tensor, failed: Tensor) -> RewardInputs:
        heading = yaw(states.quat) * self.track
        lowered = crouch(self.surroundings) if self.map_size else torch.zeros_like(heading)
        flight = self.leaps(self.world, states.position, gravity)
        velocity, standing = self.commands.velocity, self.commands.standing
        action, last, older = self.actions
        return RewardInputs(
            states, gravity, heading, lowered, flight, velocity, standing, action, last, older, failed
        )

    def _drive(self, action: Tensor) -> None:
        targets = self.default_position + self.contract.action.scale * action
        self.sim.step(self.delay(targets))

    def _push(self) -> None:
        draw = torch.rand(self.num_robots, device=self.device)
        pushed = torch.nonzero(draw < self.dt / self.config.push_period).squeeze(-1)
        if len(pushed):
            limit = self.config.push_velocity
            self.sim.push(pushed, torch.empty(len(pushed), 2, device=self.device).uniform_(-limit, limit))

    def _ended(self, states: RobotStates, gravity: Tensor) -> tuple[Tensor, Tensor]:
        failed, left = self.ends(states.position, gravity, states.trunk_contact, self.commands.velocity[:, 0])
        time_out = ((self.tick + self.age_offset >= self.max_tick) | left) & ~failed
        return failed | time_out, time_out

    def _finish(self, robots: Tensor, states: RobotStates, failed: Tensor) -> None:
        self.age_offset[robots] = 0
        distance = states.position[robots, 0] - self.start_x[robots]
        self.curriculum.update(robots, self.world[robots], distance, self.commanded[robots], failed)

    def _log(self, terms: dict[str, Tensor], done: Tensor, time_out: Tensor) -> None:
        self.episode_log = {name: value.mean() for name, value in terms.items()}
        self.episode_log["falls"] = (done & ~time_out).float().sum()
        self.episode_log["episodes"] = done.float().sum()

    def _place(self, robots: Tensor) -> None:
        """Start new episodes."""
        self.world[robots] = world = self.curriculum.draw(robots)
        self._enter(robots)
        start = self.placement.draw(self.sim, world, self.track[robots])
        self.sim.place(robots, world, start.pose, start.velocity, start.q, start.dq)
        x = start.pose[:, 0]
        self.start_x[robots] = x
        self.tick[robots] = 0
        self.commanded[robots] = 0.0
        self.ends.reset(robots, x)
        self.actions[:, robots] = 0.0
        self.observations.reset(robots)
        self.rewards.reset(robots)
        self.commands.resample(robots)
        self.cameras.reset(robots)
        self.delay.reset(robots, start.q)

    def _enter(self, robots: Tensor) -> None:
        """Note the terrain of the worlds on which ``robots`` are."""
        self.terrain[robots] = terrain = self.sim.worlds.kind[self.world[robots]]
        self.track[robots], self.pits[robots] = self._is_track[terrain], self._has_pits[terrain]

    def _observe(self, states: RobotStates) -> Observation:
        raw = self.observations.raw(states, self.commands.velocity)
        for name, amplitude in self.config.noise:
            raw[name] = raw[name] + amplitude * (torch.rand_like(raw[name]) * 2.0 - 1.0)
        proprioception = self.observations.proprioception(raw)
        due = torch.nonzero(self.tick % self.interval == 0).squeeze(-1)
        first = self.tick[due] == 0
        around = self._observe_surroundings(states.position[:, 2:], due)
        inputs = None if around is None else torch.cat([around, proprioception], -1)
        depth, valid = self.cameras.capture(self.sim, due, first, inputs)
        return Observation(
            proprioception=proprioception,
            history=self.observations.push(proprioception, self.actions[0]),
            command=self.observations.scaled_command(self.commands.velocity),
            last_action=self.actions[0],
            privileged=privileged(
                states, self.sim.worlds.parameters[self.world], self.delay.late, self.commands.standing
            ),
            base_velocity=states.linear_velocity,
            tick=self.tick.clone(),
            due=due,
            first=first,
            depth=depth,
            valid=valid,
            surroundings=around,
        )

    def _observe_surroundings(self, base_height: Tensor, due: Tensor) -> Tensor | None:
        """Surroundings at each robot's last world-model tick.

        A teacher with newer information than h contains would teach what no student can do.
        """
        if not self.map_size:
            return None
        self.surroundings[due] = surroundings(self.sim, due, base_height[due])
        return self.surroundings.clone()


def yaw(quat: Tensor) -> Tensor:
    """Heading [N], rad, of robots with orientation ``quat`` [N, 4]."""
    w, x, y, z = quat.unbind(-1)
    return torch.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
