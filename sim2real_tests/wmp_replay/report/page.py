"""The report page: summary, then a section per aspect with findings, charts and pictures."""

from __future__ import annotations

import json
import math
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmp_replay.bag_bundle import short_hash
from wmp_replay.prediction import Picture
from wmp_replay.report.charts import (
    TITLES,
    histogram,
    horizon_chart,
    joint_chart,
    latent_map,
    metrics_of,
    surprise_chart,
)
from wmp_replay.report.pictures import LARGEST_ERROR, depth_picture, error_picture
from wmp_replay.section import Section, Status, plain
from wmp_replay.surprise import segments
from wmp_replay.verdict import Replay, surprise_threshold
from wmp_replay.windows import CONTEXT

if TYPE_CHECKING:
    from wmp_replay.motors.fit import MotorFit

HERE = Path(__file__).parent
EXPLAINED = {
    "integrity": "Is the recording whole, and did the runtime keep its rates and delays?",
    "exactness": "Do the recorded latents and actions follow from the recorded inputs when recomputed here?",
    "prediction": f"Open-loop prediction after {CONTEXT} steps with images: how large is the error?",
    "surprise": "KL(posterior || prior): how much each image changed the state that the model expected.",
    "latent": "Is the deterministic state h in the region that it covers in simulation?",
    "dynamics": "Do the motors follow their targets as in simulation?",
}
VERDICTS = {
    Status.PASS: "The world model predicts this walk as it predicts simulation.",
    Status.WARN: "The walk is mostly as in simulation; look at the warnings.",
    Status.FAIL: "The walk differs from simulation, or the recording has errors.",
    Status.SKIP: "Nothing could be judged.",
}


def write_report(replay: Replay, path: Path) -> None:
    """Write the report of one bag as a single HTML file."""
    path.write_text(report(replay), encoding="utf-8")


def report(replay: Replay) -> str:
    """The report as HTML text."""
    body = "".join(
        (
            _summary(replay),
            _prediction(replay),
            _surprise(replay),
            _latents(replay),
            _dynamics(replay),
            _integrity(replay),
            _section(replay.section("exactness"), ""),
        )
    )
    return document(f"{replay.walk.path.name}: {replay.status}", body)


def document(title: str, body: str) -> str:
    """A complete page without external resources."""
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("style.css", "film.js"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{body}</main><script>{script}</script></body></html>\n"
    )


def _summary(replay: Replay) -> str:
    walk, bundle = replay.walk, replay.bundle
    facts = (
        f"{walk.duration:.1f} s of walking, bundle {bundle.name} ({short_hash(bundle.sha256)}), "
        f"compared with {replay.reference.source}"
    )
    cards = "".join(
        f'<a class="card" href="#{section.name}" style="text-decoration:none"><header>'
        f"<h3>{section.name.capitalize()}</h3>{badge(section.status)}</header>"
        f'<span class="soft">{escape(_decisive(section))}</span></a>'
        for section in replay.sections
    )
    partial = (
        '<p class="warn">The recording is damaged; this report is partial.</p>' if walk.is_partial else ""
    )
    return (
        f"<h1>{escape(walk.path.name)} {badge(replay.status)}</h1><p>{VERDICTS[replay.status]}</p>"
        f'<p class="soft">{escape(facts)}</p>{partial}<div class="grid">{cards}</div>'
    )


def _decisive(section: Section) -> str:
    return next((f.text for f in section.findings if f.status is section.status), "")


def badge(status: Status) -> str:
    """A status in its colour."""
    return f'<span class="badge {status}">{status}</span>'


def _section(section: Section, content: str) -> str:
    findings = "".join(
        f'<li class="is-{finding.status}">{escape(finding.text)}</li>' for finding in section.findings
    )
    return (
        f'<section id="{section.name}"><h2>{section.name.capitalize()} {badge(section.status)}</h2>'
        f'<p class="soft">{EXPLAINED[section.name]}</p><div class="card">'
        f'<ul class="findings">{findings}</ul></div>{content}</section>'
    )


def _card(title: str, content: str, wide: bool = False) -> str:
    return f'<div class="card{" wide" if wide else ""}"><h3>{escape(title)}</h3>{content}</div>'


def _legend(*entries: tuple[str, str]) -> str:
    items = "".join(f'<li class="{kind}"><i></i>{escape(text)}</li>' for kind, text in entries)
    return f'<ul class="legend">{items}</ul>'


def _prediction(replay: Replay) -> str:
    errors, test = replay.measured.prediction, replay.measured.prediction_test
    section = replay.section("prediction")
    if errors is None or test.first is None:
        return _section(section, "")
    period, start = replay.bundle.contract.timing.world_model_period, replay.measured.start
    far = replay.bundle.contract.depth.far
    worst = test.worst[0]
    strips = _card("Start of the walk", _strip(test.first, period, far, start), wide=True)
    if worst.stamp != test.first.stamp:
        strips += _card("Largest error", _strip(worst, period, far, start), wide=True)
    film = _card("Largest error, step by step", _film(test.with_every_step(worst), period, far))
    intervals, reference = errors.intervals(), replay.reference.prediction or None
    legend = _legend(
        ("model", "world model, with 95 % confidence interval"),
        ("persistence", "persistence: the last step unchanged"),
        ("shuffled", "world model with shuffled actions"),
        ("reference", "world model in simulation"),
    )
    charts = "".join(
        _card(TITLES[metric][0], horizon_chart(metric, intervals, reference, period))
        for metric in metrics_of(intervals)
    )
    return _section(
        section,
        f'{strips}<div class="grid">{film}</div>{legend}<div class="grid">{charts}</div>',
    )


def _frames(picture: Picture, period: float, far: float) -> list[tuple[str, str, str, str]]:
    """Caption, truth, prediction and error of the last context step and of each step ahead."""
    last = depth_picture(picture.context, far)
    frames = [("last seen", last, last, error_picture(picture.context, picture.context))]
    for ahead, truth, predicted in zip(picture.ahead, picture.truth, picture.predicted, strict=True):
        frames.append(
            (
                f"+{ahead * period:.1f} s",
                depth_picture(truth, far),
                depth_picture(predicted, far),
                error_picture(predicted, truth),
            )
        )
    return frames


def _strip(picture: Picture, period: float, far: float, start: float) -> str:
    frames = _frames(picture, period, far)
    cells = ["<span></span>", *(f'<span class="head">{frame[0]}</span>' for frame in frames)]
    for row, name in enumerate(("truth", "prediction", "error"), start=1):
        cells.append(f"<span>{name}</span>")
        cells += [f'<img alt="{name} {frame[0]}" src="{frame[row]}">' for frame in frames]
    note = (
        f'<p class="soft">At {picture.stamp - start:.1f} s. Depth: bright is near, dark {far:g} m or more. '
        f"Error: bright is {LARGEST_ERROR:g} m or more.</p>"
    )
    return f'<div class="strip">{"".join(cells)}</div>{note}'


def _film(picture: Picture, period: float, far: float) -> str:
    frames = [
        {"caption": caption, "pictures": sources} for caption, *sources in _frames(picture, period, far)
    ]
    names = "".join(f"<span>{name}</span>" for name in ("truth", "prediction", "error"))
    first = frames[-1]["pictures"]
    images = "".join(f'<img alt="" src="{source}">' for source in first)
    return (
        f"<div class=\"film\" data-frames='{escape(json.dumps(frames), quote=True)}'>{names}{images}"
        '<span class="control"><button type="button">Play</button><output></output></span></div>'
    )


def _surprise(replay: Replay) -> str:
    section, timeline = replay.section("surprise"), replay.measured.surprise
    if len(timeline.kl) == 0:
        return _section(section, "")
    threshold, _ = surprise_threshold(replay.bundle, replay.reference)
    start, far = replay.measured.start, replay.bundle.contract.depth.far
    above = segments(
        timeline.stamp, timeline.smoothed > (threshold if math.isfinite(threshold) else math.inf)
    )
    chart = _card("KL over time", surprise_chart(timeline, threshold, above, start), wide=True)
    pictures = "".join(
        _card(
            f"{each.stamp - start:.1f} s: {each.kl:.1f} nats",
            f'<div class="pair"><span>seen</span><span>expected</span>'
            f'<img alt="seen" src="{depth_picture(each.seen, far)}">'
            f'<img alt="expected" src="{depth_picture(each.expected, far)}"></div>',
        )
        for each in replay.measured.surprise_test.pictures()
    )
    legend = _legend(
        ("model", "smoothed over 0.5 s"), ("shuffled", "KL of each image"), ("reference", "threshold")
    )
    return _section(section, f'{legend}{chart}<div class="grid">{pictures}</div>')


def _latents(replay: Replay) -> str:
    section, envelope, latents = replay.section("latent"), replay.reference.envelope, replay.measured.latents
    if envelope is None or len(latents) == 0:
        return _section(section, "")
    distance = envelope.distance(latents)
    ground = "" if (terrain := replay.walk.terrain) is None else f" on {terrain['name']}"
    content = _card(
        f"Map of h{ground}, from the start (dark) to the end (bright)", latent_map(latents, envelope)
    )
    content += _card(
        "Distance from the centre of the envelope (bar: bound)",
        histogram(distance, "distances", "Mahalanobis distance per dimension", envelope.bound),
    )
    return _section(section, f'<div class="grid">{content}</div>')


def _dynamics(replay: Replay) -> str:
    section, found = replay.section("dynamics"), replay.measured.dynamics
    if found is None or replay.walk.is_dry_run:
        return _section(section, "")
    names = replay.bundle.contract.joints.names
    rows = "".join(
        f"<tr><td>{name}</td><td>{found.rmse[j]:.3f}</td><td>{1e3 * found.lag[j]:.0f}</td>"
        f"<td>{_number(found.strength[j])}</td></tr>"
        for j, name in enumerate(names)
    )
    table = (
        "<table><tr><th>joint</th><th>RMS error, rad</th><th>lag, ms</th><th>strength</th></tr>"
        f"{rows}</table>"
    )
    charts = "".join(_card(name, joint_chart(found, j, name)) for j, name in enumerate(names))
    legend = _legend(("persistence", "target"), ("model", "position"))
    if replay.motor_fit is not None:
        table += _motors(replay.motor_fit)
    suggestion = escape(json.dumps(plain(replay.randomisation())))
    note = f'<p class="soft">Ranges for training that contain this robot: <code>{suggestion}</code></p>'
    return _section(
        section, f'<div class="card wide">{table}</div>{note}{legend}<div class="grid">{charts}</div>'
    )


def _motors(fit: MotorFit) -> str:
    rows = "".join(
        f"<tr><td>{name.replace('_', ', ')}</td><td>{each['value']:.4g}</td>"
        f"<td>{each['standard_error']:.2g}</td><td>{escape(each['unit'])}</td></tr>"
        for name, each in fit.to_dict()["parameters"].items()
    )
    mine, nominal = 1e3 * fit.rmse, 1e3 * fit.nominal_rmse
    return (
        f'<p class="soft">{fit.windows} swings of a leg, replayed in simulation: RMS position error '
        f"{mine:.1f} mrad with these motors, {nominal:.1f} mrad with the nominal ones.</p>"
        "<table><tr><th>motors in simulation</th><th>value</th><th>standard error</th><th>unit</th></tr>"
        f"{rows}</table>"
    )


def _integrity(replay: Replay) -> str:
    walk, test = replay.walk, replay.measured.integrity
    charts = ""
    if len(ages := test.ages()):
        wanted = 1e3 * replay.bundle.contract.timing.depth_age
        charts += _card("Age of consumed images (bar: contract)", histogram(1e3 * ages, "ages", "ms", wanted))
    for name, values in test.latencies().items():
        if len(values) and float(np.ptp(values)) > 0:
            charts += _card(f"Compute time: {name}", histogram(values, name, "ms"))
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{topic.count}</td><td>{_number(topic.rate, 1)}</td>"
        f"<td>{topic.gaps}</td><td>{topic.longest_pause:.3f}</td></tr>"
        for name, topic in sorted(walk.topics.items())
    )
    head = "<tr><th>topic</th><th>messages</th><th>rate, Hz</th><th>gaps</th><th>longest pause, s</th></tr>"
    content = f'<div class="grid">{charts}</div><div class="card wide"><table>{head}{rows}</table></div>'
    return _section(replay.section("integrity"), content)


def _number(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "\N{EN DASH}"
