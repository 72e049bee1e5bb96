"""Access to librealsense: the library itself, and frames from a connected D435i."""

from __future__ import annotations

import ctypes
import functools
import logging
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Optional

import numpy as np

from wmp_core.depth.geometry import CameraIntrinsics

_log = logging.getLogger(__name__)


class RealSenseError(RuntimeError):
    """librealsense or the camera cannot be used; the message says what to do."""


@dataclass(frozen=True)
class RawFrame:
    """One unfiltered depth frame.

    Attributes:
        stamp: capture time in the time base of the graph [s].
        depth: uint16 ``[height, width]`` in units of ``unit``, 0 where nothing was measured.
        unit: length of one count [m].
    """

    stamp: float
    depth: np.ndarray
    intrinsics: CameraIntrinsics
    unit: float


@functools.lru_cache(maxsize=None)
def import_realsense() -> ModuleType:
    """Import ``pyrealsense2`` on first use.

    Its wheel links against libusb-1.0 but does not contain it. So the copy in the ``libusb-package`` wheel is
    loaded first, if installed, and made visible to all libraries of the process.

    Raises:
        RealSenseError: the library cannot be loaded.
    """
    try:
        import libusb_package

        ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)
    except (ImportError, OSError) as error:
        _log.debug("no libusb from libusb-package (%s), using the system's", error)
    try:
        import pyrealsense2
    except ImportError as error:
        raise RealSenseError(
            f"pyrealsense2 cannot be imported ({error}). Install it with "
            "`pip install pyrealsense2 libusb-package`; "
            "on a Jetson build librealsense with -DBUILD_PYTHON_BINDINGS=ON, which needs libusb-1.0-0"
        ) from error
    return pyrealsense2


@dataclass(frozen=True)
class CameraSettings:
    """Requested depth stream: pixels, pixels, Hz. ``serial`` selects one of several cameras; empty: any."""

    width: int = 424
    height: int = 240
    fps: int = 30
    serial: str = ""

    def __post_init__(self) -> None:
        if min(self.width, self.height, self.fps) < 1:
            raise ValueError(
                f"camera width, height and fps are {self.width}, {self.height}, {self.fps}, allowed: from 1"
            )


class RealSenseCamera:
    """A connected RealSense camera; its depth frames are stamped with the system time."""

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self._pipeline: Any = None
        self._intrinsics: Optional[CameraIntrinsics] = None
        self._unit = 0.0

    def open(self) -> None:
        """Start streaming.

        Raises:
            RealSenseError: no camera offers the stream. ``can_resolve`` finds out at once; without a camera,
                ``pipeline.start`` would block for 15 s.
        """
        rs, wanted = import_realsense(), self._settings
        config = rs.config()
        if wanted.serial:
            config.enable_device(wanted.serial)
        config.enable_stream(rs.stream.depth, wanted.width, wanted.height, rs.format.z16, wanted.fps)
        pipeline = rs.pipeline()
        if not config.can_resolve(rs.pipeline_wrapper(pipeline)):
            raise RealSenseError(
                f"no RealSense camera{f' {wanted.serial}' if wanted.serial else ''} offers depth "
                f"{wanted.width}x{wanted.height} at {wanted.fps} Hz: check the USB 3 cable, the udev rules, "
                "and that no other program uses the camera"
            )
        profile = pipeline.start(config)
        self._pipeline = pipeline  # the camera is now in use; close() releases it
        sensor = profile.get_device().first_depth_sensor()
        if sensor.supports(rs.option.global_time_enabled):
            sensor.set_option(rs.option.global_time_enabled, 1.0)  # hardware stamps mapped to system time
        stream = profile.get_stream(rs.stream.depth).as_video_stream_profile().get_intrinsics()
        self._intrinsics = CameraIntrinsics(
            stream.width, stream.height, stream.fx, stream.fy, stream.ppx, stream.ppy
        )
        self._unit = float(sensor.get_depth_scale())

    def wait(self, timeout_s: float) -> Optional[RawFrame]:
        """The next frame, or None if none arrives within ``timeout_s`` [s]."""
        arrived, frames = self._pipeline.try_wait_for_frames(int(timeout_s * 1000))
        depth = frames.get_depth_frame() if arrived else None
        if not depth or self._intrinsics is None:
            return None
        return RawFrame(
            depth.get_timestamp() * 1e-3, np.array(depth.get_data()), self._intrinsics, self._unit
        )

    def close(self) -> None:
        """Release the camera, also after an :meth:`open` that failed half-way."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.stop()
