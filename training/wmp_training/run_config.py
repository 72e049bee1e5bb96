"""The configuration that identifies a training run: saved with it, and used again on resume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from wmp_core.choices import suggestion, unknown
from wmp_training.presets import Preset, preset
from wmp_training.schedule import schedule
from wmp_training.settings import RETIRED, Value, configured
from wmp_training.tasks import Task, task

STAGES = ("wmp", "teacher", "student")
POLICIES = ("wmp", "blind", "recurrent")


@dataclass(frozen=True)
class RunConfig:
    """The configuration of a run.

    Attributes:
        preset: sizes of networks and training, see ``presets.py``.
        num_envs: robots over all ranks.
        seed: of all random numbers.
        levels: of every terrain but the flat one.
        task: terrains and rewards, see ``tasks.py``.
        stage: what learns: ``wmp`` the policy and its world model by reward, ``teacher`` the privileged
            teacher, ``student`` the policy and its world model from a teacher.
        policy: ``wmp``, or a baseline that is trained by reward instead: ``blind`` or ``recurrent``.
        amp: add the style reward of adversarial motion priors.
        without: what is not randomised, see ``tasks.DISTURBANCES``.
        rendered: share of the robots whose images are rendered; those of the others are predicted.
        randomisation: ranges (low, high) instead of the task's own, see ``ranges.py``.
        mixed_precision: PPO's critic multiplies in bfloat16.
        settings: values instead of those of preset and task, by names like ``ppo.epochs`` or
            ``env.rewards.crouch``.
        schedule: settings that change with the samples of the stage, by name, see ``schedule.py``.
    """

    preset: str
    num_envs: int
    seed: int
    levels: int = 10
    task: str = "gentle"
    stage: str = "wmp"
    policy: str = "wmp"
    amp: bool = False
    without: tuple[str, ...] = ()
    rendered: float = 1.0
    randomisation: Mapping[str, Sequence[float]] = field(default_factory=dict)
    mixed_precision: bool = False
    settings: Mapping[str, Value] = field(default_factory=dict)
    schedule: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.num_envs < 1 or self.levels < 1:
            raise ValueError(
                f"num_envs and levels are {self.num_envs} and {self.levels}, expected at least 1"
            )
        if self.stage not in STAGES:
            raise unknown("stage", self.stage, STAGES)
        if self.policy not in POLICIES:
            raise unknown("policy", self.policy, POLICIES)
        if not 0.0 < self.rendered <= 1.0:
            raise ValueError(f"rendered is {self.rendered}, expected a share in (0, 1]")
        if self.policy != "wmp" and (self.amp or self.rendered < 1.0):
            raise ValueError(f"amp and rendered are for the policy 'wmp' alone, not for {self.policy!r}")
        if "env.rendered" in self.settings:
            raise ValueError("setting env.rendered: expected --rendered, which predicts the other images too")
        for name in set(self.schedule) & set(self.settings):
            raise ValueError(f"setting {name} is also scheduled, expected one of the two")
        self._check_task()
        if self.schedule:
            replace(self, settings=self.settings_at(0), schedule={})

    def _check_task(self) -> None:
        """Refuse settings that do not exist, and a task without the height maps that the run needs."""
        task_ = self.resolved_task()
        sections = [f.name for part in (self.resolved_preset(), task_) for f in fields(part)]
        for name in self.settings:
            if name in RETIRED:
                raise ValueError(f"setting {name}: it no longer exists; leave it out")
            if name.partition(".")[0] not in sections:
                near = suggestion(name.partition(".")[0], sections)
                raise ValueError(
                    f"setting {name}: expected a name that begins with one of {sorted(sections)}{near}"
                )
        of_teacher = self.stage in ("teacher", "student")
        if (of_teacher or self.rendered < 1.0) and not task_.env.surroundings:
            user = "a teacher" if of_teacher else "the depth predictor (--rendered)"
            raise ValueError(
                f"task {self.task!r} observes no height map, which {user} needs; use --task obstacles"
            )

    def settings_at(self, samples: float) -> dict[str, Value]:
        """All settings after ``samples`` of the stage, scheduled ones included."""
        scheduled = {name: schedule(name, given).at(samples) for name, given in self.schedule.items()}
        return {**self.settings, **scheduled}

    def at(self, samples: float) -> RunConfig:
        """The configuration after ``samples`` of the stage, without schedules."""
        return replace(self, settings=self.settings_at(samples), schedule={}) if self.schedule else self

    def resolved_preset(self) -> Preset:
        """The preset with its settings as configured."""
        chosen = preset(self.preset)
        chosen = replace(chosen, ppo=replace(chosen.ppo, use_mixed_precision=self.mixed_precision))
        return configured(chosen, self.settings)

    def resolved_task(self) -> Task:
        """The task with its levels, disturbances and settings as configured."""
        chosen = task(self.task).with_worlds(levels=self.levels)
        chosen = configured(chosen, self.settings)
        return chosen.randomised(self.randomisation).without(self.without)
