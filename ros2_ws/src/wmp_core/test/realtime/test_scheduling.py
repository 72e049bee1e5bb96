import gc
import json
import os
import subprocess
import sys
import threading

import pytest

from wmp_core.realtime.scheduling import RealtimeSettings, apply


def in_thread(function):
    """Run in a separate thread, whose scheduling ends with it."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_affinity_applies_only_to_the_calling_thread():
    everywhere = os.sched_getaffinity(0)
    cpu = min(everywhere)
    settings = RealtimeSettings(cpus=(cpu,), freeze_gc=False)
    assert in_thread(lambda: (apply(settings), os.sched_getaffinity(0))) == ((), {cpu})
    assert os.sched_getaffinity(0) == everywhere


def test_a_cpu_that_does_not_exist_is_a_warning_with_the_remedy(caplog):
    (warning,) = in_thread(lambda: apply(RealtimeSettings(cpus=(1000,), freeze_gc=False)))
    assert "CPUs [1000]" in warning and "nproc --all" in warning
    assert warning in caplog.text


def test_fifo_is_set_or_the_warning_says_how_to_get_it():
    def attempt():
        return apply(RealtimeSettings(priority=5, freeze_gc=False)), os.sched_getscheduler(0)

    warnings, scheduler = in_thread(attempt)
    if warnings:
        assert scheduler == os.SCHED_OTHER and "rtprio 5" in warnings[0]
    else:
        assert scheduler == os.SCHED_FIFO


#: Starts two threads, applies the measures in the main thread, starts a third; prints the scheduling of each.
PROCESS = """
import json, os, threading
from wmp_core.realtime.scheduling import RealtimeSettings, apply

def begin():
    thread = threading.Thread(target=done.wait)
    thread.start()
    return thread.native_id

def priority(thread):
    return [os.sched_getscheduler(thread), os.sched_getparam(thread).sched_priority]

done = threading.Event()
before = [begin(), begin()]
warnings = apply(RealtimeSettings(priority={priority}), whole_process={whole_process})
found = [priority(0), *map(priority, before), priority(begin())]
done.set()
print(json.dumps([warnings, found]))
"""


@pytest.mark.parametrize(
    ("priority", "whole_process", "others"), [(5, True, [1, 4]), (1, True, [1, 1]), (5, False, [0, 0])]
)
def test_the_other_threads_of_the_process_get_one_less_on_request(priority, whole_process, others):
    assert (os.SCHED_OTHER, os.SCHED_FIFO) == (0, 1)
    code = PROCESS.format(priority=priority, whole_process=whole_process)
    done = subprocess.run(
        [sys.executable, "-c", code], env=_environment(), capture_output=True, text=True, check=True
    )
    warnings, found = json.loads(done.stdout)
    if warnings:
        assert "rtprio" in warnings[0] and found == 4 * [[0, 0]]
    else:
        # A thread started later inherits the priority of its creator.
        assert found == [[1, priority], others, others, [1, priority]]


def test_memory_is_locked_or_the_warning_says_how_to_get_it():
    code = (
        "from wmp_core.realtime.scheduling import RealtimeSettings, apply\n"
        "warnings = apply(RealtimeSettings(lock_memory=True))\n"
        "locked = next(line for line in open('/proc/self/status') if line.startswith('VmLck'))\n"
        "assert ('memlock' in warnings[0]) if warnings else int(locked.split()[1]) > 0, (warnings, locked)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_collector_is_frozen_and_the_switch_interval_set():
    interval = sys.getswitchinterval()
    try:
        assert apply(RealtimeSettings(freeze_gc=True, switch_interval=0.001)) == ()
        assert gc.get_freeze_count() > 0 and sys.getswitchinterval() == pytest.approx(0.001)
    finally:
        gc.unfreeze()
        sys.setswitchinterval(interval)


@pytest.mark.parametrize(("key", "value"), [("priority", 100), ("cpus", (-1,)), ("switch_interval", 0.0)])
def test_settings_out_of_range_are_refused_by_name(key, value):
    with pytest.raises(ValueError, match=key):
        RealtimeSettings(**{key: value})


def _environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
