"""Access to librealsense: the library, and the frames of a connected D435i or of its recording."""

from __future__ import annotations

import ctypes
import functools
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

import numpy as np

from wmp_core.depth.geometry import CameraIntrinsics

_log = logging.getLogger(__name__)


class RealSenseError(RuntimeError):
    """librealsense or the camera cannot be used; the message says what to do."""


class RecordingEndedError(RealSenseError):
    """A recording has no more frames."""


@dataclass(frozen=True)
class RawFrame:
    """One unfiltered depth frame.

    Attributes:
        stamp: capture time [s] in the time base of the graph.
        depth: uint16 ``[height, width]``, 0 = invalid.
        intrinsics: of the camera.
        unit: metres per count of ``depth``.
        stamp_problem: why ``stamp`` is not the capture time; empty if it is.
    """

    stamp: float
    depth: np.ndarray
    intrinsics: CameraIntrinsics
    unit: float
    stamp_problem: str = ""


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
    """Requested depth stream.

    Attributes:
        width, height: px.
        fps: Hz.
        serial: selects one of several cameras; empty: the only one.
        file: a recording of librealsense (``.bag``, ``.db3``) that is played instead, with the stream that it
            has; empty: a camera.
        file_at_live_pace: play it at the pace of the recording; otherwise as fast as frames are taken.
    """

    width: int = 424
    height: int = 240
    fps: int = 30
    serial: str = ""
    file: str = ""
    file_at_live_pace: bool = True

    def __post_init__(self) -> None:
        if min(self.width, self.height, self.fps) < 1:
            raise ValueError(
                f"camera width, height and fps are {self.width}, {self.height}, {self.fps}, allowed: >= 1"
            )
        if self.file and not Path(self.file).is_file():
            raise ValueError(f"camera.file is {self.file!r}, expected a recording of librealsense")


class RealSenseCamera:
    """A connected RealSense camera, or a recording of one.

    The stamps of a camera are capture times in system time; those of a recording begin with the present.
    """

    #: Options that another program may have left changed; :meth:`open` restores their defaults.
    OPTIONS = ("visual_preset", "emitter_enabled", "enable_auto_exposure", "laser_power", "depth_units")

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self._pipeline: Any = None
        self._device: Any = None
        self._intrinsics: Optional[CameraIntrinsics] = None
        self._unit = 0.0
        self._rebase: Optional[float] = None

    def open(self) -> None:
        """Start streaming.

        Raises:
            RealSenseError: no camera offers the stream, or the recording has no depth.
        """
        rs = import_realsense()
        config, pipeline = self._config(), rs.pipeline()
        # Without a camera, pipeline.start blocks for 15 s; can_resolve returns at once.
        if not config.can_resolve(rs.pipeline_wrapper(pipeline)):
            raise RealSenseError(self._unresolved())
        profile = pipeline.start(config)
        self._pipeline = pipeline  # the camera is in use from here on; close() releases it
        self._device = profile.get_device()
        sensor = self._device.first_depth_sensor()
        if self._settings.file:
            self._device.as_playback().set_real_time(self._settings.file_at_live_pace)
        else:
            self._prepare(sensor)
        stream = profile.get_stream(rs.stream.depth).as_video_stream_profile().get_intrinsics()
        self._intrinsics = CameraIntrinsics(
            stream.width, stream.height, stream.fx, stream.fy, stream.ppx, stream.ppy
        )
        self._unit = float(sensor.get_depth_scale())

    def wait(self, timeout_s: float) -> Optional[RawFrame]:
        """The next frame; ``None`` if none arrives within ``timeout_s`` s.

        Raises:
            RecordingEndedError: the recording has no more frames.
        """
        arrived, frames = self._pipeline.try_wait_for_frames(int(timeout_s * 1000))
        depth = frames.get_depth_frame() if arrived else None
        if not depth or self._intrinsics is None:
            self._check_end()
            return None
        stamp = depth.get_timestamp() * 1e-3
        if self._settings.file:
            self._rebase = time.time() - stamp if self._rebase is None else self._rebase
            stamp += self._rebase
        pixels = np.array(depth.get_data())
        problem = self._stamp_problem(depth.get_frame_timestamp_domain())
        return RawFrame(stamp, pixels, self._intrinsics, self._unit, problem)

    def reset(self) -> None:
        """Restart the camera's firmware, which cures one that sends nothing; takes some seconds."""
        if self._device is not None and not self._settings.file:
            self._device.hardware_reset()

    def close(self) -> None:
        """Release the camera, also after :meth:`open` has failed half-way."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.stop()

    def _config(self) -> Any:
        rs, requested = import_realsense(), self._settings
        config = rs.config()
        if requested.file:
            config.enable_device_from_file(requested.file, repeat_playback=False)
            return config
        if requested.serial:
            config.enable_device(requested.serial)
        config.enable_stream(rs.stream.depth, requested.width, requested.height, rs.format.z16, requested.fps)
        return config

    def _unresolved(self) -> str:
        requested = self._settings
        if requested.file:
            return f"{requested.file} has no depth stream: record depth, for example with realsense-viewer"
        return (
            f"no RealSense camera{f' {requested.serial}' if requested.serial else ''} offers depth "
            f"{requested.width}x{requested.height} at {requested.fps} Hz: check the USB 3 cable, the "
            "udev rules, and that no other program uses the camera"
        )

    def _prepare(self, sensor: Any) -> None:
        """Map hardware stamps to system time, undo what another program has set, look at the USB link."""
        rs = import_realsense()
        if sensor.supports(rs.option.global_time_enabled):
            sensor.set_option(rs.option.global_time_enabled, 1.0)
        for name in self.OPTIONS:
            option = getattr(rs.option, name)
            if not sensor.supports(option) or sensor.is_option_read_only(option):
                continue
            found, default = sensor.get_option(option), sensor.get_option_range(option).default
            if found != default:
                sensor.set_option(option, default)
                _log.warning(
                    "another program had set the camera's %s to %g; restored %g", name, found, default
                )
        if self._device.supports(rs.camera_info.usb_type_descriptor):
            usb = self._device.get_info(rs.camera_info.usb_type_descriptor)
            if usb.startswith("2"):
                _log.warning(
                    "the camera is connected by USB %s and may lose frames: use a USB 3 cable and port", usb
                )

    def _stamp_problem(self, domain: Any) -> str:
        domains = import_realsense().timestamp_domain
        if domain == domains.system_time:
            return (
                "the camera's stamps are arrival times, 40 ms and more after the capture: "
                "give the kernel its UVC metadata patch, or build librealsense with the RSUSB back end"
            )
        if domain == domains.hardware_clock and not self._settings.file:
            return "the camera's stamps are its own clock's: this librealsense cannot map them to system time"
        return ""

    def _check_end(self) -> None:
        if self._settings.file and self._device is not None:
            status = self._device.as_playback().current_status()
            if status == import_realsense().playback_status.stopped:
                raise RecordingEndedError(f"the recording {self._settings.file} has ended")
