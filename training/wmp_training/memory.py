"""Memory that a run needs and that this machine has free, compared before anything is allocated."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from wmp_training.run_config import RunConfig

#: Bytes per value of images and of everything else in the replay memory.
HALF, SINGLE = 2, 4
#: Physics, observations and rollout of one robot on the CPU [bytes]; measured, rounded down.
ROBOT = 100_000


def check_memory(config: RunConfig, share: float = 1.0, on_cpu: bool = True) -> None:
    """Refuse more robots than the memory holds.

    Args:
        share: of the robots that are on this machine.
        on_cpu: networks and replay memory are in the memory of the CPU, too.

    Raises:
        ValueError: states what is needed, what is free, and what makes it less.
    """
    replay = share * replay_bytes(config) if on_cpu else 0
    needed, free = replay + share * ROBOT * config.num_envs, free_bytes()
    if needed <= free:
        return
    images = f" (replay memory {replay / 1e9:.1f} GB)" if replay else ""
    raise ValueError(
        f"--num-envs {config.num_envs} needs at least {needed / 1e9:.1f} GB of memory{images}, "
        f"{free / 1e9:.1f} GB are free: give fewer robots, or a shorter --set world_model.replay_steps"
    )


def replay_bytes(config: RunConfig) -> int:
    """Size of the replay memory of all robots; 0 for runs without a world model."""
    if config.stage == "teacher" or config.policy != "wmp":
        return 0
    from wmp_training.a1_contract import a1_contract  # loads MuJoCo

    chosen = config.resolved_preset().world_model
    contract = a1_contract(chosen)
    image = HALF * contract.depth.height * contract.depth.width
    actions = contract.timing.world_model_interval * contract.num_joints
    return config.num_envs * chosen.replay_steps * (image + SINGLE * (contract.proprioception_size + actions))


def free_bytes() -> int:
    """Memory that this process can still get: of the machine, its control group and its own limit."""
    return min(_free())


def _free() -> Iterator[int]:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            yield 1024 * int(line.split()[1])
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
        statistics = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        limit, used, statistics = "max", "0", {}
    if limit != "max":
        # Files that are only cached make room when it is needed.
        yield int(limit) - int(used) + int(statistics.get("inactive_file", 0))
    own, _ = resource.getrlimit(resource.RLIMIT_AS)
    if own != resource.RLIM_INFINITY:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        yield own - pages * os.sysconf("SC_PAGE_SIZE")
