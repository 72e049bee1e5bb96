"""Presets: the sizes of networks and training runs, by name.

``small`` trains on two CPU cores in about an hour; ``full`` has the sizes of the paper (arXiv 2409.16784) and
needs a GPU; ``tiny`` is for tests. Needs neither torch nor MuJoCo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wmp_core.choices import unknown
from wmp_training.settings import configured


@dataclass(frozen=True)
class WorldModelConfig:
    """Sizes and optimisation of the world model.

    Attributes:
        deter: size of the deterministic state h.
        stoch, classes: categorical variables of the stochastic state z, and classes of each.
        decode_share: share of a batch's steps, drawn at random, that are reconstructed: a cheaper, still
            unbiased loss.
        batch, length: sequences per update, and world-model steps of each.
        replay_steps: world-model steps kept per robot.
        warmup_steps: world-model steps stored before the first update.
    """

    deter: int = 512
    stoch: int = 32
    classes: int = 32
    hidden: int = 512
    channels: tuple[int, ...] = (32, 64, 128, 256)
    mlp_units: int = 1024
    mlp_layers: int = 5
    learning_rate: float = 1e-4
    grad_clip: float = 1000.0
    decode_share: float = 1.0
    batch: int = 16
    length: int = 64
    updates_per_iteration: int = 10
    replay_steps: int = 256
    warmup_steps: int = 10_000


@dataclass(frozen=True)
class PolicyConfig:
    """Hidden layers of actor and critic; each is ``width`` times as wide as listed."""

    history_hidden: tuple[int, ...] = (256, 128)
    history_latent: int = 32
    latent_hidden: tuple[int, ...] = (64, 64)
    latent_size: int = 32
    actor_hidden: tuple[int, ...] = (256, 128, 64)
    critic_hidden: tuple[int, ...] = (512, 256, 128)
    init_std: float = 0.5
    width: int = 1

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"policy: width is {self.width}, expected 1 or more")

    def layers(self, hidden: Sequence[int]) -> list[int]:
        """Sizes of the ``hidden`` layers after widening."""
        return [self.width * units for units in hidden]


@dataclass(frozen=True)
class PPOConfig:
    """Proximal policy optimisation; names follow rsl_rl.

    ``use_mixed_precision``: the critic multiplies in bfloat16, which is faster on processors with
    instructions for it (AVX-512 BF16, AMX, current GPUs) and far slower on others.
    """

    steps_per_env: int = 24
    epochs: int = 5
    mini_batches: int = 4
    gamma: float = 0.99
    lam: float = 0.95
    clip: float = 0.2
    learning_rate: float = 5e-4
    desired_kl: float = 0.01
    entropy: float = 0.005
    velocity_loss: float = 1.0
    max_grad_norm: float = 1.0
    use_mixed_precision: bool = False

    def __post_init__(self) -> None:
        for name in ("steps_per_env", "epochs", "mini_batches", "learning_rate", "desired_kl"):
            if not getattr(self, name) > 0:
                raise ValueError(f"ppo: {name} is {getattr(self, name)}, expected above 0")


@dataclass(frozen=True)
class ImitationConfig:
    """How a student learns from a teacher.

    Attributes:
        exploration: standard deviation of the action noise in rollouts, so that the student also learns how
            the teacher recovers.
        led: share of the robots driven by the teacher, so that the world model sees hard terrain before the
            student gets there.
        world_model_updates, world_model_learning_rate: more and larger updates than in parallel to PPO,
            because perception is what the student has to learn.
    """

    learning_rate: float = 1e-3
    exploration: float = 0.25
    epochs: int = 3
    led: float = 0.25
    world_model_updates: int = 10
    world_model_learning_rate: float = 6e-4


@dataclass(frozen=True)
class AMPConfig:
    """Adversarial motion priors.

    Attributes:
        reward: style reward per step of a perfect transition.
        trunk_decay, head_decay: weight decay of the discriminator's parts.
        memory: transitions of the policy that are kept.
        batch, updates: transitions per update, and updates per iteration.
        motions: names in the motion library.
    """

    hidden: tuple[int, ...] = (1024, 512)
    reward: float = 0.01
    gradient_penalty: float = 10.0
    learning_rate: float = 1e-4
    trunk_decay: float = 1e-3
    head_decay: float = 1e-1
    memory: int = 100_000
    batch: int = 512
    updates: int = 20
    motions: tuple[str, ...] = ("hop", "trot", "trot_fast", "trot_slow")


@dataclass(frozen=True)
class DepthPredictorConfig:
    """Sizes and optimisation of the depth predictor.

    Attributes:
        hidden, channels: hidden units, and channels of the decoder.
        memory: rendered images that are kept.
        batch, updates: images per update, and updates per iteration.
    """

    hidden: int = 256
    channels: tuple[int, ...] = (8, 16, 32, 64)
    learning_rate: float = 1e-3
    memory: int = 4096
    batch: int = 64
    updates: int = 4


@dataclass(frozen=True)
class AverageConfig:
    """The average of the policy that evaluation and export take, see ``average.py``.

    Attributes:
        half_life: samples after which the weight of a moment has halved; 0 for no average.
    """

    half_life: float = 1e6

    def __post_init__(self) -> None:
        if not self.half_life >= 0.0:
            raise ValueError(f"average: half_life is {self.half_life}, expected 0 or more samples")


@dataclass(frozen=True)
class Preset:
    """Sizes and learning rates of a run."""

    name: str
    world_model: WorldModelConfig = WorldModelConfig()
    policy: PolicyConfig = PolicyConfig()
    ppo: PPOConfig = PPOConfig()
    imitation: ImitationConfig = ImitationConfig()
    amp: AMPConfig = AMPConfig()
    depth_predictor: DepthPredictorConfig = DepthPredictorConfig()
    average: AverageConfig = AverageConfig()


PRESETS: dict[str, Preset] = {
    "full": Preset("full"),
    "small": Preset(
        "small",
        world_model=WorldModelConfig(
            deter=256,
            stoch=16,
            classes=16,
            hidden=192,
            channels=(8, 16, 32, 64),
            mlp_units=128,
            mlp_layers=2,
            learning_rate=3e-4,
            batch=16,
            length=64,
            decode_share=0.25,
            updates_per_iteration=2,
            replay_steps=128,
        ),
        policy=PolicyConfig(
            history_hidden=(128, 64), actor_hidden=(256, 128, 64), critic_hidden=(256, 128, 64)
        ),
        # Fewer epochs save CPU time; the KL target bounds the size of the policy step in any case.
        ppo=PPOConfig(epochs=3),
    ),
    "tiny": Preset(
        "tiny",
        world_model=WorldModelConfig(
            deter=16,
            stoch=4,
            classes=4,
            hidden=16,
            channels=(2, 4, 4, 4),
            mlp_units=16,
            mlp_layers=1,
            batch=2,
            length=4,
            updates_per_iteration=1,
            replay_steps=16,
            warmup_steps=16,
        ),
        policy=PolicyConfig(
            history_hidden=(16, 16),
            latent_hidden=(16,),
            latent_size=4,
            actor_hidden=(16, 16),
            critic_hidden=(16, 16),
        ),
        ppo=PPOConfig(steps_per_env=8, epochs=2, mini_batches=2),
        amp=AMPConfig(hidden=(16,), memory=256, batch=8, updates=2),
        depth_predictor=DepthPredictorConfig(hidden=16, channels=(2, 4, 4, 4), memory=64, batch=8),
    ),
}


def preset(name: str) -> Preset:
    """The preset called ``name``; raises ``ValueError`` that lists the choices."""
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]


def preset_of(config: Mapping[str, Any]) -> Preset:
    """The preset of a run with the checkpoint's ``config``, with that run's settings."""
    return configured(preset(config["preset"]), config.get("settings", {}))
