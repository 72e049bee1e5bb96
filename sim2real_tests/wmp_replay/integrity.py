"""Is the recording whole, and did the runtime keep its rates, ages and bundle? Also gaps and clocks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wmp_core.bundle import Bundle
from wmp_replay.bag.step import WorldModelStep
from wmp_replay.bag.walk import Walk
from wmp_replay.bag_bundle import short_hash
from wmp_replay.image_errors import roughness
from wmp_replay.section import Section, Status

NAME = "integrity"
#: Noise of images with a depth unit of 1 mm [m]; smaller differences mean nothing.
SMALLEST_ROUGHNESS = 0.002


class IntegrityTest:
    """Collects a few numbers per step; update it with every recorded step in order."""

    def __init__(self, far: float) -> None:
        self._far = far
        self._roughness: list[float] = []
        self._ages: list[float] = []
        self._steps = self._policy_steps = self._episodes = 0
        self._lost_images = 0
        self._compute_ms: list[float] = []
        self._observe_ms: list[float] = []
        self._late: int = 0

    def update(self, step: WorldModelStep) -> None:
        """Add the next recorded step."""
        self._steps += 1
        self._policy_steps += len(step.policy)
        self._episodes = max(self._episodes, step.episode + 1)
        self._lost_images += step.depth_lost
        self._late += sum(each.latent_tick < step.tick for each in step.policy)
        self._ages.append(step.depth_age)
        if step.depth is not None:
            self._roughness.append(roughness(step.depth, self._far))
        self._compute_ms.append(step.policy[0].compute_ms)
        if step.outcome is not None:
            self._observe_ms.append(step.outcome.observe_ms)

    def ages(self) -> np.ndarray:
        """Age of every image when it was consumed [s]."""
        ages = np.array(self._ages)
        return ages[np.isfinite(ages)]

    def roughness(self) -> float:
        """Noise of the images, median over the walk [m]; NaN if nothing was near."""
        known = np.array(self._roughness)[np.isfinite(self._roughness)] if self._roughness else np.zeros(0)
        return float(np.median(known)) if len(known) else math.nan

    def latencies(self) -> dict[str, np.ndarray]:
        """Compute times of the recorded run [ms]: policy step, and observation of the world model."""
        named = {
            "policy step": np.array(self._compute_ms),
            "world model: observe": np.array(self._observe_ms),
        }
        return {name: values[np.isfinite(values)] for name, values in named.items()}

    def section(
        self, walk: Walk, bundle: Bundle, rough_in_simulation: float, thresholds: dict[str, Any]
    ) -> Section:
        """The verdict after the last step; ``rough_in_simulation``: noise there [m], NaN if unknown."""
        section = Section(NAME)
        section.figures = {
            "kind": walk.kind,
            "duration_s": walk.duration,
            "episodes": self._episodes,
            "policy_steps": self._policy_steps,
            "dropped_policy_steps": walk.dropped_steps,
            "world_model_steps": self._steps,
            "run_info": walk.run_info,
            "dry_run": walk.is_dry_run,
            "left_out_messages": len(walk.left_out),
            "topics": {name: _topic(walk, name) for name in sorted(walk.topics)},
            "topics_used": dict(walk.names),
        }
        self._judge_files(section, walk)
        self._judge_bundle(section, walk, bundle)
        _judge_motors(section, walk)
        self._judge_steps(section, walk, thresholds)
        self._judge_images(section, bundle, thresholds)
        self._judge_noise(section, rough_in_simulation, thresholds)
        _judge_clocks(section, walk)
        return section

    def _judge_files(self, section: Section, walk: Walk) -> None:
        for problem in walk.problems:
            section.add(Status.WARN, problem)
        for note in walk.notes:
            section.add(Status.WARN, note)
        for sentence in walk.left_out.sentences(walk.names):
            section.add(Status.WARN, sentence)
        if walk.is_partial:
            section.add(Status.WARN, "this report is partial: it covers the readable part of the recording")
        if not walk.problems and not len(walk.left_out):
            section.add(
                Status.PASS,
                f"the recording is whole: {self._policy_steps} policy steps, {walk.duration:.1f} s",
            )

    def _judge_bundle(self, section: Section, walk: Walk, bundle: Bundle) -> None:
        recorded = walk.run_info.get("bundle") or {}
        found = recorded.get("sha256")
        if walk.kind == "sensors":
            section.add(
                Status.PASS,
                "sensor topics only: observations, images and actions are rebuilt from "
                f"{', '.join(walk.names.values())}",
            )
        elif found is None:
            section.add(Status.WARN, "the bag does not say which bundle walked (made by another recorder?)")
        elif found == bundle.sha256:
            section.add(Status.PASS, f"recorded with this bundle: {bundle.name}, {short_hash(found)}")
        else:
            section.add(
                Status.FAIL,
                f"recorded with bundle {recorded.get('name')} ({short_hash(found)}), replayed with "
                f"{bundle.name} ({short_hash(bundle.sha256)}): give the one that walked with --bundle",
            )

    def _judge_steps(self, section: Section, walk: Walk, thresholds: dict[str, Any]) -> None:
        if self._policy_steps == 0:
            reason = "for the reasons above" if len(walk.left_out) else "the robot never walked"
            section.add(Status.FAIL, f"no policy step: {reason}")
            return
        share = walk.dropped_steps / (walk.dropped_steps + self._policy_steps)
        section.judge(share, thresholds["dropped_ratio"], f"{walk.dropped_steps} policy steps are missing")
        if walk.duplicate_steps:
            section.add(Status.WARN, f"{walk.duplicate_steps} policy steps are repeated or out of order")
        if walk.kind == "graph" and self._late:
            section.add(Status.WARN, f"{self._late} policy steps used an outdated h")

    def _judge_images(self, section: Section, bundle: Bundle, thresholds: dict[str, Any]) -> None:
        if self._steps == 0:
            return
        ages, wanted = self.ages(), bundle.contract.timing.depth_age
        section.judge(
            1.0 - len(ages) / self._steps,
            thresholds["without_image"],
            f"{self._steps - len(ages)} of {self._steps} world-model ticks had no image",
        )
        if self._lost_images:
            section.add(Status.WARN, f"{self._lost_images} consumed images are not in the bag")
        if len(ages):
            error = float(np.quantile(np.abs(ages - wanted), 0.95))
            section.figures["depth_age_s"] = {"median": np.median(ages), "p95_error": error}
            section.judge(
                error,
                thresholds["depth_age_error"],
                f"median age of consumed images {1e3 * np.median(ages):.0f} ms, contract "
                f"{1e3 * wanted:.0f} ms; 95 % within {1e3 * error:.0f} ms of the contract",
            )

    def _judge_noise(self, section: Section, known: float, thresholds: dict[str, Any]) -> None:
        found = self.roughness()
        if math.isnan(found) or math.isnan(known):
            return
        ratio = found / max(known, SMALLEST_ROUGHNESS)
        section.figures["image_roughness_m"] = found
        section.judge(
            ratio,
            thresholds["noise_over_reference"],
            f"noise of the images {1e3 * found:.1f} mm, {ratio:.1f} times that in simulation",
        )


def _topic(walk: Walk, name: str) -> dict[str, Any]:
    topic = walk.topics[name]
    return {
        "type": topic.kind,
        "messages": topic.count,
        "rate_hz": topic.rate,
        "gaps": topic.gaps,
        "longest_pause_s": topic.longest_pause,
        "stamps_backwards": topic.backwards,
    }


def _judge_motors(section: Section, walk: Walk) -> None:
    """Whether the motors received the commands; a bag that does not say counts as a walk."""
    if walk.is_dry_run:
        rebuilt = "; actions are rebuilt from measured torque" if walk.kind == "sensors" else ""
        section.add(
            Status.WARN,
            f"a dry run: the motors damped and did not receive the commands{rebuilt}. Prediction is judged "
            "as if they had",
        )
    elif walk.is_dry_run is None and walk.kind == "sensors" and "joint_commands" in walk.names:
        section.add(
            Status.WARN,
            "the bag does not say whether joint_commands reached the motors (in a dry run they do not); "
            "assumed that they did",
        )


def _judge_clocks(section: Section, walk: Walk) -> None:
    used = [name for name in walk.names.values() if name in walk.topics]
    backwards = {name: walk.topics[name].backwards for name in used if walk.topics[name].backwards}
    if backwards:
        named = ", ".join(f"{name} ({count} times)" for name, count in backwards.items())
        section.add(
            Status.WARN, f"stamps go backwards in {named}: the clock may have been set during the recording"
        )
    else:
        section.add(Status.PASS, "all stamps increase")
    gaps = {
        name: walk.topics[name]
        for name in used
        if walk.topics[name].gaps and not math.isnan(walk.topics[name].rate)
    }
    streams = {name: gap for name, gap in gaps.items() if gap.kind.startswith("sensor_msgs")}
    for name, topic in streams.items():
        section.add(
            Status.WARN,
            f"{name}: {topic.gaps} gaps at {topic.rate:.0f} Hz, the longest {topic.longest_pause:.2f} s",
        )
