"""The picture of a bundle's foresight: truth, prediction and error, a line per terrain."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from wmp_training.evaluation.foresight import Foresight
from wmp_training.world_model.prediction import CONTEXT, HORIZON

#: Steps that are shown: the last with an image, and some without.
SHOWN = (CONTEXT - 1, CONTEXT, CONTEXT + 2, CONTEXT + 5, CONTEXT + HORIZON - 1)
#: The colours of an error span +- this, m.
ERROR_RANGE = 0.5
#: Colours of the file: it is part of a bundle, so it shall be small.
COLOURS = 128


def draw_foresight(series: Mapping[str, Foresight], far: float, path: Path) -> None:
    """Draw one sequence per terrain into ``path``; black is near, white is ``far`` m (the contract's)."""
    columns = 3 * len(SHOWN)
    figure = Figure(figsize=(0.62 * columns + 0.6, 0.66 * len(series) + 0.5))
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(series), columns, squeeze=False)
    figure.subplots_adjust(left=0.09, right=0.995, top=0.9, bottom=0.01, wspace=0.06, hspace=0.06)
    grey = {"cmap": "gray", "vmin": 0.0, "vmax": far}
    colour = {"cmap": "RdBu", "vmin": -ERROR_RANGE, "vmax": ERROR_RANGE}
    for (terrain, seen), line in zip(series.items(), axes, strict=True):
        truth, model = ((images[list(SHOWN)] + 0.5) * far for images in (seen.truth, seen.model))
        depths = [(image, grey) for images in (truth, model) for image in images]
        tiles = [*depths, *((error, colour) for error in model - truth)]
        for axis, (image, colours) in zip(line, tiles, strict=True):
            axis.imshow(image.numpy(), **colours)
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(terrain.replace("_", "\n"), rotation=0, ha="right", va="center", fontsize="small")
    for column, axis in enumerate(axes[0]):
        part, step = divmod(column, len(SHOWN))
        ahead = SHOWN[step] - CONTEXT + 1
        when = f"+{ahead}" if ahead else ("truth", "model", "error")[part] + "\nseen"
        axis.set_title(when, fontsize="x-small", pad=2)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(buffer).convert("RGB").quantize(COLOURS).save(path, format="PNG", optimize=True)
