"""Run one episode of every trial with a deterministic policy, with the timing of the robot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_training.env.environment import Observation, yaw
from wmp_training.env.observations import Observations
from wmp_training.env.privileged import surroundings
from wmp_training.evaluation.candidate import Candidate
from wmp_training.evaluation.disturbances import Disturbances
from wmp_training.evaluation.metrics import Metrics, Outcome
from wmp_training.evaluation.protocol import Blinding, Protocol
from wmp_training.evaluation.tracks import DrivenTracks, Tracks
from wmp_training.evaluation.trial import Trial
from wmp_training.sim.backend import RobotStates
from wmp_training.sim.camera import normalise

#: Receives, at every policy tick, the robots' states, their observation and their actions [N, J].
Watch = Callable[[RobotStates, Observation, Tensor], None]
#: Receives, at every policy tick, the simulated time [s] and the number of episodes still running.
Progress = Callable[[float, int], None]
#: Places the robots of trials on their tracks: contract, trials, whether they vary, number of threads.
MakeTracks = Callable[[Contract, Sequence[Trial], bool, int], DrivenTracks]


def run_trials(
    candidate: Candidate,
    trials: Sequence[Trial],
    protocol: Protocol,
    threads: int = 1,
    watch: Watch | None = None,
    progress: Progress | None = None,
    make_tracks: MakeTracks = Tracks,
) -> list[Outcome]:
    """Run one episode per trial in parallel; every episode runs to its own end, and no robot starts again.

    The trials share one condition.
    """
    contract, timing = candidate.contract, candidate.contract.timing
    tracks = make_tracks(contract, trials, protocol.varied, threads)
    disturbances = Disturbances(contract, trials)
    blind = protocol.blind if candidate.uses_camera else "far"
    camera = DelayedDepth(contract, tracks, blind, disturbances)
    observations = Observations(contract, len(trials))
    agent = candidate.agent(len(trials))
    metrics = Metrics(tracks, trials, protocol, timing.control_period)
    action, everyone = torch.zeros(len(trials), contract.num_joints), torch.arange(len(trials))
    # As in training: updated at world-model ticks and held in between.
    height_map: Tensor | None = None
    tick = 0
    while (running := torch.nonzero(metrics.running).squeeze(-1)).numel():
        states = tracks.states()
        command = steer(states, protocol, contract.limits.command_yaw_rate)
        raw = disturbances.sensed(observations.raw(states, command))
        images = camera.images(tick, running)
        observation = observe(observations, states, raw, command, action, tick, *images)
        if candidate.uses_height_map and tick % timing.world_model_interval == 0:
            height_map = surroundings(tracks, everyone, states.position[:, 2:])  # type: ignore[arg-type]
        observation.surroundings = height_map
        action = agent(observation)
        if len(observation.due):
            metrics.update_surprise(agent.kl, timing.world_model_period)
        if watch is not None:
            watch(states, observation, action)
        if (push := disturbances.push(tick)) is not None:
            tracks.push(running, push[running])
        tracks.step(observations.default_position + contract.action.scale * action, running)
        metrics.update(tracks.states(), command)
        tick += 1
        if progress is not None:
            progress(tick * timing.control_period, len(running))
    return metrics.outcomes()


def observe(
    observations: Observations,
    states: RobotStates,
    raw: dict[str, Tensor],
    command: Tensor,
    action: Tensor,
    tick: int,
    due: Tensor,
    depth: Tensor,
    arrived: Tensor,
) -> Observation:
    """The network inputs at ``tick``.

    Args:
        raw: observation terms as the sensors measure them.
        action: previous actions [N, J].
        due: robots whose world model steps now [M].
        depth: their images [M, H, W], normalised.
        arrived: whether each image is valid [M].
    """
    proprioception = observations.proprioception(raw)
    count, stepping = len(proprioception), len(due)
    return Observation(
        proprioception=proprioception,
        history=observations.push(proprioception, action),
        command=observations.scaled_command(command),
        last_action=action,
        privileged=torch.zeros(count, 0),
        base_velocity=states.linear_velocity,
        tick=torch.full((count,), tick),
        due=due,
        first=torch.full((stepping,), tick == 0),
        depth=depth,
        valid=arrived,
    )


def steer(states: RobotStates, protocol: Protocol, yaw_rate: Sequence[float]) -> Tensor:
    """Commands [N, 3] (m/s, m/s, rad/s): forward at ``vx``, turning back to the direction of the track.

    ``yaw_rate`` is the range of yaw rates that may be commanded, rad/s.
    """
    turn = (-protocol.heading_gain * yaw(states.quat)).clamp(*yaw_rate)
    return torch.stack([torch.full_like(turn, protocol.vx), torch.zeros_like(turn), turn], -1)


class DelayedDepth:
    """Depth images at world-model ticks, delayed by the contract's depth age, or blinded."""

    def __init__(
        self, contract: Contract, tracks: DrivenTracks, blind: Blinding, disturbances: Disturbances
    ) -> None:
        timing = contract.timing
        self.tracks, self.depth, self.blind = tracks, contract.depth, blind
        self.disturbances = disturbances
        self.interval = timing.world_model_interval
        self.age = round(timing.depth_age / timing.control_period)
        everyone = torch.arange(tracks.num_robots)
        # Images older than the episode show what the robot sees while it stands at the start.
        standing = self._image(everyone)
        self._images = dict.fromkeys(range(0, self.age, self.interval), standing)

    def images(self, tick: int, robots: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Robots due at ``tick`` [M], their normalised images [M, H, W], and whether each arrived [M]."""
        if (tick + self.age) % self.interval == 0:
            self._images[tick + self.age] = self._image(robots)
        if tick % self.interval:
            return robots[:0], torch.zeros(0, self.depth.height, self.depth.width), torch.zeros(0).bool()
        arrived = self.disturbances.arrived(robots)
        return robots, self._images.pop(tick)[robots], arrived & (self.blind != "prior")

    def _image(self, robots: Tensor) -> Tensor:
        """Normalised images by robot [N, H, W]; empty for all others, and for all when blinded."""
        images = torch.zeros(self.tracks.num_robots, self.depth.height, self.depth.width)
        if self.blind == "no":
            depth = self.tracks.render(robots, self.disturbances.condition.camera_pitch)
            images[robots] = self.disturbances.seen(depth)
        return normalise(self.depth, images)
