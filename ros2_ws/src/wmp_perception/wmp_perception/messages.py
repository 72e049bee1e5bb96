"""Conversion between ROS messages and arrays."""

from __future__ import annotations

import sys
from array import array
from typing import Optional

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from wmp_core.contract import DepthContract
from wmp_core.depth.geometry import CameraIntrinsics
from wmp_ros.stamps import to_stamp


def intrinsics_from_info(info: CameraInfo) -> CameraIntrinsics:
    """Pinhole intrinsics of a rectified camera, from ``K``.

    Raises:
        GeometryError: ``K`` or the image size is invalid.
    """
    k = [float(value) for value in info.k]
    return CameraIntrinsics(info.width, info.height, fx=k[0], fy=k[4], cx=k[2], cy=k[5])


def depth_from_image(image: Image) -> np.ndarray:
    """A 16-bit depth image as uint16 ``[height, width]``.

    Raises:
        ValueError: the encoding differs, or the data are shorter than the header states.
    """
    if image.encoding not in ("16UC1", "mono16"):
        raise ValueError(
            f"depth image is encoded as {image.encoding!r}, "
            "expected '16UC1' in mm: use the camera driver's raw depth topic"
        )
    if image.step < 2 * image.width or image.step % 2 or len(image.data) < image.step * image.height:
        raise ValueError(
            f"depth image {image.width}x{image.height} has step {image.step} and "
            f"{len(image.data)} bytes, expected an even step of at least {2 * image.width} and "
            f"{image.step * image.height} bytes: the message is corrupt"
        )
    order = ">" if image.is_bigendian else "<"
    rows = np.frombuffer(image.data, dtype=np.dtype(f"{order}u2"), count=image.step * image.height // 2)
    depth = rows.reshape(image.height, image.step // 2)[:, : image.width]
    return np.ascontiguousarray(depth, dtype=np.uint16)


def image_from_metres(metres: np.ndarray, stamp: float, frame_id: str) -> Image:
    """A 32FC1 image captured at ``stamp`` s, from float32 ``[height, width]`` in m."""
    height, width = metres.shape
    image = Image(height=height, width=width, encoding="32FC1", step=4 * width)
    image.header.stamp, image.header.frame_id = to_stamp(stamp), frame_id
    image.is_bigendian = sys.byteorder == "big"
    image.data = array("B", np.ascontiguousarray(metres, dtype=np.float32).tobytes())
    return image


def world_model_image(image: Image, depth: DepthContract) -> Optional[np.ndarray]:
    """A ``wmp/depth`` message as float32 ``[64, 64]`` in m; ``None`` if it is empty (no image).

    Raises:
        ValueError: encoding or size differ from the contract's, or a value is not finite.
    """
    metres = metres_from_image(image)
    if metres.size == 0:
        return None
    if metres.shape != (depth.height, depth.width):
        raise ValueError(f"wmp/depth is {metres.shape}, the bundle expects {(depth.height, depth.width)}")
    if not np.isfinite(metres).all():
        raise ValueError("wmp/depth has values that are not finite")
    return metres


def metres_from_image(image: Image) -> np.ndarray:
    """A 32FC1 image as float32 ``[height, width]`` in m.

    Raises:
        ValueError: the encoding or the size in bytes differs.
    """
    if image.encoding != "32FC1" or len(image.data) != 4 * image.width * image.height:
        raise ValueError(
            f"wmp/depth is {image.encoding!r} with {len(image.data)} bytes, "
            f"expected '32FC1' with {4 * image.width * image.height}"
        )
    order = ">" if image.is_bigendian else "<"
    metres = np.frombuffer(image.data, dtype=np.dtype(f"{order}f4")).reshape(image.height, image.width)
    return metres.astype(np.float32)
