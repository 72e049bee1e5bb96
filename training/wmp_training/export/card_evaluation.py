"""The evaluation in a model card: protocol, tables, the commands that repeat them, and known failures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from wmp_core.bundle import Bundle
from wmp_sim.fall import FALLEN_TILT
from wmp_training.evaluation.compare import comparison_table, condition_table, success_table
from wmp_training.evaluation.conditions import NOMINAL
from wmp_training.evaluation.gait_summary import gait_table
from wmp_training.evaluation.metrics import LONGEST_TRUNK_CONTACT, Fault
from wmp_training.evaluation.obedience import CONTACT_BUDGET, SPEED_AMONG_LEAPS, SPEED_ERROR
from wmp_training.evaluation.protocol import OWN
from wmp_training.evaluation.report import Report
from wmp_training.evaluation.summary import Cell, markdown
from wmp_training.evaluation.surprise import SEPARATION, separation_by_terrain, separation_table
from wmp_training.evaluation.trial import DIFFICULTIES, EVALUATED

#: Picture beside the card, shown where it exists.
SUCCESS_PICTURE = "success.png"
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


def evaluation_parts(
    bundle: Bundle,
    report: Report,
    blinded: Report | None,
    others: Mapping[str, Report],
    simulators: Sequence[Report],
) -> list[str]:
    """The paragraphs and tables of the section; see :func:`wmp_training.export.model_card.model_card`."""
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
            f"measures what vision contributes; {count} (`{_commands(blinded)[0]}`).",
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
    commands = "\n    ".join(_commands(report))
    return f"""Deterministic policy from the exported ONNX graphs; {count} episodes per terrain and difficulty
(seeds {listed(report.seeds)}, pooled).

An episode succeeds if the robot covers {rules.distance:g} m of obstacles within {rules.duration:g} s at a
commanded {rules.vx:g} m/s, ends on firm ground, and does not fall
({_FALL}). Its mean speed must be within {SPEED_ERROR:g} m/s of the command, or, between gaps and
boxes, at most {SPEED_AMONG_LEAPS:g} m/s above it; thighs and calves may touch the track
{CONTACT_BUDGET:g} times per metre; on `crawl` it must walk upright between the bars.
{_RANDOM[rules.varied]}; this repeats them exactly:

    {commands}

Success by difficulty:"""


def _commands(report: Report) -> list[str]:
    """The commands that repeat ``report``: one per set of conditions with the same terrains and levels."""
    groups: dict[tuple[tuple[str, ...], tuple[float, ...]], list[str]] = {}
    for condition in report.conditions:
        cells = [cell for cell in report.cells if cell.condition == condition]
        names = tuple(dict.fromkeys(cell.terrain for cell in cells))
        levels = tuple(dict.fromkeys(cell.difficulty for cell in cells))
        groups.setdefault((names, levels), []).append(condition)
    return [_command(report, *cells, conditions) for cells, conditions in groups.items()]


def _command(report: Report, names: Sequence[str], levels: Sequence[float], conditions: Sequence[str]) -> str:
    rules = report.protocol
    words = [f"wmp eval --bundle models/{report.candidate['name']}"]
    words += [f"--terrain {','.join(names)}"] if names != EVALUATED else []
    words += [f"--difficulty {_comma(levels)}"] if levels != DIFFICULTIES else []
    words += [f"--condition {','.join(conditions)}"] if conditions != [NOMINAL] else []
    words += [f"--sim {rules.simulator}"] if rules.simulator != OWN else []
    words += [f"--seeds {_comma(report.seeds)} --episodes {report.episodes}"]
    words += [f"--blind {rules.blind}"] if rules.blind != "no" else []
    words += [] if rules.varied else ["--nominal"]
    words += ["--gait"] if report.gait and NOMINAL in conditions else []
    return " ".join(words)


def _comma(values: Iterable[float]) -> str:
    return ",".join(f"{value:g}" for value in values)


def _seed_spread(report: Report) -> str:
    def spread(cell: Cell) -> float:
        return max(cell.by_seed.values()) - min(cell.by_seed.values())

    worst = max(report.cells, key=spread)
    if not spread(worst):
        return "All seeds give the same success rates."
    shares = listed(f"{share:.0%}" for share in worst.by_seed.values())
    return f"The seeds differ most on {_named(worst)}: {shares}."


def _named(cell: Cell) -> str:
    under = "" if cell.condition == NOMINAL else f" under `{cell.condition}`"
    return f"{cell.terrain} {cell.difficulty:g}{under}"


def known_failures(reports: Iterable[Report]) -> list[str]:
    """A line for every cell below ``GOOD``, with the shares of how its episodes fail."""
    return [_failure(cell, report) for report in reports for cell in report.cells if cell.success < GOOD]


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


def listed(items: Iterable[object]) -> str:
    """``items`` as a list in words."""
    words = [str(item).replace("_", " ") for item in items]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
