"""Plot of success against difficulty, one panel per terrain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from wmp_sim.terrain import HARDEST
from wmp_training.evaluation.conditions import NOMINAL
from wmp_training.evaluation.files import written_whole
from wmp_training.evaluation.summary import Cell

COLUMNS = 3


def plot_success(series: Mapping[str, Sequence[Cell]], path: Path) -> None:
    """Plot the nominal cells of every series with their 95 % confidence intervals into ``path`` (PNG).

    The keys of ``series`` are the legend.
    """
    terrains = list(dict.fromkeys(cell.terrain for cells in series.values() for cell in cells))
    rows = -(-len(terrains) // COLUMNS)
    figure = Figure(figsize=(3.4 * COLUMNS, 2.6 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, COLUMNS, squeeze=False, sharex=True, sharey=True).ravel()
    for axis, terrain in zip(axes, terrains, strict=False):
        for name, cells in series.items():
            of_terrain = (c for c in cells if c.terrain == terrain and c.condition == NOMINAL)
            shown = sorted(of_terrain, key=lambda cell: cell.difficulty)
            difficulty = [cell.difficulty for cell in shown]
            axis.plot(difficulty, [100 * cell.success for cell in shown], marker="o", label=name)
            low, high = ([100 * getattr(c, key) for c in shown] for key in ("success_low", "success_high"))
            axis.fill_between(difficulty, low, high, alpha=0.2)
        axis.set(title=terrain.replace("_", " "), xlim=(0, HARDEST), ylim=(-3, 103))
        axis.grid(alpha=0.3)
    for axis in axes[len(terrains) :]:
        axis.set_axis_off()
    axes[0].legend(fontsize="small", loc="lower left")
    figure.supxlabel("difficulty")
    figure.supylabel("success, %")
    with written_whole(path) as fresh:
        figure.savefig(fresh, dpi=120, format="png")
