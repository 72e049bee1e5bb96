"""The model card of a bundle: training, evaluation, world model, parity, limits and known failures.

It is generated from the bundle and from files of `wmp eval`, so it can be regenerated at any time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wmp_core.bundle import Bundle
from wmp_core.verification import verify
from wmp_sim.fall import FALLEN_TILT
from wmp_training.evaluation.compare import comparison_table, condition_table, success_table
from wmp_training.evaluation.conditions import NOMINAL
from wmp_training.evaluation.gait_summary import gait_table
from wmp_training.evaluation.metrics import LONGEST_TRUNK_CONTACT, Fault
from wmp_training.evaluation.obedience import CONTACT_BUDGET, SPEED_AMONG_LEAPS, SPEED_ERROR
from wmp_training.evaluation.open_loop import open_loop_table
from wmp_training.evaluation.protocol import OWN
from wmp_training.evaluation.report import Report, ReportError
from wmp_training.evaluation.summary import Cell, markdown
from wmp_training.evaluation.surprise import SEPARATION, separation_by_terrain, separation_table
from wmp_training.evaluation.trial import DIFFICULTIES, EVALUATED
from wmp_training.world_model.prediction import CONTEXT

#: Pictures beside the card, shown where they exist.
SUCCESS_PICTURE, OPEN_LOOP_PICTURE = "success.png", "open_loop.png"
_FALL = f"{math.degrees(FALLEN_TILT):.0f} degrees of tilt, {LONGEST_TRUNK_CONTACT:g} s on the trunk, or a gap"
#: What an evaluation randomises, by ``Protocol.varied``.
_RANDOM = {
    True: "Obstacle positions, bodies and starts are random per episode",
    False: "Every robot is the nominal one, placed exactly; obstacle positions are random per episode",
}
#: A cell with a lower success rate is a known failure.
GOOD = 0.8
#: What an episode that breaks a rule does; it may break several.
_FAULTS: dict[Fault, str] = {
    "crouched": "crouches between the bars",
    "speed": "does not keep the commanded speed",
    "contacts": "touches the track too often with thighs and calves",
}
_CONDITIONS = """Success under changed conditions, on the same tracks (`wmp eval --condition list` says what
each changes):"""
_SIMULATORS = """Success in independent simulators, with other models of the A1 and its contacts, on the same
tracks; robots differ by their start only there:"""
_GAIT = """Gait on flat ground, walking 10 m without steering, and standing: means over the episodes, and the
largest drift:"""


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
        evaluation = _evaluation(bundle, report, blinded, others or {}, simulators)
    sections = (
        _introduction(bundle),
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
    where = f" on these terrains: {_list(terrains)}" if terrains else ""
    depth, timing = bundle.contract.depth, bundle.contract.timing
    image = f"{depth.width} x {depth.height} depth image at {1 / timing.world_model_period:.0f} Hz"
    return f"""# {bundle.name}

A policy for the Unitree A1, trained to follow velocity commands{where}.
Its recurrent world model receives a {image}.
Trained in simulation only, with the code of this repository; not yet tested on a robot."""


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
        "not randomised": _list(known.get("without", [])),
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
    return f"mean of the actors after {_list(each)} M steps of the last stage" if steps else ""


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


def _evaluation(
    bundle: Bundle,
    report: Report,
    blinded: Report | None,
    others: Mapping[str, Report],
    simulators: Sequence[Report],
) -> list[str]:
    parts = [_protocol(report), success_table(report)]
    if len(report.seeds) > 1:
        parts.append(_seed_spread(report))
    if (bundle.path / SUCCESS_PICTURE).is_file():
        parts.append(f"![success against difficulty]({SUCCESS_PICTURE})")
    if conditions := condition_table(report):
        parts += [_CONDITIONS, conditions]
    if simulators:
        together = {each.name: each for each in (report, *simulators)}
        parts += [_SIMULATORS, comparison_table(together)]
    if report.gait:
        parts += [_GAIT, gait_table(report.gait)]
    if separations := separation_by_terrain(report.outcomes):
        parts += [SEPARATION, separation_table(separations)]
    if blinded is not None:
        count = f"{blinded.episodes * len(blinded.seeds)} episodes per terrain and difficulty"
        parts += [
            "The same policy blinded: the camera shows an empty world, nothing else changes. The difference\n"
            f"measures what vision contributes; {count} (`{_command(blinded)}`).",
            success_table(blinded),
        ]
    if others:
        parts += ["Comparison under the same protocol:", comparison_table({bundle.name: report, **others})]
    explanation = (
        "All figures. The 95 % confidence interval of the success rate is Wilson's; means are over the\n"
        "episodes that have the figure; torque is what the motors deliver, which are randomised to be up to\n"
        "15 % weaker or stronger than commanded."
    )
    return [*parts, explanation, markdown(report.cells)]


def _protocol(report: Report) -> str:
    rules, count = report.protocol, report.episodes * len(report.seeds)
    return f"""Deterministic policy from the exported ONNX graphs; {count} episodes per terrain and difficulty
(seeds {_list(report.seeds)}, pooled).

An episode succeeds if the robot covers {rules.distance:g} m of obstacles within {rules.duration:g} s at a
commanded {rules.vx:g} m/s, ends on firm ground, and does not fall
({_FALL}). Its mean speed must be within {SPEED_ERROR:g} m/s of the command, or, between gaps and
boxes, at most {SPEED_AMONG_LEAPS:g} m/s above it; thighs and calves may touch the track
{CONTACT_BUDGET:g} times per metre; on `crawl` it must walk upright between the bars.
{_RANDOM[rules.varied]}; this command repeats them exactly:

    {_command(report)}

Success by difficulty:"""


def _command(report: Report) -> str:
    """The command that repeats ``report``."""
    rules, conditions = report.protocol, report.conditions
    names = tuple(dict.fromkeys(cell.terrain for cell in report.cells))
    levels = tuple(dict.fromkeys(cell.difficulty for cell in report.cells))
    words = [f"wmp eval --bundle models/{report.candidate['name']}"]
    words += [f"--terrain {','.join(names)}"] if names != EVALUATED else []
    words += [f"--difficulty {_comma(levels)}"] if levels != DIFFICULTIES else []
    words += [f"--condition {','.join(conditions)}"] if conditions != [NOMINAL] else []
    words += [f"--sim {rules.simulator}"] if rules.simulator != OWN else []
    words += [f"--seeds {_comma(report.seeds)} --episodes {report.episodes}"]
    words += [f"--blind {rules.blind}"] if rules.blind != "no" else []
    words += [] if rules.varied else ["--nominal"]
    words += ["--gait"] if report.gait else []
    return " ".join(words)


def _comma(values: Iterable[float]) -> str:
    return ",".join(f"{value:g}" for value in values)


def _seed_spread(report: Report) -> str:
    def spread(cell: Cell) -> float:
        return max(cell.by_seed.values()) - min(cell.by_seed.values())

    worst = max(report.cells, key=spread)
    if not spread(worst):
        return "All seeds give the same success rates."
    shares = _list(f"{share:.0%}" for share in worst.by_seed.values())
    return f"The seeds differ most on {_named(worst)}: {shares}."


def _named(cell: Cell) -> str:
    under = "" if cell.condition == NOMINAL else f" under `{cell.condition}`"
    return f"{cell.terrain} {cell.difficulty:g}{under}"


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
    failures = [_failure(cell, each) for each in reports for cell in each.cells if cell.success < GOOD]
    if reports:
        lines += failures or [f"- No cell of the evaluation has a success rate below {GOOD:.0%}."]
    return "\n".join(lines)


def _failure(cell: Cell, report: Report) -> str:
    shares = {
        "falls": cell.ends["fall"],
        "leaves the track": cell.ends["off_track"],
        "runs out of time": cell.ends["time"],
        **{_FAULTS[fault]: share for fault, share in cell.faults.items()},
    }
    simulator = "" if report.protocol.simulator == OWN else f" in {report.protocol.simulator}"
    how = ", ".join(f"{words} {share:.0%}" for words, share in shares.items() if share > 0.005)
    return f"- {_named(cell)}{simulator}: {cell.success:.0%} success ({how})."


def _range(limits: tuple[float, ...]) -> str:
    return f"{limits[0]:g} to {limits[1]:g}"


def _list(items: Iterable[object]) -> str:
    words = [str(item).replace("_", " ") for item in items]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
