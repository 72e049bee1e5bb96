"""The measurements of ``wmp bench loop``, printed as tables: the graph's deadlines, then the loops."""

from __future__ import annotations

import dataclasses
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from wmp_cli.bench import graph, loop
from wmp_cli.bench.load import load
from wmp_core.realtime import scheduling
from wmp_core.realtime.scheduling import RealtimeSettings

RATES = (50.0, 500.0)
LOADS = ("idle", "loaded")


def bench_graph(seconds: float, arguments: list[str], settings: RealtimeSettings) -> list[dict[str, Any]]:
    """Walk with the whole graph, idle and loaded, and print how it met its deadlines; one record per walk.

    ``arguments`` are further ones of ``wmp sim``.
    """
    print(f"{'policy step of the graph':<28}{'load':<8}{'ticks':>7}", end="")
    print("".join(f"{name:>10}" for name in ("p50 ms", "p99 ms", "max ms", "late", "blind")), flush=True)
    records: list[dict[str, Any]] = []
    for name in LOADS:
        _report_begin("walk", len(records) + 1, len(LOADS), name, seconds)
        with _load(name):
            one = graph.measure_graph(seconds, [*arguments, *graph.realtime_arguments(settings)])
        records.append({"load": name, **dataclasses.asdict(one)})
        columns = (one.compute_p50_ms, one.compute_p99_ms, one.compute_max_ms)
        line = f"{'':<28}{name:<8}{one.ticks:7}" + "".join(f"{value:10.3f}" for value in columns)
        line += f"{one.latents_late:10}{one.latents_from_prior:10}"
        print(f"{line}  {one.failure}".rstrip(), flush=True)
    return records


def bench_loops(seconds: float, settings: RealtimeSettings) -> list[dict[str, Any]]:
    """Measure and print every loop at every rate, idle and loaded; one record per measurement."""
    print(f"{'loop':<28}{'load':<8}{'Hz':>5}{'rate':>9}", end="")
    columns = ("p50 ms", "p99 ms", "p99.9 ms", "max ms", "slip ms", "misses")
    print("".join(f"{name:>10}" for name in columns), flush=True)
    records: list[dict[str, Any]] = []
    count = len(LOADS) * len(RATES) * len(loop.LOOPS)
    for busy in LOADS:
        # The loops run in a thread of their own, so that the load does not inherit their priority.
        with _load(busy), ThreadPoolExecutor(1) as thread:
            thread.submit(scheduling.apply, settings).result()
            for rate in RATES:
                for name, run in loop.LOOPS.items():
                    _report_begin("loop", len(records) + 1, count, f"{name}, {rate:g} Hz, {busy}", seconds)
                    one = thread.submit(loop.measure, run, rate, seconds).result()
                    records.append({"loop": name, "load": busy, "hz": rate, **dataclasses.asdict(one)})
                    _print_loop(name, busy, rate, one)
    return records


def _print_loop(name: str, busy: str, rate: float, one: loop.LoopFigures) -> None:
    columns = (one.p50_ms, one.p99_ms, one.p99_9_ms, one.max_ms, one.slip_ms)
    line = f"{name:<28}{busy:<8}{rate:5.0f}{one.rate_hz:9.3f}" + "".join(
        f"{value:10.3f}" for value in columns
    )
    print(f"{line}{one.misses:10}", flush=True)


def _load(name: str) -> AbstractContextManager[None]:
    return load() if name == "loaded" else nullcontext()


def _report_begin(kind: str, number: int, count: int, what: str, seconds: float) -> None:
    print(f"{kind} {number} of {count}: {what}, {seconds:g} s", file=sys.stderr, flush=True)
