"""The picture of a free-running prediction: truth, prediction and error, step by step."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from wmp_training.device import generator
from wmp_training.world_model.prediction import (
    CONTEXT,
    HORIZON,
    ModelPredictor,
    PredictionErrors,
    predict,
    prediction_errors,
    unbroken,
)
from wmp_training.world_model.replay import SequenceReplay
from wmp_training.world_model.world_model import WorldModel

#: The colours of an error span +- this, m.
ERROR_RANGE = 0.5
#: Sequences on which a model in training is judged.
SEQUENCES = 32


def snapshot(
    model: WorldModel, replay: SequenceReplay, far: float, path: Path, seed: int
) -> PredictionErrors | None:
    """Judge ``model`` on remembered sequences and draw one into ``path``; None while there is nothing to see.

    Draws with its own random numbers: training goes on as if it had not happened.
    """
    batch = replay.sample(SEQUENCES, CONTEXT + HORIZON, generator(replay.device, seed))
    whole = unbroken(batch) if batch is not None else None
    if whole is None or len(whole.depth) == 0:
        return None
    images = predict(ModelPredictor(model), whole)
    draw_prediction(whole.depth[0], images[0], far, path)
    return prediction_errors(whole, images, far)


def draw_prediction(truth: Tensor, images: Tensor, far: float, path: Path, context: int = CONTEXT) -> None:
    """Draw one sequence: columns are steps, rows truth, prediction and error.

    Args:
        truth, images: [T, H, W] normalised.
        far: the contract's, m: black is near, white is ``far``.
        path: of the PNG.
        context: steps at the beginning in which the model saw the image.
    """
    steps = len(truth)
    figure = Figure(figsize=(0.9 * steps + 1.2, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(3, steps, squeeze=False)
    truth_m, images_m = ((image.cpu() + 0.5) * far for image in (truth, images))
    rows = (
        ("truth", truth_m, {"cmap": "gray", "vmin": 0.0, "vmax": far}),
        ("model", images_m, {"cmap": "gray", "vmin": 0.0, "vmax": far}),
        ("error", images_m - truth_m, {"cmap": "RdBu", "vmin": -ERROR_RANGE, "vmax": ERROR_RANGE}),
    )
    for (name, series, colours), line in zip(rows, axes, strict=True):
        for image, axis in zip(series, line, strict=True):
            drawn = axis.imshow(image.numpy(), **colours)
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(name)
        figure.colorbar(drawn, ax=line, label="m", aspect=10)
    for step, axis in enumerate(axes[0]):
        axis.set_title(f"seen {step + 1}" if step < context else f"+{step - context + 1}", fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
