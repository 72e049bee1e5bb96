"""The overview page of several bags: a table of verdicts, and a map of all latents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from wmp_replay.bag_names import TAKEN, bag_names
from wmp_replay.report.charts import TERRAIN_COLOURS, TERRAIN_SHAPES, terrain_map
from wmp_replay.report.page import badge, document
from wmp_replay.section import Status

FILE = f"{TAKEN}.html"
UNKNOWN = "unknown terrain"


def write_overview(verdicts: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write :data:`FILE` into the ``folder`` with the pages of the bags."""
    worst = max(Status[verdict["verdict"].upper()] for verdict in verdicts)
    body = (
        f"<h1>{len(verdicts)} bags {badge(worst)}</h1>"
        f'<div class="card wide">{_table(verdicts)}</div>{_map(verdicts)}'
    )
    (folder / FILE).write_text(document(f"{len(verdicts)} bags: {worst}", body), encoding="utf-8")


def _table(verdicts: Sequence[Mapping[str, Any]]) -> str:
    names = next((list(verdict["sections"]) for verdict in verdicts if verdict["sections"]), [])
    head = "".join(f"<th>{name}</th>" for name in ("bag", "terrain", "verdict", *names))
    bags = bag_names([Path(verdict["bag"]) for verdict in verdicts])
    rows = "".join(_row(bag, verdict, names) for bag, verdict in zip(bags, verdicts, strict=True))
    return f"<table><tr>{head}</tr>{rows}</table>"


def _row(bag: str, verdict: Mapping[str, Any], names: Sequence[str]) -> str:
    if "error" in verdict:
        reason = f'<td colspan="{len(names)}">{escape(verdict["error"])}</td>'
        return f"<tr><td>{escape(bag)}</td><td></td><td>{_badge(verdict['verdict'])}</td>{reason}</tr>"
    statuses = "".join(f"<td>{_badge(verdict['sections'][name]['status'])}</td>" for name in names)
    link = f'<a href="{quote(bag)}.html">{escape(bag)}</a>'
    ground = escape(_ground(verdict))
    return f"<tr><td>{link}</td><td>{ground}</td><td>{_badge(verdict['verdict'])}</td>{statuses}</tr>"


def _badge(status: str) -> str:
    return badge(Status[status.upper()])


def _ground(verdict: Mapping[str, Any]) -> str:
    terrain = verdict.get("terrain")
    return UNKNOWN if terrain is None else f"{terrain['name']} {terrain['difficulty']:.2g}"


def _map(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Map of the latents of all bags by terrain; empty if there are none."""
    grounds: dict[str, list[np.ndarray]] = {}
    for verdict in verdicts:
        points = verdict["sections"].get("latent", {}).get("figures", {}).get("map")
        if points:
            name = UNKNOWN if verdict.get("terrain") is None else verdict["terrain"]["name"]
            grounds.setdefault(name, []).append(np.array(points, float))
    if not grounds:
        return ""
    clouds = {name: np.concatenate(grounds[name]) for name in sorted(grounds)}
    legend = "".join(
        f'<li><svg viewBox="-6 -6 12 12" class="mark ground-{i % TERRAIN_COLOURS}">'
        f"{TERRAIN_SHAPES[i % len(TERRAIN_SHAPES)](0.0, 0.0, 4.0)}</svg>{escape(name)}</li>"
        for i, name in enumerate(clouds)
    )
    return (
        '<section><div class="card"><h3>Map of h by terrain</h3>'
        f'<ul class="legend">{legend}</ul>{terrain_map(clouds)}</div></section>'
    )
