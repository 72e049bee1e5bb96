"""Picture of open-loop prediction: truth, prediction and error, one row per terrain."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from wmp_training.evaluation.files import written_whole
from wmp_training.evaluation.open_loop import OpenLoopResult
from wmp_training.world_model.prediction import CONTEXT, HORIZON

#: Steps shown: the last one with an image, then some without.
SHOWN = (CONTEXT - 1, CONTEXT, CONTEXT + 2, CONTEXT + 5, CONTEXT + HORIZON - 1)
#: The colour scale of errors spans +- this, m.
ERROR_RANGE = 0.5
#: Palette size of the PNG; the picture ships with the bundle, so the file stays small.
COLOURS = 128


def plot_open_loop(results: Mapping[str, OpenLoopResult], far: float, path: Path) -> None:
    """Draw one sequence per terrain into ``path``; black is 0 m, white is ``far`` m (the contract's)."""
    columns = 3 * len(SHOWN)
    figure = Figure(figsize=(0.62 * columns + 0.6, 0.66 * len(results) + 0.5))
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(results), columns, squeeze=False)
    figure.subplots_adjust(left=0.09, right=0.995, top=0.9, bottom=0.01, wspace=0.06, hspace=0.06)
    grey = {"cmap": "gray", "vmin": 0.0, "vmax": far}
    colour = {"cmap": "RdBu", "vmin": -ERROR_RANGE, "vmax": ERROR_RANGE}
    for (terrain, result), row in zip(results.items(), axes, strict=True):
        series = (result.truth, result.prediction)
        truth, prediction = ((images[list(SHOWN)] + 0.5) * far for images in series)
        depths = [(image, grey) for images in (truth, prediction) for image in images]
        tiles = [*depths, *((error, colour) for error in prediction - truth)]
        for axis, (image, colours) in zip(row, tiles, strict=True):
            axis.imshow(image.numpy(), **colours)
            axis.set(xticks=[], yticks=[])
        row[0].set_ylabel(terrain.replace("_", "\n"), rotation=0, ha="right", va="center", fontsize="small")
    for column, axis in enumerate(axes[0]):
        part, step = divmod(column, len(SHOWN))
        ahead = SHOWN[step] - CONTEXT + 1
        title = f"+{ahead}" if ahead else ("truth", "model", "error")[part] + "\nseen"
        axis.set_title(title, fontsize="x-small", pad=2)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    with written_whole(path) as fresh:
        Image.open(buffer).convert("RGB").quantize(COLOURS).save(fresh, format="PNG", optimize=True)
