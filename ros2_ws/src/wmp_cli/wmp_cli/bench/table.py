"""The tables of ``wmp bench loop``: deadlines of the graph and timing of the loops, idle and loaded."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from wmp_cli.bench import graph, loop
from wmp_cli.bench.load import load
from wmp_core.realtime import scheduling
from wmp_core.realtime.scheduling import RealtimeSettings

RATES = (50.0, 500.0)
#: State of the machine during a measurement -> what brings it about.
STATES: dict[str, Callable[[], AbstractContextManager[None]]] = {"idle": nullcontext, "loaded": load}

#: Called with the name of a measurement when it begins.
Begin = Callable[[str], None]


def progress(total: int) -> Begin:
    """Prints which of ``total`` measurements begins, on stderr: the table can be redirected."""
    count = 0

    def begin(name: str) -> None:
        nonlocal count
        count += 1
        print(f"measurement {count} of {total}: {name}", file=sys.stderr, flush=True)

    return begin


def count_loops() -> int:
    """Number of measurements that :func:`bench_loops` makes."""
    return len(STATES) * len(RATES) * len(loop.LOOPS)


def bench_graph(
    seconds: float, arguments: list[str], settings: RealtimeSettings, begin: Begin
) -> list[dict[str, Any]]:
    """Walk with the whole graph, idle and loaded; print how it met its deadlines and return a record each.

    ``arguments`` are options of ``wmp sim``.
    """
    print(f"{'policy step of the graph':<28}{'load':<8}{'ticks':>7}", end="")
    print("".join(f"{name:>10}" for name in ("p50 ms", "p99 ms", "max ms", "late", "blind")), flush=True)
    results: list[dict[str, Any]] = []
    for state, cores in STATES.items():
        begin(f"graph, {state}")
        with cores():
            one = graph.measure_graph(seconds, [*arguments, *graph.realtime_arguments(settings)])
        results.append({"load": state, **dataclasses.asdict(one)})
        columns = (one.compute_p50_ms, one.compute_p99_ms, one.compute_max_ms)
        line = f"{'':<28}{state:<8}{one.ticks:7}" + "".join(f"{value:10.3f}" for value in columns)
        line += f"{one.latents_late:10}{one.latents_from_prior:10}"
        print(f"{line}  {one.failure}".rstrip(), flush=True)
    return results


def bench_loops(seconds: float, settings: RealtimeSettings, begin: Begin) -> list[dict[str, Any]]:
    """Measure and print every loop at every rate, idle and loaded; return a record each."""
    print(f"{'loop':<28}{'load':<8}{'Hz':>5}{'rate':>9}", end="")
    columns = ("p50 ms", "p99 ms", "p99.9 ms", "max ms", "slip ms", "misses")
    print("".join(f"{name:>10}" for name in columns), flush=True)
    results: list[dict[str, Any]] = []
    for state, cores in STATES.items():
        # The loops run in their own thread: the processes that load the cores must not inherit its priority.
        with cores(), ThreadPoolExecutor(1) as thread:
            thread.submit(scheduling.apply, settings).result()
            for rate in RATES:
                for name, run in loop.LOOPS.items():
                    begin(f"{name} at {rate:.0f} Hz, {state}")
                    one = thread.submit(loop.measure, run, rate, seconds).result()
                    results.append({"loop": name, "load": state, "hz": rate, **dataclasses.asdict(one)})
                    print(f"{name:<28}{state:<8}{rate:5.0f}{one.rate_hz:9.3f}", end="")
                    values = (one.p50_ms, one.p99_ms, one.p99_9_ms, one.max_ms, one.slip_ms)
                    print("".join(f"{value:10.3f}" for value in values) + f"{one.misses:10}", flush=True)
    return results
