"""The model card of a bundle: training, evaluation, world model, parity, limits and known failures.

It is generated from the bundle and from files of `wmp eval`, so it can be regenerated at any time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wmp_core.bundle import Bundle
from wmp_core.verification import verify
from wmp_training.evaluation.open_loop import open_loop_table
from wmp_training.evaluation.protocol import OWN
from wmp_training.evaluation.report import Report, ReportError
from wmp_training.export.card_evaluation import GOOD, evaluation_parts, known_failures, listed
from wmp_training.world_model.prediction import CONTEXT

#: Picture beside the card, shown where it exists.
OPEN_LOOP_PICTURE = "open_loop.png"
#: File beside the card with what is known to be wrong in it, shown where it exists: the manifest, which holds
#: the other notes, is signed and must not change after the release.
CORRECTIONS = "corrections.md"


def model_card(
    bundle: Bundle,
    report: Report | None = None,
    blinded: Report | None = None,
    others: Mapping[str, Report] | None = None,
    simulators: Sequence[Report] = (),
) -> str:
    """The card as Markdown; every figure comes from the arguments.

    Args:
        report: evaluation of ``bundle``.
        blinded: evaluation of ``bundle`` with ``--blind``.
        others: evaluations of other policies, by name, for comparison.
        simulators: evaluations of ``bundle`` in independent simulators.

    Raises:
        ReportError: an evaluation is incomplete, of another bundle, or of another kind than expected, or
            another policy has the bundle's name.
    """
    for found in (report, blinded, *simulators):
        if found is not None:
            _check(found, bundle)
    if report is None and (blinded is not None or others or simulators):
        raise ReportError("there is nothing to compare with; give the bundle's evaluation with --evaluation")
    if report is not None and report.protocol.blind != "no":
        raise ReportError(
            f"{report.name} was evaluated without images, expected with images; give it as --blinded"
        )
    if blinded is not None and report is not None:
        expected = replace(report.protocol, blind="far")
        if blinded.protocol != expected:
            raise ReportError(f"the blinded evaluation follows {blinded.protocol}, expected {expected}")
    for walks in simulators:
        if walks.protocol.simulator == OWN:
            raise ReportError(f"{walks.name} was evaluated in {OWN}, expected another simulator (--sim)")
    if bundle.name in (others or {}):
        raise ReportError(
            f"{bundle.name} is the name of this bundle, expected another for the compared policy; use --names"
        )
    evaluation = [_NOT_EVALUATED]
    if report is not None:
        evaluation = evaluation_parts(bundle, report, blinded, others or {}, simulators)
    sections = (
        _introduction(bundle),
        *_corrections(bundle),
        _training(bundle),
        "\n\n".join(["## Evaluation", *evaluation]),
        _world_model(bundle, report),
        _parity(bundle),
        _limits(bundle, [] if report is None else [report, *simulators]),
    )
    return "\n\n".join(sections) + "\n"


def _check(report: Report, bundle: Bundle) -> None:
    if report.candidate["sha256"] != bundle.sha256:
        raise ReportError(
            f"the evaluation is of {report.name} {report.candidate['sha256'][:12]}, "
            f"expected {bundle.name} {bundle.sha256[:12]}; run wmp eval again"
        )
    if not report.is_complete:
        raise ReportError(
            f"the evaluation of {report.name} has {len(report.cells)} of {report.planned} cells; complete it "
            "with wmp eval --resume"
        )


_NOT_EVALUATED = "None yet: `wmp eval` evaluates a bundle, `wmp card` writes the result here."


def _introduction(bundle: Bundle) -> str:
    terrains = bundle.metadata.get("terrains", [])
    where = f" on these terrains: {listed(terrains)}" if terrains else ""
    depth, timing = bundle.contract.depth, bundle.contract.timing
    image = f"{depth.width} x {depth.height} depth image at {1 / timing.world_model_period:.0f} Hz"
    return f"""# {bundle.name}

A policy for the Unitree A1, trained to follow velocity commands{where}.
Its recurrent world model receives a {image}.
Trained in simulation only, with the code of this repository; not yet tested on a robot."""


def _corrections(bundle: Bundle) -> list[str]:
    file = bundle.path / CORRECTIONS
    return [f"## Corrections\n\n{file.read_text(encoding='utf-8').strip()}"] if file.is_file() else []


def _training(bundle: Bundle) -> str:
    known, sizes = bundle.metadata, bundle.contract.world_model
    count = known.get("parameters")
    rows = {
        "task": f"`{known.get('task', 'gentle')}`",
        "recipe": f"`{known['recipe']}`" if "recipe" in known else "",
        "preset": f"`{known.get('preset', '-')}`: h {sizes.deter}, z {sizes.stoch} x {sizes.classes}",
        "parameters": _parameters(count) if count else "",
        "steps": _steps(known, bundle.contract.timing.control_period) if "env_steps" in known else "",
        "actor": _averaged(known.get("actor_of", ())),
        "wall time": f"{known['wall_time_s'] / 60:.0f} min" if "wall_time_s" in known else "",
        "robots": str(known.get("num_envs", "")),
        "style reward": "adversarial motion priors" if known.get("amp") else "",
        "not randomised": listed(known.get("without", [])),
        "randomised within": _ranges(known.get("randomisation", {})),
        "images rendered": _rendered(known.get("rendered", 1.0)),
        "precision": "PPO's critic in bfloat16" if known.get("mixed_precision") else "",
        "changed settings": ", ".join(f"`{k}={v}`" for k, v in known.get("settings", {}).items()),
        "seed": str(known.get("seed", "")),
        "exported with": f"commit `{known['git_commit']}`" if "git_commit" in known else "",
    }
    lines = ["## Training", "", "| | |", "|---|---|"]
    lines += [f"| {key} | {value} |" for key, value in rows.items() if value]
    if known.get("note"):
        lines += ["", known["note"]]
    lines += [
        "",
        "Unless listed above, the following were randomised as the task in `training/wmp_training/tasks.py`",
        "specified at the time: bodies (friction, payload, masses, gains, motor strength), sensor noise,",
        "pushes, action delay, camera tilt and lost images. The checkpoint's `state.json` has every setting.",
    ]
    return "\n".join(lines)


def _parameters(count: Mapping[str, int]) -> str:
    model, deployed = count["world_model"] / 1e6, count["deployed"] / 1e6
    return f"world model {model:.2f} M ({deployed:.2f} M deployed), actor {count['actor'] / 1e3:.0f} k"


def _averaged(steps: Sequence[int]) -> str:
    weights = Counter(steps)
    each = (f"{count / 1e6:.1f}" + (f" ({n} times)" if n > 1 else "") for count, n in weights.items())
    return f"mean of the actors after {listed(each)} M steps of the last stage" if steps else ""


def _rendered(share: float) -> str:
    return f"{share:.0%}, the others predicted" if share < 1.0 else ""


def _ranges(ranges: Mapping[str, Any]) -> str:
    return ", ".join(f"`{key}` {low:g} to {high:g}" for key, (low, high) in ranges.items())


def _steps(known: Mapping[str, Any], period: float) -> str:
    total = known["env_steps"]
    text = f"{total / 1e6:.1f} M ({total * period / 3600:.0f} h of walking)"
    stages = known.get("stages", [])
    if len(stages) < 2:
        return text
    each = (f"{s['stage']} {s['env_steps'] / 1e6:.1f} M in {s['wall_time_s'] / 60:.0f} min" for s in stages)
    return f"{text}: {', '.join(each)}"


def _world_model(bundle: Bundle, report: Report | None) -> str:
    if report is None or not report.open_loop:
        return "## World model\n\nNot evaluated yet: `wmp eval --open-loop PICTURE`."
    parts = [
        "## World model",
        f"Open-loop prediction of depth on the policy's own walks: the model receives {CONTEXT} images,\n"
        "then none. Root mean square errors over all pixels. Persistence repeats the last image;\n"
        "a ratio below 1 means that the model predicts better.",
        open_loop_table(report.open_loop),
    ]
    if (bundle.path / OPEN_LOOP_PICTURE).is_file():
        parts += [
            "Truth, prediction and error (red: too near, blue: too far, +-0.5 m). `seen` is the\n"
            "reconstruction of the last image; `+n` is the prediction n steps of 0.1 s later. Each row\n"
            "shows the sequence of its terrain whose image changes most.",
            f"![truth, prediction and error]({OPEN_LOOP_PICTURE})",
        ]
    return "\n\n".join(parts)


def _parity(bundle: Bundle) -> str:
    report = verify(bundle)
    rows = "\n".join(f"| {key} | {value:.1e} |" for key, value in report.largest.items())
    return f"""## Parity

ONNX Runtime against torch over {report.steps} policy steps in closed loop; largest absolute differences:

| quantity | difference |
|---|---|
{rows}"""


def _limits(bundle: Bundle, reports: Sequence[Report]) -> str:
    limits, measured = bundle.contract.limits, bundle.calibration
    ranges = (
        f"vx {_range(limits.command_vx)} m/s",
        f"vy {_range(limits.command_vy)} m/s",
        f"yaw rate {_range(limits.command_yaw_rate)} rad/s",
    )
    watched = {
        "roll or pitch": (limits.attitude, "rad"),
        "rate of roll and pitch": (measured.attitude_rate, "rad/s"),
        "surprise": (measured.surprise, "nats"),
    }
    figures = (f"{key} {value:.2f} {unit}" for key, (value, unit) in watched.items() if value is not None)
    lines = ["## Limits and known failures", "", f"- Commands: {', '.join(ranges)}."]
    lines.append(f"- Limits for the safety monitor: {', '.join(figures) or 'none measured'}.")
    if reports:
        lines += known_failures(reports) or [
            f"- No cell of the evaluation has a success rate below {GOOD:.0%}."
        ]
    return "\n".join(lines)


def _range(limits: tuple[float, ...]) -> str:
    return f"{limits[0]:g} to {limits[1]:g}"
