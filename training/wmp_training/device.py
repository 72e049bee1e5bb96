"""The device on which learning runs, and its random numbers. Physics always runs on the CPU."""

from __future__ import annotations

import torch
from torch import Tensor

CPU = torch.device("cpu")
NAMES = ("cpu", "cuda")


def choose(name: str, index: int = 0) -> torch.device:
    """The device called ``name``; ``index`` selects one of several GPUs.

    Raises:
        ValueError: the name is unknown, or torch finds no such GPU.
    """
    if name not in NAMES:
        raise ValueError(f"device is {name!r}, expected one of {NAMES}")
    if name == "cpu":
        return CPU
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if index >= found:
        raise ValueError(f"device cuda: torch {torch.__version__} finds {found} GPUs here; use --device cpu")
    return torch.device("cuda", index)


def generator(device: torch.device, seed: int) -> torch.Generator:
    """A new random number generator on ``device``."""
    return torch.Generator(device).manual_seed(seed)


def restore(source: torch.Generator, state: Tensor) -> None:
    """Restore the saved ``state`` of a generator, unless it comes from another kind of device."""
    if state.shape == source.get_state().shape:
        source.set_state(state)


def random_states(device: torch.device) -> dict[str, Tensor]:
    """States of torch's global generators: that of the CPU, and that of ``device`` if it is a GPU."""
    states = {"rng": torch.get_rng_state()}
    return states if device.type == "cpu" else states | {"device_rng": torch.cuda.get_rng_state(device)}


def restore_random_states(states: dict[str, Tensor], device: torch.device) -> None:
    """Restore :func:`random_states`, as far as they come from the same kind of device."""
    torch.set_rng_state(states["rng"])
    if device.type != "cpu" and "device_rng" in states:
        torch.cuda.set_rng_state(states["device_rng"], device)
