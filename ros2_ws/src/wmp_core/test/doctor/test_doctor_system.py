"""Checks of the computer and of the bundle."""

import shutil

import pytest

from wmp_core.doctor.bundle import check_bundle, check_inference
from wmp_core.doctor.check import Verdict, graded
from wmp_core.doctor.clock import check_clock
from wmp_core.doctor.realtime import check_loop, check_realtime


def system(root, **texts):
    """A tree like /sys with the given files (underscores twice for slashes)."""
    for name, text in texts.items():
        path = root / "sys" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return {check.name: check for check in check_realtime(root)}


def test_a_prepared_system_passes(tmp_path):
    checks = system(
        tmp_path,
        kernel__realtime=1,
        devices__system__cpu__cpu0__cpufreq__scaling_governor="performance",
        devices__system__cpu__isolated="4-5",
    )
    for name in ("kernel", "governor", "isolated CPUs"):
        assert checks[name].verdict is Verdict.PASS
    assert "4-5" in checks["isolated CPUs"].found


def test_an_ordinary_system_gets_the_remedies(tmp_path):
    checks = system(tmp_path, devices__system__cpu__cpu1__cpufreq__scaling_governor="schedutil")
    assert "PREEMPT_RT" in checks["kernel"].remedy
    assert "schedutil" in checks["governor"].found and "cpupower" in checks["governor"].remedy
    assert "isolcpus=" in checks["isolated CPUs"].remedy


@pytest.mark.parametrize(("name", "line"), [("rtprio", "rtprio 80'"), ("memlock", "memlock unlimited'")])
def test_a_limit_that_is_too_low_comes_with_the_line_that_lifts_it(tmp_path, name, line):
    check = system(tmp_path)[name]
    assert check.verdict is Verdict.PASS or (
        line in check.remedy and "/etc/security/limits.d" in check.remedy
    )


def test_the_loop_is_timed_idle_and_loaded():
    assert check_loop(0.1).name == "loop"
    loaded = check_loop(0.1, busy_processes=1)
    assert loaded.name == "loop under load" and loaded.figures["late_max_ms"] > 0


@pytest.mark.parametrize(
    ("now", "synchronised", "verdict"),
    [(0.0, True, Verdict.FAIL), (1.9e9, False, Verdict.WARN), (1.9e9, True, Verdict.PASS)],
)
def test_a_clock_that_was_never_set_fails(now, synchronised, verdict):
    assert check_clock(lambda: now, lambda: synchronised).verdict is verdict


def test_the_kernels_clock_can_be_checked():
    assert check_clock().verdict in (Verdict.PASS, Verdict.WARN)


def test_a_sound_bundle_passes_with_its_largest_difference(tiny_bundle_path):
    check, bundle = check_bundle(tiny_bundle_path)
    assert check.verdict is Verdict.PASS and bundle.name == "tiny"
    assert 0 < check.figures["largest_difference"] < 1e-4


def test_a_damaged_bundle_fails_and_is_not_returned(tiny_bundle_path, tmp_path):
    path = shutil.copytree(tiny_bundle_path, tmp_path / "bundle")
    (path / "policy.onnx").write_bytes(b"")
    check, bundle = check_bundle(path)
    assert check.verdict is Verdict.FAIL and "policy.onnx" in check.found and bundle is None


def test_every_graph_of_the_loop_is_compared_with_its_deadline(tiny_bundle):
    checks = check_inference(tiny_bundle, runs=3)
    deadlines = {check.name: check.figures["deadline_ms"] for check in checks}
    # 20 ms per step, 5 steps per interval; z has the rest of the interval after advance.
    assert deadlines == pytest.approx(
        {"inference policy": 1, "inference advance": 20, "inference observe": 80, "inference prior": 80}
    )


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.9, Verdict.PASS), (1.0, Verdict.WARN), (2.0, Verdict.FAIL), (float("nan"), Verdict.FAIL)],
)
def test_a_number_is_graded_by_two_limits(value, verdict):
    assert graded("x", value, 1.0, 2.0, "", "").verdict is verdict
