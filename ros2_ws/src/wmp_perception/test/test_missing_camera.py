"""A node reports a missing camera at once, in one line."""

import re
import subprocess
import sys
import time

from wmp_testing.tiny_bundle import write_tiny_bundle


def test_a_missing_camera_is_reported_once_with_what_to_check(tmp_path):
    log = tmp_path / "log"
    code = "from wmp_perception.depth_node import main; raise SystemExit(main())"
    arguments = ["-p", f"bundle:={write_tiny_bundle(tmp_path / 'tiny')}", "-p", "source:=device"]
    # No camera has this serial number, so the test also passes with a camera connected.
    arguments += ["-p", "camera.serial:=none"]
    with log.open("w") as output:
        node = subprocess.Popen(
            [sys.executable, "-u", "-c", code, "--ros-args", *arguments], stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + 60
        while "no RealSense camera" not in log.read_text():
            assert time.monotonic() < deadline and node.poll() is None, log.read_text()
            time.sleep(0.05)
        time.sleep(2.5)  # the node retries, without repeating the line
        node.terminate()
        assert node.wait(timeout=20) == 0
    finally:
        node.kill()
        node.wait()
    (line,) = re.findall(r"^.*no RealSense camera.*$", log.read_text(), re.M)
    assert "USB 3 cable" in line and "udev rules" in line and "424x240" in line
