"""Checks of the system for a 2 ms loop, and of the timing of such a loop."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
import threading
from pathlib import Path
from typing import List, Tuple

from wmp_core.doctor.check import Check, graded, passed, warned
from wmp_core.realtime import scheduling
from wmp_core.realtime.loop import LoopStatistics, PeriodicLoop
from wmp_core.realtime.scheduling import RealtimeSettings

_LIMITS = "/etc/security/limits.d/99-realtime.conf"
_CPU = "sys/devices/system/cpu"
_PERIOD = 0.002


def check_realtime(root: Path = Path("/"), priority: int = 80) -> List[Check]:
    """Kernel, governor, rtprio, memlock, isolated CPUs; ``root`` is the folder that contains ``sys``."""
    return [
        _kernel(root),
        _governor(root),
        _rtprio(priority),
        _memlock(),
        _isolated(root),
    ]


def _kernel(root: Path) -> Check:
    release = platform.release()
    if _text(root / "sys/kernel/realtime") == "1":
        return passed("kernel", f"{release}, PREEMPT_RT")
    return warned(
        "kernel",
        f"{release}, without PREEMPT_RT: a cycle may occasionally be some ms late",
        "install a PREEMPT_RT kernel (Ubuntu: sudo pro enable realtime-kernel; Jetson: NVIDIA's rt packages)",
    )


def _governor(root: Path) -> Check:
    files = sorted((root / _CPU).glob("cpu[0-9]*/cpufreq/scaling_governor"))
    governors = sorted({_text(file) for file in files})
    if not files:
        return passed("governor", "the CPU frequency is not adjustable")
    if governors == ["performance"]:
        return passed("governor", "performance")
    return warned(
        "governor",
        f"{', '.join(governors)}: the CPU slows down between cycles",
        "sudo cpupower frequency-set -g performance   (Jetson: sudo nvpmodel -m 0 && sudo jetson_clocks)",
    )


def _rtprio(priority: int) -> Check:
    warnings: List[Tuple[str, ...]] = []
    settings = RealtimeSettings(priority=priority, freeze_gc=False)
    # The priority ends with its thread.
    trial = threading.Thread(target=lambda: warnings.append(scheduling.apply(settings)))
    trial.start()
    trial.join()
    if not warnings[0]:
        return passed("rtprio", f"SCHED_FIFO {priority} is allowed", priority=priority)
    return warned(
        "rtprio",
        f"SCHED_FIFO {priority} is not allowed",
        f"echo '{_user()} - rtprio {priority}' | sudo tee -a {_LIMITS}   and log in again",
        priority=0,
    )


def _memlock() -> Check:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(1) == 0:
        libc.munlockall()
        return passed("memlock", "memory can be locked")
    return warned(
        "memlock",
        f"memory cannot be locked ({os.strerror(ctypes.get_errno())})",
        f"echo '{_user()} - memlock unlimited' | sudo tee -a {_LIMITS}   and log in again",
    )


def _isolated(root: Path) -> Check:
    isolated, last = _text(root / _CPU / "isolated"), (os.cpu_count() or 1) - 1
    if isolated:
        return passed("isolated CPUs", f"{isolated}; give them to the control thread in realtime.cpus")
    return warned(
        "isolated CPUs",
        "none: any process may run on the control thread's CPU",
        f"add isolcpus={last} nohz_full={last} rcu_nocbs={last} to the kernel's command line "
        "(/etc/default/grub; Jetson: APPEND in /boot/extlinux/extlinux.conf) and restart",
    )


def check_loop(seconds: float = 2.0, busy_processes: int = 0) -> Check:
    """Measure the wake-up delay of a 2 ms loop, with ``busy_processes`` as CPU load."""
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy_processes)]
    try:
        statistics = _run_loop(seconds)
    finally:
        for process in load:
            process.kill()
            process.wait()
    late = 1e3 * statistics.lateness.p99
    name = "loop under load" if busy_processes else "loop"
    found = (
        f"wakes up {late:.2f} ms late at p99, {1e3 * statistics.lateness.max:.2f} ms at most; "
        f"{statistics.overruns} overruns in {statistics.cycles} cycles"
    )
    remedy = "real-time priority, the performance governor and an isolated CPU, see above"
    figures = {"late_p99_ms": late, "late_max_ms": 1e3 * statistics.lateness.max}
    return graded(name, late, 1.0, 10.0, found, remedy, overruns=statistics.overruns, **figures)


def _run_loop(seconds: float) -> LoopStatistics:
    loop = PeriodicLoop(_PERIOD)
    cycles = 0
    for periods in loop.ticks():
        cycles += periods
        if cycles * _PERIOD >= seconds:
            break
    return loop.statistics


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _user() -> str:
    return os.environ.get("USER") or "root"
