"""The charts of the report."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wmp_replay.dynamics import JointDynamics
from wmp_replay.envelope import Envelope
from wmp_replay.prediction import UNITS
from wmp_replay.report.pictures import time_colours
from wmp_replay.report.svg import Chart, Range, disc, spanning, square, triangle
from wmp_replay.surprise import Timeline
from wmp_replay.windows import HORIZONS

TITLES = {
    "depth_m": ("Depth error of near pixels", "m"),
    "edge_m": ("Depth error along edges", "m"),
    "ssim": ("Structural similarity (1: equal)", ""),
    "base_angular_velocity": ("Angular velocity error", "rad/s"),
    "projected_gravity": ("Projected gravity error", "1"),
    "joint_position_error": ("Joint position error", "rad"),
    "joint_velocity": ("Joint velocity error", "rad/s"),
}
#: Terrains differ in colour (classes ``ground-0`` and so on in style.css) and in shape, so that no reader
#: depends on colours; 15 terrains are distinct.
TERRAIN_COLOURS, TERRAIN_SHAPES = 5, (disc, square, triangle)
#: Time shown per joint [s].
EXCERPT = 4.0
#: Bins of a histogram.
BINS = 40


def horizon_chart(
    metric: str,
    errors: Mapping[str, Mapping[str, np.ndarray]],
    reference: Mapping[str, np.ndarray] | None,
    period: float,
) -> str:
    """Error against time ahead: the model with its confidence interval, the baselines, and simulation."""
    ahead = np.array(HORIZONS) * period
    known = reference[metric] if reference is not None and metric in reference else None
    shown = [values[metric] for values in errors.values()] + ([] if known is None else [known[0]])
    place = np.arange(len(HORIZONS), dtype=float)
    title, unit = TITLES[metric]
    chart = Chart(
        Range(-0.2, len(HORIZONS) - 0.8),
        spanning(*shown, include_zero=metric != "ssim"),
        f"{title} against time ahead",
        "time ahead, s",
        unit,
        x_ticks=[(p, f"{t:.1f}") for p, t in zip(place, ahead, strict=True)],
    )
    model = errors["model"][metric]
    chart.band(place, model[1], model[2], "model")
    if known is not None:
        chart.line(place, known[0], "reference")
    for guess in ("shuffled", "persistence", "model"):
        chart.line(place, errors[guess][metric][0], guess)
    return chart.svg()


def metrics_of(errors: Mapping[str, Mapping[str, np.ndarray]]) -> list[str]:
    """The charted metrics in order."""
    return [name for name in (*("depth_m", "edge_m", "ssim"), *UNITS) if name in errors["model"]]


def surprise_chart(
    timeline: Timeline, threshold: float, segments: list[tuple[float, float]], start: float
) -> str:
    """KL over time with the threshold and the stretches above it."""
    time = timeline.stamp - start
    high = timeline.kl if not np.isfinite(threshold) else np.append(timeline.kl, threshold)
    chart = Chart(
        spanning(time), spanning(high, include_zero=True), "KL over time", "time, s", "KL, nats", 760, 240
    )
    for first, last in segments:
        chart.span(first - start, last - start, "alarm")
    chart.line(time, timeline.kl, "faint")
    chart.line(time, timeline.smoothed, "model")
    if np.isfinite(threshold):
        chart.level(threshold, f"threshold {threshold:.2f}", "reference")
    return chart.svg()


def latent_map(latents: np.ndarray, envelope: Envelope) -> str:
    """h along the two main components of the reference, coloured by time."""
    plane = envelope.plane(latents)[:: max(1, len(latents) // 600)]
    reach = Range(*(1.1 * np.array((-1, 1)) * max(3.0, float(np.abs(plane).max()))))
    chart = Chart(reach, reach, "map of the latents", "first component, sd", "second component, sd", 360, 300)
    chart.points(plane[:, 0], plane[:, 1], time_colours(len(plane)))
    return chart.svg()


def terrain_map(clouds: Mapping[str, np.ndarray]) -> str:
    """h ``[N, 2]`` along the two main components of the reference; colour and shape by terrain."""
    x, y = (spanning(*(cloud[:, axis] for cloud in clouds.values())) for axis in (0, 1))
    chart = Chart(x, y, "map of the latents", "first component, sd", "second component, sd", 760, 420)
    for i, cloud in enumerate(clouds.values()):
        shape = TERRAIN_SHAPES[i % len(TERRAIN_SHAPES)]
        chart.marks(cloud[:, 0], cloud[:, 1], shape, f"ground-{i % TERRAIN_COLOURS}")
    return chart.svg()


def histogram(values: np.ndarray, label: str, unit: str, mark: float | None = None) -> str:
    """Histogram with a bar at ``mark``; the largest 0.5 % of the values are in the last bin."""
    top = float(np.quantile(values, 0.995))
    low, high = float(values.min()), max(top, float(values.min()) + 1e-9)
    counts, edges = np.histogram(np.minimum(values, high), BINS, (low, high))
    shown = spanning(edges) if mark is None else spanning(edges, np.array([mark]))
    chart = Chart(shown, spanning(counts.astype(float), include_zero=True), label, unit, "count")
    chart.bars(edges[:-1], edges[1:], counts, "model")
    if mark is not None:
        chart.span(mark, mark, "alarm")
    return chart.svg()


def joint_chart(found: JointDynamics, joint: int, name: str) -> str:
    """Target and position of one joint during :data:`EXCERPT` in the middle of the walk."""
    middle = found.stamp[len(found.stamp) // 2]
    shown = np.abs(found.stamp - middle) <= EXCERPT / 2
    time = found.stamp[shown] - found.stamp[0]
    target, q = found.target[shown, joint], found.q[shown, joint]
    chart = Chart(spanning(time), spanning(target, q), f"{name} over time", "time, s", "rad", 360, 160)
    chart.line(time, target, "persistence")
    chart.line(time, q, "model")
    return chart.svg()
