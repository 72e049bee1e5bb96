"""A deterministic policy through one episode of every trial, timed as on the robot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from wmp_core.contract import Contract
from wmp_training.env.environment import Observation, yaw
from wmp_training.env.observations import Observations
from wmp_training.env.privileged import surroundings
from wmp_training.evaluation.candidate import Candidate
from wmp_training.evaluation.measures import Measures, Outcome
from wmp_training.evaluation.protocol import Blindness, Protocol
from wmp_training.evaluation.tracks import Tracks
from wmp_training.evaluation.trial import Trial
from wmp_training.sim.backend import RobotStates
from wmp_training.sim.camera import normalise


def run_trials(
    who: Candidate,
    trials: Sequence[Trial],
    protocol: Protocol,
    threads: int = 1,
    watch: Callable[[RobotStates, Observation, Tensor], None] | None = None,
) -> list[Outcome]:
    """One episode for every trial, side by side: none is cut for another, no robot starts a second one.

    ``watch`` is told at every tick where the robots were, what they observed and which actions [N, J] they
    took.
    """
    contract, timing = who.contract, who.contract.timing
    tracks = Tracks(contract, trials, protocol.varied, threads)
    eyes = Eyes(contract, tracks, protocol.blind if who.camera else "far")
    senses = Observations(contract, len(trials))
    agent = who.agent(len(trials))
    measures = Measures(tracks, trials, protocol, timing.control_period)
    action, everyone = torch.zeros(len(trials), contract.num_joints), torch.arange(len(trials))
    # As in training, seen at the ticks of the world model and held in between.
    around: Tensor | None = None
    tick = 0
    while (running := torch.nonzero(measures.running).squeeze(-1)).numel():
        states = tracks.states()
        command = steer(states, protocol, contract.limits.command_yaw_rate)
        observation = observe(senses, states, command, action, tick, *eyes.see(tick, running))
        if who.surroundings and tick % timing.world_model_interval == 0:
            around = surroundings(tracks, everyone, states.position[:, 2:])  # type: ignore[arg-type]
        observation.surroundings = around
        action = agent(observation)
        if len(observation.due):
            measures.be_surprised(agent.kl, timing.world_model_period)
        if watch is not None:
            watch(states, observation, action)
        tracks.step(senses.default_position + contract.action.scale * action, running)
        measures.update(tracks.states(), command)
        tick += 1
    return measures.outcomes()


def observe(
    senses: Observations,
    states: RobotStates,
    command: Tensor,
    action: Tensor,
    tick: int,
    due: Tensor,
    depth: Tensor,
    seen: bool,
) -> Observation:
    """What the networks get at ``tick``; ``due`` robots look, ``seen`` says whether their images arrived."""
    proprioception = senses.proprioception(senses.raw(states, command))
    count, looking = len(proprioception), len(due)
    return Observation(
        proprioception=proprioception,
        history=senses.push(proprioception, action),
        command=senses.scaled_command(command),
        last_action=action,
        privileged=torch.zeros(count, 0),
        base_velocity=states.linear_velocity,
        tick=torch.full((count,), tick),
        due=due,
        first=torch.full((looking,), tick == 0),
        depth=depth,
        valid=torch.full((looking,), seen),
    )


def steer(states: RobotStates, protocol: Protocol, yaw_rate: Sequence[float]) -> Tensor:
    """Command [N, 3] of an operator who walks on at ``vx`` and steers back to the direction of the track."""
    turn = (-protocol.heading_gain * yaw(states.quat)).clamp(*yaw_rate)
    return torch.stack([torch.full_like(turn, protocol.vx), torch.zeros_like(turn), turn], -1)


class Eyes:
    """Hands out depth images that are as old as the contract says, at the ticks of the world model."""

    def __init__(self, contract: Contract, tracks: Tracks, blind: Blindness) -> None:
        timing = contract.timing
        self.tracks, self.depth, self.blind = tracks, contract.depth, blind
        self.interval = timing.world_model_interval
        self.age = round(timing.depth_age / timing.control_period)
        everyone = torch.arange(tracks.num_robots)
        # Before tick 0 the robot stands: whatever is older than the episode shows what it sees standing.
        standing = self._image(everyone)
        self._images = dict.fromkeys(range(0, self.age, self.interval), standing)

    def see(self, tick: int, robots: Tensor) -> tuple[Tensor, Tensor, bool]:
        """Robots that look now [M], their images [M, H, W] (normalised), and whether these arrived."""
        if (tick + self.age) % self.interval == 0:
            self._images[tick + self.age] = self._image(robots)
        if tick % self.interval:
            return robots[:0], torch.zeros(0, self.depth.height, self.depth.width), False
        return robots, self._images.pop(tick)[robots], self.blind != "prior"

    def _image(self, robots: Tensor) -> Tensor:
        """Images by robot [N, H, W]; those of other robots hold nothing."""
        images = torch.zeros(self.tracks.num_robots, self.depth.height, self.depth.width)
        if self.blind == "no":
            images[robots] = self.tracks.look(robots)
        return normalise(self.depth, images)
