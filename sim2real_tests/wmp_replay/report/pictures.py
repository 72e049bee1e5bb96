"""Depth images as inline PNG."""

from __future__ import annotations

import base64

import cv2
import numpy as np

#: Error shown in the brightest colour [m].
LARGEST_ERROR = 0.5
#: Grey level of pixels that were not recorded.
UNKNOWN = 128


def depth_picture(depth: np.ndarray, far: float) -> str:
    """Depth ``[H, W]`` m as a data URI; near is bright, ``far`` is dark."""
    return _coloured(1.0 - depth / far, cv2.COLORMAP_VIRIDIS)


def error_picture(predicted: np.ndarray, truth: np.ndarray) -> str:
    """Absolute difference of two images ``[H, W]`` m as a data URI; dark where they agree."""
    return _coloured(np.abs(predicted - truth) / LARGEST_ERROR, cv2.COLORMAP_INFERNO)


def time_colours(count: int) -> list[str]:
    """``count`` colours, from the first to the last moment."""
    ramp = np.linspace(20, 235, max(count, 1)).astype(np.uint8)[:, None]
    rows = cv2.applyColorMap(ramp, cv2.COLORMAP_VIRIDIS)[:, 0, ::-1]
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in rows[:count].tolist()]


def _coloured(value: np.ndarray, colours: int) -> str:
    known = np.isfinite(value)
    levels = np.round(255 * np.clip(np.where(known, value, 0.0), 0.0, 1.0)).astype(np.uint8)
    picture = cv2.applyColorMap(levels, colours)
    picture[~known] = UNKNOWN
    written, data = cv2.imencode(".png", picture)
    assert written
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode("ascii")
