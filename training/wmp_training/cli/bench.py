"""``wmp bench training``: how many environment steps per second this machine simulates and learns from."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TrainingBench:
    """Plug-in of ``wmp bench``: ``robots`` in all, networks of the preset ``network``."""

    robots: int = 1024
    network: str = "small"

    def run(
        self,
        seconds: float,
        json_file: Path | None,
        device: str = "cpu",
        ranks: int = 1,
        mixed_precision: bool = False,
    ) -> int:
        """Measure each part for ``seconds``, print a table, and write it to ``json_file`` as JSON.

        ``ranks`` processes share robots and cores, as under ``torchrun``; ``mixed_precision`` as in training.

        ``wmp bench`` has checked that ``json_file`` can be written.

        Raises:
            ValueError: an argument is wrong.
        """
        if not 1 <= ranks <= self.robots:
            raise ValueError(f"--ranks is {ranks}, expected 1 to {self.robots}: each needs a robot")

        # Imported here: `wmp bench loop` needs no torch, and what could be refused has been.
        from wmp_training.bench import PARTS, Setting, measure
        from wmp_training.device import choose

        choose(device)
        cores = len(os.sched_getaffinity(0))
        setting = Setting(
            self.robots,
            self.network,
            seconds,
            cores,
            ranks=ranks,
            device=device,
            mixed_precision=mixed_precision,
        )
        machine = f"{ranks} rank{'s' if ranks > 1 else ''} on {cores} cores, learning on {device}"
        machine += " in mixed precision" if mixed_precision else ""
        print(f"{self.robots} robots, all terrains, preset {self.network}, {machine}", flush=True)
        rows: list[dict[str, Any]] = []
        for name in PARTS:
            part = measure(setting, name)
            for rate in part.rates:
                rows.append({**vars(rate), "peak_memory_gb": part.memory})
                figures = f"{rate.per_second:10,.1f} {rate.unit:<10}{part.memory:7.2f} GB"
                print(f"{rate.name:<48}{figures}", flush=True)
        if json_file is not None:
            content = {**vars(setting), "rates": rows}
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(json.dumps(content, indent=2) + "\n")
            print(f"wrote {json_file}")
        return 0


bench = TrainingBench()
