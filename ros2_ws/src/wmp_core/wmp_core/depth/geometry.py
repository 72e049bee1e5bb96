"""From a depth camera's frame to the image of the network's virtual pinhole camera.

Depth is planar everywhere: the distance along the optical axis, not along the ray.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wmp_core.contract import DepthContract


class GeometryError(ValueError):
    """Invalid intrinsics, or a frame that does not match them."""


@dataclass(frozen=True)
class CameraIntrinsics:
    """Intrinsics of the source camera in pixels, without distortion.

    The centre of the first pixel is (0, 0), as in librealsense and ``sensor_msgs/CameraInfo``.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        for key in ("width", "height", "fx", "fy"):
            value = getattr(self, key)
            if not (math.isfinite(value) and value > 0):
                raise GeometryError(f"camera intrinsics: {key} is {value!r}, expected a positive number")
        for key, size in (("cx", self.width), ("cy", self.height)):
            value = getattr(self, key)
            if not 0 <= value <= size:
                raise GeometryError(f"camera intrinsics: {key} is {value!r}, expected 0..{size} px")


class DepthProjection:
    """Projects a camera's frame to the contract's virtual pinhole camera, with the same optical axis.

    Each pixel takes the nearest source pixel, because averaging invents depths at edges. Where the virtual
    camera sees more than the source, the source's border pixel is repeated.
    """

    def __init__(self, depth: DepthContract, intrinsics: CameraIntrinsics) -> None:
        self._depth = depth
        self._shape = (intrinsics.height, intrinsics.width)
        columns = _source_pixels(depth.width, depth.focal_length, intrinsics.fx, intrinsics.cx)
        rows = _source_pixels(depth.height, depth.focal_length, intrinsics.fy, intrinsics.cy)
        #: Share of the virtual image inside the source image, 0..1.
        self.coverage = _share_inside(columns, intrinsics.width) * _share_inside(rows, intrinsics.height)
        columns = np.clip(columns, 0, intrinsics.width - 1)
        rows = np.clip(rows, 0, intrinsics.height - 1)
        self._index = (rows[:, None] * intrinsics.width + columns[None, :]).astype(np.intp)

    def __call__(self, frame: np.ndarray, unit: float = 1.0) -> np.ndarray:
        """Project one frame.

        Args:
            frame: ``[height, width]`` planar depth, float32 or uint16; 0, negative, NaN and infinity are
                invalid.
            unit: metres per count of the frame, 0.001 for the usual uint16 millimetres.

        Returns:
            ``[64, 64]`` float32 metres, clipped to the contract's range; invalid pixels are ``far``.

        Raises:
            GeometryError: the frame's size differs from that of the intrinsics.
        """
        if frame.shape != self._shape:
            raise GeometryError(
                f"depth frame has shape {frame.shape}, the camera's intrinsics state {self._shape}"
            )
        return clip_depth(self._depth, np.take(frame, self._index) * np.float32(unit))


def _source_pixels(
    size: int, focal_length: float, source_focal_length: float, source_centre: float
) -> np.ndarray:
    """Unclipped source pixel index of each virtual pixel along one axis."""
    tangent = (np.arange(size) + 0.5 - 0.5 * size) / focal_length
    return np.floor(source_focal_length * tangent + source_centre + 0.5).astype(np.int64)


def _share_inside(pixels: np.ndarray, size: int) -> float:
    return float(np.mean((pixels >= 0) & (pixels < size)))


def clip_depth(depth: DepthContract, metres: np.ndarray) -> np.ndarray:
    """Raw planar metres -> float32 in ``[near, far]``; invalid ones (not finite, not positive) become far."""
    metres = np.asarray(metres, dtype=np.float32)
    valid = np.isfinite(metres) & (metres > 0)
    near, far = np.float32(depth.near), np.float32(depth.far)
    return np.clip(np.where(valid, metres, far), near, far)


def normalise(depth: DepthContract, metres: np.ndarray) -> np.ndarray:
    """Clipped metres -> the network's input ``d / far - 0.5``, float32."""
    return np.asarray(metres, dtype=np.float32) / np.float32(depth.far) - np.float32(0.5)
