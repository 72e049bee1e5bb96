"""Plots an open-loop prediction: truth, prediction and error, step by step."""

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

#: The colour scale of errors spans +- this [m].
ERROR_RANGE = 0.5
#: Number of sequences on which a model in training is judged.
SEQUENCES = 32


def judge_and_draw(
    model: WorldModel, replay: SequenceReplay, far: float, path: Path, seed: int
) -> PredictionErrors | None:
    """Judge ``model`` on sequences of ``replay`` and draw one of them into ``path``.

    Uses its own random numbers (``seed``), so that it does not change the course of training.

    Returns:
        The errors, or None while the replay holds no sequence without a reset.
    """
    batch = replay.sample(SEQUENCES, CONTEXT + HORIZON, generator(replay.device, seed))
    whole = unbroken(batch) if batch is not None else None
    if whole is None or len(whole.depth) == 0:
        return None
    images = predict(ModelPredictor(model), whole)
    draw_prediction(whole.depth[0], images[0], far, path)
    return prediction_errors(whole, images, far)


def draw_prediction(truth: Tensor, images: Tensor, far: float, path: Path, context: int = CONTEXT) -> None:
    """Draw one sequence: columns are steps; rows are truth, prediction and error.

    Args:
        truth, images: [T, H, W] normalised.
        far: far limit of the contract's depth range [m]; black is near, white is ``far``.
        path: PNG to write.
        context: number of steps at the beginning in which the model is given the image.
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
