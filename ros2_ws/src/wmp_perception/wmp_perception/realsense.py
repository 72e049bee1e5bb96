"""Access to librealsense: the library, and the frames of a connected D435i."""

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
        stamp: capture time [s] in the time base of the graph.
        depth: uint16 ``[height, width]``, 0 = invalid.
        intrinsics: of the camera.
        unit: metres per count of ``depth``.
    """

    stamp: float
    depth: np.ndarray
    intrinsics: CameraIntrinsics
    unit: float


@functools.lru_cache(maxsize=None)
def import_realsense() -> ModuleType:
    """Import ``pyrealsense2`` on first use.

    Its wheel links against libusb-1.0 without shipping it. The copy in the ``libusb-package`` wheel, if
    installed, is loaded first and made visible to all libraries of the process.

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
    """Requested depth stream [px, px, Hz]. ``serial`` selects one of several cameras; empty: the only one."""

    width: int = 424
    height: int = 240
    fps: int = 30
    serial: str = ""

    def __post_init__(self) -> None:
        if min(self.width, self.height, self.fps) < 1:
            raise ValueError(
                f"camera width, height and fps are {self.width}, {self.height}, {self.fps}, allowed: >= 1"
            )


class RealSenseCamera:
    """A connected RealSense camera; its depth frames are stamped in system time."""

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self._pipeline: Any = None
        self._intrinsics: Optional[CameraIntrinsics] = None
        self._unit = 0.0

    def open(self) -> None:
        """Start streaming.

        Raises:
            RealSenseError: no camera offers the stream.
        """
        rs, requested = import_realsense(), self._settings
        config = rs.config()
        if requested.serial:
            config.enable_device(requested.serial)
        config.enable_stream(rs.stream.depth, requested.width, requested.height, rs.format.z16, requested.fps)
        pipeline = rs.pipeline()
        # Without a camera, pipeline.start blocks for 15 s; can_resolve returns at once.
        if not config.can_resolve(rs.pipeline_wrapper(pipeline)):
            raise RealSenseError(
                f"no RealSense camera{f' {requested.serial}' if requested.serial else ''} offers depth "
                f"{requested.width}x{requested.height} at {requested.fps} Hz: check the USB 3 cable, the "
                "udev rules, and that no other program uses the camera"
            )
        profile = pipeline.start(config)
        self._pipeline = pipeline  # the camera is in use from here on; close() releases it
        sensor = profile.get_device().first_depth_sensor()
        if sensor.supports(rs.option.global_time_enabled):
            sensor.set_option(rs.option.global_time_enabled, 1.0)  # maps hardware stamps to system time
        stream = profile.get_stream(rs.stream.depth).as_video_stream_profile().get_intrinsics()
        self._intrinsics = CameraIntrinsics(
            stream.width, stream.height, stream.fx, stream.fy, stream.ppx, stream.ppy
        )
        self._unit = float(sensor.get_depth_scale())

    def wait(self, timeout_s: float) -> Optional[RawFrame]:
        """The next frame; ``None`` if none arrives within ``timeout_s`` s."""
        arrived, frames = self._pipeline.try_wait_for_frames(int(timeout_s * 1000))
        depth = frames.get_depth_frame() if arrived else None
        if not depth or self._intrinsics is None:
            return None
        return RawFrame(
            depth.get_timestamp() * 1e-3, np.array(depth.get_data()), self._intrinsics, self._unit
        )

    def close(self) -> None:
        """Release the camera, also after :meth:`open` has failed half-way."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.stop()
