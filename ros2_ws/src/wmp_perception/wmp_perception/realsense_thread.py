"""Reads the camera in a thread of its own, because waiting for a frame blocks."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import Callable

from wmp_perception.realsense import (
    CameraSettings,
    RawFrame,
    RealSenseCamera,
    RealSenseError,
    RecordingEndedError,
)

_log = logging.getLogger(__name__)

#: Interval between attempts to open the camera, and time without a frame until it counts as lost [s].
RETRY_S = 2.0


class CameraThread:
    """Passes every camera frame to ``on_frame``; reopens a camera that is missing or lost, and resets one
    that sends nothing after it was opened. A recording is played once.

    Args:
        settings: of the stream.
        on_frame: called in this thread with each frame.
    """

    def __init__(self, settings: CameraSettings, on_frame: Callable[[RawFrame], None]) -> None:
        self._settings = settings
        self._on_frame = on_frame
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        #: Why no frames arrive; empty while the camera streams.
        self.problem = "the camera is not open yet"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop streaming and end the thread."""
        self._stop.set()
        self._thread.join(timeout=2 * RETRY_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stream_until_lost()

    def _stream_until_lost(self) -> None:
        try:
            with contextlib.closing(RealSenseCamera(self._settings)) as camera:
                camera.open()
                self._stream(camera)
        except RecordingEndedError as error:
            self._report(error)
            self._stop.set()
        except Exception as error:  # any error: if the thread ended, no depth would ever arrive again
            self._report(error)
            self._stop.wait(RETRY_S)

    def _report(self, error: Exception) -> None:
        problem = str(error) or repr(error)
        if problem != self.problem:
            is_bug = not isinstance(error, RuntimeError)  # librealsense raises RuntimeError
            _log.error("%s; retrying every %g s", problem, RETRY_S, exc_info=is_bug)
        self.problem = problem

    def _stream(self, camera: RealSenseCamera) -> None:
        has_streamed = False
        while not self._stop.is_set():
            frame = camera.wait(RETRY_S)
            if frame is None and not has_streamed:
                camera.reset()
                raise RealSenseError(f"the camera opens and sends no frame for {RETRY_S:g} s: it was reset")
            if frame is None:
                raise RealSenseError(f"no frame from the camera for {RETRY_S:g} s")
            has_streamed, self.problem = True, ""
            self._on_frame(frame)
