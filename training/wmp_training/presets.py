"""Presets: the sizes of networks and training runs, by name.

``small`` is what two CPU cores can train in an hour; ``full`` has the sizes of the paper (arXiv 2409.16784)
and wants a GPU; ``tiny`` exists for tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wmp_training.choices import unknown
from wmp_training.settings import configured


@dataclass(frozen=True)
class WorldModelConfig:
    """Sizes of the world model (deter h, stoch x classes z) and its optimisation.

    ``decode_share`` of a batch's steps, drawn at random, are reconstructed: a cheaper, unbiased loss.
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
    """Hidden layers of actor and critic, each ``width`` times as wide as listed."""

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
        """Sizes of the ``hidden`` layers as they are built."""
        return [self.width * units for units in hidden]


@dataclass(frozen=True)
class PPOConfig:
    """Proximal policy optimisation; names follow rsl_rl.

    ``use_mixed_precision`` lets the critic multiply in bfloat16: faster where the processor has
    instructions for it (AVX-512 BF16, AMX, any GPU of these years), far slower where it has none.
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
    """How a student takes over a teacher's skill.

    ``exploration`` is the noise of the rollouts: the teacher shows how to come back. ``led`` is the share of
    robots that do what the teacher says, so that the world model sees hard ground before the student gets
    there. Seeing is what has to be learned, so the world model takes more and larger steps than beside PPO.
    """

    learning_rate: float = 1e-3
    exploration: float = 0.25
    epochs: int = 3
    led: float = 0.25
    world_model_updates: int = 10
    world_model_learning_rate: float = 6e-4


@dataclass(frozen=True)
class AMPConfig:
    """``reward`` per step for a perfect transition; ``trunk_decay`` and ``head_decay`` of weights;
    ``memory`` transitions of the policy are kept; ``updates`` of ``batch`` transitions each per iteration."""

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
    """``hidden`` units and decoder ``channels``; ``memory`` pairs are kept; ``updates`` of ``batch`` each per
    iteration."""

    hidden: int = 256
    channels: tuple[int, ...] = (8, 16, 32, 64)
    learning_rate: float = 1e-3
    memory: int = 4096
    batch: int = 64
    updates: int = 4


@dataclass(frozen=True)
class Preset:
    """Everything a run needs besides the simulator: sizes and learning rates."""

    name: str
    world_model: WorldModelConfig = WorldModelConfig()
    policy: PolicyConfig = PolicyConfig()
    ppo: PPOConfig = PPOConfig()
    imitation: ImitationConfig = ImitationConfig()
    amp: AMPConfig = AMPConfig()
    depth_predictor: DepthPredictorConfig = DepthPredictorConfig()


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
        # PPO takes much of a core's time, and how far it moves the policy is bounded by the KL all the same.
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
    """The preset called ``name``; raises ``ValueError`` naming the choices."""
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]


def preset_of(config: Mapping[str, Any]) -> Preset:
    """The preset of the run whose checkpoint says ``config``, with that run's settings."""
    return configured(preset(config["preset"]), config.get("settings", {}))
