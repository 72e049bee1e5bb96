"""After any failure the camera is closed and reopened. No hardware is needed."""

import threading
from types import SimpleNamespace

import pytest

from wmp_perception import realsense, realsense_thread
from wmp_perception.realsense import CameraSettings, RealSenseCamera, RealSenseError
from wmp_perception.realsense_thread import CameraThread


class FlakyCamera:
    """The n-th opening fails as ``failures[n]`` says; the one after the last delivers frames."""

    def __init__(self, failures):
        self.failures, self.opened, self.closed = failures, 0, 0

    def __call__(self, settings):
        return self

    def _step(self, name):
        if self.opened <= len(self.failures) and name in self.failures[self.opened - 1]:
            raise self.failures[self.opened - 1][name]

    def open(self):
        self.opened += 1
        self._step("open")

    def wait(self, timeout_s):
        self._step("wait")
        return "frame"

    def close(self):
        self.closed += 1
        self._step("close")


@pytest.mark.parametrize(
    "failures",
    [
        [{"open": RealSenseError("no camera")}],
        [{"wait": RuntimeError("frame did not arrive"), "close": RuntimeError("unplugged")}],
        [{"wait": ValueError("intrinsics")}, {"wait": AssertionError()}],
    ],
    ids=["not there", "unplugged", "a bug, with and without a message"],
)
def test_after_any_failure_the_camera_is_closed_and_reopened(monkeypatch, failures):
    camera, arrived = FlakyCamera(failures), threading.Event()
    monkeypatch.setattr(realsense_thread, "RETRY_S", 0.01)
    monkeypatch.setattr(realsense_thread, "RealSenseCamera", camera)
    thread = CameraThread(CameraSettings(), lambda frame: arrived.set())
    thread.start()
    assert arrived.wait(10)
    thread.close()
    assert thread.problem == ""
    assert camera.opened == camera.closed == len(failures) + 1


def test_an_error_while_using_a_frame_is_reported_as_the_problem(monkeypatch):
    arrived = threading.Event()

    def refuse(frame):
        arrived.set()
        raise AssertionError

    monkeypatch.setattr(realsense_thread, "RETRY_S", 0.01)
    monkeypatch.setattr(realsense_thread, "RealSenseCamera", FlakyCamera([]))
    thread = CameraThread(CameraSettings(), refuse)
    thread.start()
    assert arrived.wait(10)
    thread.close()
    assert thread.problem == "AssertionError()"


def test_a_camera_whose_setup_fails_half_way_is_released(monkeypatch):
    calls = []

    def fail():
        raise RuntimeError("the device was unplugged")

    pipeline = SimpleNamespace(
        start=lambda config: SimpleNamespace(get_device=fail), stop=lambda: calls.append("stop")
    )
    config = SimpleNamespace(enable_stream=lambda *_: None, can_resolve=lambda wrapper: True)
    library = SimpleNamespace(
        config=lambda: config,
        pipeline=lambda: pipeline,
        pipeline_wrapper=lambda pipeline: pipeline,
        stream=SimpleNamespace(depth=1),
        format=SimpleNamespace(z16=1),
    )
    monkeypatch.setattr(realsense, "import_realsense", lambda: library)
    camera = RealSenseCamera(CameraSettings())
    with pytest.raises(RuntimeError, match="unplugged"):
        camera.open()
    camera.close()
    camera.close()
    assert calls == ["stop"]
