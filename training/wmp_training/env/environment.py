"""The locomotion task: many robots walk over terrain, seeing at 10 Hz and acting at 50 Hz.

The environment knows no physics engine. Every robot has its own tick counter; at ticks that are multiples
of the world-model interval it has a depth image, rendered one interval earlier, exactly as late as on the
robot.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_training.env.commands import CommandConfig, Commands
from wmp_training.env.curriculum import Curriculum, CurriculumConfig
from wmp_training.env.delay import ActionDelay
from wmp_training.env.depth_noise import DepthNoise
from wmp_training.env.ends import EndConfig, Ends
from wmp_training.env.observations import Observations
from wmp_training.env.rewards import RewardConfig, RewardInputs, Rewards
from wmp_training.env.sight import Imagination, Sight
from wmp_training.sim.backend import RobotStates, Simulator
from wmp_training.sim.height_map import MAP_SIZE
from wmp_training.sim.randomisation import check_range

#: Delays of commands that are supported, s.
DELAY_ALLOWED = (0.0, 0.25)


@dataclass(frozen=True)
class EnvConfig:
    """Task settings: episode and push period in s, push in m/s, sensor noise and camera pitch (rad) as +-.

    ``terrain_shares`` of the robots per terrain kind of the pool; ``camera`` and ``surroundings`` say whether
    depth images are rendered and height maps are observed; ``start_x`` m and ``start_heading`` rad as +- on a
    track; ``latency`` the share of episodes in which commands take effect one physics step late, unless
    ``action_delay`` is a range of delays in s, drawn per episode and rounded to physics steps;
    ``blind_robots`` the share of episodes without any image, ``lost_images`` the share of images lost
    otherwise. ``depth_noise`` is what the camera adds to an image (``None``: nothing), ``rendered`` the share
    of robots whose images are rendered.
    """

    terrain_shares: tuple[float, ...] = (0.45, 0.3, 0.25)
    episode: float = 20.0
    push_period: float = 8.0
    push_velocity: float = 0.5
    noise: tuple[tuple[str, float], ...] = (
        ("base_angular_velocity", 0.15),
        ("projected_gravity", 0.03),
        ("joint_position_error", 0.01),
        ("joint_velocity", 0.8),
    )
    latency: float = 0.5
    action_delay: tuple[float, float] | None = None
    camera_pitch: float = 0.0873
    lost_images: float = 0.03
    blind_robots: float = 0.04
    rendered: float = 1.0
    depth_noise: DepthNoise | None = None
    camera: bool = True
    surroundings: bool = False
    start_x: float = 0.3
    start_heading: float = 0.3
    ends: EndConfig = field(default_factory=EndConfig)
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    commands: CommandConfig = field(default_factory=CommandConfig)
    rewards: RewardConfig = field(default_factory=RewardConfig)

    def __post_init__(self) -> None:
        if self.action_delay is not None:
            check_range("action_delay", self.action_delay, DELAY_ALLOWED)


@dataclass
class Observation:
    """What learning sees at a policy tick; network-ready (scaled, noisy), except ``base_velocity`` in m/s.

    ``due`` [M] lists the robots at a world-model tick, ``first`` [M] whether it is their tick 0, ``depth``
    [M, H, W] their normalised image (one interval old), ``valid`` [M] whether it arrived. ``surroundings``
    [N, 204] are the scaled height map and ceiling line, where observed.
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
    """Result of one control period; where ``done``, the observation is the first of the next episode."""

    observation: Observation
    reward: Tensor
    done: Tensor
    time_out: Tensor


class LocomotionEnv:
    """Batched environment; see the module docstring. ``action`` is the network output, clipped here.

    ``kinds`` [N] puts robots on terrain kinds of the pool, instead of the configuration's shares.
    ``imagination`` draws the images of robots that are not rendered.
    """

    STATE = (*("actions", "world", "tick", "commanded", "start_x", "age_offset"),)
    PITS = ("gap", "course")

    def __init__(
        self,
        contract: Contract,
        simulator: Simulator,
        config: EnvConfig = EnvConfig(),
        kinds: Tensor | None = None,
        imagination: Imagination | None = None,
    ) -> None:
        self.contract, self.sim, self.config = contract, simulator, config
        self.num_robots = count = simulator.num_robots
        self.interval, self.dt = contract.timing.world_model_interval, contract.timing.control_period
        shares, worlds = config.terrain_shares, simulator.worlds
        self.curriculum = Curriculum(worlds, shares, count, config.curriculum, kinds)
        terrains = [simulator.worlds.names[kind] for kind in self.curriculum.kind.tolist()]
        self.track = track = torch.tensor([name != "flat" for name in terrains])
        self.ends = Ends(config.ends, track, torch.tensor([name in self.PITS for name in terrains]), self.dt)
        self.commands = Commands(config.commands, track, self.dt, contract.limits.command_vx)
        self.observations = Observations(contract, count)
        self.default_position = self.observations.default_position
        self.rewards = Rewards(config.rewards, terrains, self.dt, self.default_position)
        joints = contract.num_joints
        self.actions = torch.zeros(3, count, joints)
        self.delay = ActionDelay(config, self.default_position.repeat(count, 1), simulator.substeps, self.dt)
        self.world = torch.zeros(count, dtype=torch.long)
        self.tick = torch.zeros(count, dtype=torch.long)
        self.commanded, self.start_x = torch.zeros(count), torch.zeros(count)
        self.map_size = MAP_SIZE if config.surroundings else 0
        self.max_tick = round(config.episode / self.dt)
        self.age_offset = torch.zeros(count, dtype=torch.long)
        self.sight = Sight(contract.depth, config, count, imagination)
        self.episode_log: dict[str, Tensor] = {}

    def reset(self) -> Observation:
        """Start all robots; their first episodes have random lengths, so that resets and phases spread."""
        everyone = torch.arange(self.num_robots)
        self._place(everyone)
        self.age_offset = torch.randint(0, self.max_tick, (self.num_robots,))
        return self.observe()

    def observe(self) -> Observation:
        """What the robots sense now. Advances histories and images: called once per tick."""
        return self._observe(self.sim.states())

    def step(self, action: Tensor) -> Step:
        """Act for one control period with ``action`` [N, A]."""
        clip = self.contract.action.clip
        action = action.clamp(-clip, clip)
        self.actions = torch.stack([action, self.actions[0], self.actions[1]])
        self._push()
        self._drive(action)
        states = self.sim.states()
        self.tick += 1
        gravity = self.observations.raw(states, self.commands.velocity)["projected_gravity"]
        heading = yaw(states.quat) * self.track
        command = self.commands.velocity, self.commands.standing
        reward, terms = self.rewards(RewardInputs(states, gravity, heading, *command, *self.actions))
        self.commanded += self.commands.velocity[:, 0] * self.dt
        done, time_out = self._ended(states, gravity)
        self._log(terms, done, time_out)
        ended = torch.nonzero(done).squeeze(-1)
        if len(ended):
            self._finish(ended, states, (done & ~time_out)[ended])
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
        state |= {f"rewards.{name}": getattr(self.rewards, name) for name in ("air", "last_dq", "mean_error")}
        state |= self.delay.state_dict()
        state |= {name: getattr(self.ends, name) for name in Ends.STATE}
        state |= {name: getattr(self.sight, name) for name in Sight.STATE}
        state |= {"history": self.observations.history, "level": self.curriculum.level}
        return state | {f"simulator.{name}": value for name, value in self.sim.state_dict().items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        owners = {"commands": self.commands, "rewards": self.rewards}
        self.observations.history, self.curriculum.level = state["history"], state["level"]
        self.delay.load_state_dict(state)
        for key, value in state.items():
            owner, _, name = key.rpartition(".")
            if owner in owners:
                setattr(owners[owner], name, value)
            elif key in self.STATE:
                setattr(self, key, value)
            elif key in Ends.STATE:
                setattr(self.ends, key, value)
            elif key in Sight.STATE:
                setattr(self.sight, key, value)
        prefix = "simulator."
        self.sim.load_state_dict(
            {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        )

    def _drive(self, action: Tensor) -> None:
        targets = self.default_position + self.contract.action.scale * action
        self.sim.step(self.delay(targets))

    def _push(self) -> None:
        pushed = torch.nonzero(torch.rand(self.num_robots) < self.dt / self.config.push_period).squeeze(-1)
        if len(pushed):
            limit = self.config.push_velocity
            self.sim.push(pushed, torch.empty(len(pushed), 2).uniform_(-limit, limit))

    def _ended(self, states: RobotStates, gravity: Tensor) -> tuple[Tensor, Tensor]:
        failed, left = self.ends(states.position, gravity, states.trunk_contact, self.commands.velocity[:, 0])
        time_out = ((self.tick + self.age_offset >= self.max_tick) | left) & ~failed
        return failed | time_out, time_out

    def _finish(self, robots: Tensor, states: RobotStates, failed: Tensor) -> None:
        distance = states.position[robots, 0] - self.start_x[robots]
        self.curriculum.update(robots, distance, self.commanded[robots], failed)
        self.age_offset[robots] = 0

    def _log(self, terms: dict[str, Tensor], done: Tensor, time_out: Tensor) -> None:
        self.episode_log = {name: value.mean() for name, value in terms.items()}
        self.episode_log["falls"] = (done & ~time_out).float().sum()
        self.episode_log["episodes"] = done.float().sum()

    def _place(self, robots: Tensor) -> None:
        """Start new episodes, half at rest, half thrown in; on open ground with any heading."""
        count, config = len(robots), self.config
        self.world[robots] = world = self.curriculum.draw(robots)
        track, calm = self.track[robots], torch.rand(count) < 0.5
        spread = torch.where(track, config.start_x, 1.0)
        x, y = _uniform(count) * spread, _uniform(count) * spread
        heading = _uniform(count) * torch.where(track, config.start_heading, torch.pi)
        drop = torch.where(calm, 0.29, 0.35)
        z = self.sim.ground_height(world, x, y) + drop
        zero = torch.zeros(count)
        pose = torch.stack([x, y, z, torch.cos(heading / 2), zero, zero, torch.sin(heading / 2)], dim=-1)
        wild = torch.where(calm, 0.1, 1.0)[:, None]
        velocity = 0.4 * wild * _uniform(count, 6)
        q = self.default_position + 0.3 * wild * _uniform(count, self.contract.num_joints)
        joints = self.contract.joints
        q = torch.clamp(q, torch.tensor(joints.position_lower), torch.tensor(joints.position_upper))
        self.sim.place(
            robots, world, pose, velocity, q, 1.0 * wild * _uniform(count, self.contract.num_joints)
        )
        self.start_x[robots] = x
        self.tick[robots] = 0
        self.commanded[robots] = 0.0
        self.ends.reset(robots, x)
        self.actions[:, robots] = 0.0
        self.observations.reset(robots)
        self.rewards.reset(robots)
        self.commands.resample(robots)
        self.sight.reset(robots)
        self.delay.reset(robots, q)

    def _observe(self, states: RobotStates) -> Observation:
        raw = self.observations.raw(states, self.commands.velocity)
        for name, amplitude in self.config.noise:
            raw[name] = raw[name] + amplitude * _uniform(*raw[name].shape)
        proprioception = self.observations.proprioception(raw)
        due = torch.nonzero(self.tick % self.interval == 0).squeeze(-1)
        first = self.tick[due] == 0
        surroundings = self._surroundings(states.position[:, 2:])
        known = None if surroundings is None else torch.cat([surroundings, proprioception], -1)
        depth, valid = self.sight.look(self.sim, due, first, known)
        return Observation(
            proprioception=proprioception,
            history=self.observations.push(proprioception, self.actions[0]),
            command=self.observations.scaled_command(self.commands.velocity),
            last_action=self.actions[0],
            privileged=self._privileged(states),
            base_velocity=states.linear_velocity,
            tick=self.tick.clone(),
            due=due,
            first=first,
            depth=depth,
            valid=valid,
            surroundings=surroundings,
        )

    def _surroundings(self, base: Tensor) -> Tensor | None:
        """Ground below and ceiling above the base, scaled as in the paper; ``base`` [N, 1] in m."""
        if not self.config.surroundings:
            return None
        ground, ceiling = self.sim.surroundings()
        below, above = (base - 0.3 - ground).clamp(-1.0, 1.0), (ceiling - base).clamp(-0.5, 0.5)
        return torch.cat([below, above], -1) * 5.0

    def _privileged(self, states: RobotStates) -> Tensor:
        return torch.cat(
            [
                states.linear_velocity,
                self.sim.worlds.parameters[self.world],
                states.foot_force.flatten(1) * 0.005,
                states.leg_contact.float(),
                states.trunk_contact[:, None].float(),
                self.delay.late[:, None].float(),
                self.commands.standing[:, None].float(),
            ],
            dim=-1,
        ).clamp(-10.0, 10.0)


def _uniform(*shape: int) -> Tensor:
    """Uniform in [-1, 1]."""
    return torch.rand(*shape) * 2.0 - 1.0


def yaw(quat: Tensor) -> Tensor:
    """Heading [N] in rad of robots at ``quat`` [N, 4]."""
    w, x, y, z = quat.unbind(-1)
    return torch.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
