"""``wmp bench``: measure this machine. ``wmp bench loop``: how well loops keep their rate.

What other packages measure comes from the entry point group ``wmp.benches``: an object with
``run(seconds, json_file, device, ranks, mixed_precision) -> int``, like the training's ``wmp bench
training``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from wmp_cli.command import UsageError
from wmp_core.realtime import scheduling
from wmp_core.realtime.scheduling import SWITCH_INTERVAL, RealtimeSettings

BENCH_GROUP = "wmp.benches"
RATES = (50.0, 500.0)
EXAMPLES = """examples:
  wmp bench loop                                 a minute each: 15 minutes
  wmp bench loop --seconds 5 --json loop.json    a first look
  wmp bench loop --priority 80 --cpus 1          loops and graph tuned as in docs/how-to/real_time.md
  wmp bench training                             environment and learning steps a second, 7 minutes
  wmp bench training --ranks 2                   the same with two data-parallel processes

slip: how much later than asked the last cycle began; misses: periods in which no cycle began; late: latents
that were not there in time, blind: those whose image was not, of 600 in a minute. Wanted of ours: slip below
1 ms, a policy step below 1 ms in 99 of 100, no latent late."""


class BenchCommand:
    """The subcommand ``wmp bench``."""

    help = "measure how well this machine keeps a control loop's rate"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.epilog = EXAMPLES
        parser.description = (
            "Runs the control loop's pacing at 50 and 500 Hz, with the machine as it is and with all cores "
            "loaded, beside the two common idioms sleep(dt) and sleep(dt - elapsed); then the graph itself, "
            "walking in simulation."
        )
        others = sorted(entry.name for entry in entry_points(group=BENCH_GROUP))
        parser.add_argument("measurement", choices=("loop", *others), help="what is measured")
        parser.add_argument(
            "--no-graph", action="store_true", help="leave out the walk of the graph in real time"
        )
        parser.add_argument("--bundle", help="folder of the bundle that walks (default: as for wmp sim)")
        parser.add_argument("--seconds", type=float, default=60.0, help="per measurement (default: 60)")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file")
        parser.add_argument(
            "--device", default="cpu", help="training: where it learns, cpu (default) or cuda"
        )
        parser.add_argument("--ranks", type=int, default=1, help="training: processes that share the robots")
        parser.add_argument(
            "--mixed-precision",
            action="store_true",
            help="training: as wmp train's; bfloat16 in PPO's critic",
        )
        parser.add_argument(
            "--priority",
            type=int,
            default=0,
            help="SCHED_FIFO of the loops and the graph's control thread, 1 to 99; its perception gets lower "
            "ones (default: 0, off for all)",
        )
        parser.add_argument(
            "--cpus",
            type=int,
            nargs="+",
            default=[],
            metavar="N",
            help="CPUs that the loops and the graph's control thread may run on",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        """Measure, print a table."""
        if not arguments.seconds >= 1.0:
            raise UsageError(f"--seconds is {arguments.seconds:g}, expected at least 1")
        if arguments.measurement != "loop":
            (other,) = entry_points(group=BENCH_GROUP, name=arguments.measurement)
            try:
                return other.load().run(
                    arguments.seconds,
                    arguments.json,
                    arguments.device,
                    arguments.ranks,
                    arguments.mixed_precision,
                )
            except ValueError as error:
                raise UsageError(str(error)) from error
        try:
            settings = RealtimeSettings(
                priority=arguments.priority, cpus=tuple(arguments.cpus), switch_interval=SWITCH_INTERVAL
            )
        except ValueError as error:
            raise UsageError(str(error)) from error
        bundle = [] if arguments.bundle is None else ["--bundle", arguments.bundle]
        graphs = [] if arguments.no_graph else bench_graph(arguments.seconds, bundle, settings)
        results = bench_loops(arguments.seconds, settings)
        if arguments.json is not None:
            means = {"priority": settings.priority, "cpus": settings.cpus}
            content = {"seconds": arguments.seconds, **means, "loops": results, "graph": graphs}
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
            arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return 0


def bench_graph(seconds: float, arguments: list[str], settings: RealtimeSettings) -> list[dict[str, Any]]:
    """Walk with the whole graph, idle and loaded, and print what became of its deadlines; one record each.

    ``arguments`` are of ``wmp sim``.
    """
    from wmp_cli.bench.graph import measure_graph, realtime_arguments
    from wmp_cli.bench.loop import load

    print(f"{'policy step of the graph':<28}{'load':<8}{'ticks':>7}", end="")
    print("".join(f"{name:>10}" for name in ("p50 ms", "p99 ms", "max ms", "late", "blind")))
    results: list[dict[str, Any]] = []
    for busy in (False, True):
        with load() if busy else nullcontext():
            one = measure_graph(seconds, [*arguments, *realtime_arguments(settings)])
        words = "loaded" if busy else "idle"
        results.append({"load": words, **dataclasses.asdict(one)})
        columns = (one.compute_p50_ms, one.compute_p99_ms, one.compute_max_ms)
        line = f"{'':<28}{words:<8}{one.ticks:7}" + "".join(f"{value:10.3f}" for value in columns)
        line += f"{one.latents_late:10}{one.latents_from_prior:10}"
        print(f"{line}  {one.failure}".rstrip(), flush=True)
    return results


def bench_loops(seconds: float, settings: RealtimeSettings) -> list[dict[str, Any]]:
    """Measure and print every loop at every rate, idle and loaded; one record each."""
    from wmp_cli.bench.loop import LOOPS, load, measure  # not needed for --help

    print(f"{'loop':<28}{'load':<8}{'Hz':>5}{'rate':>9}", end="")
    print("".join(f"{name:>10}" for name in ("p50 ms", "p99 ms", "p99.9 ms", "max ms", "slip ms", "misses")))
    results: list[dict[str, Any]] = []
    for busy in (False, True):
        # The loops have a thread of their own: what keeps the cores busy must not inherit its priority.
        with load() if busy else nullcontext(), ThreadPoolExecutor(1) as thread:
            thread.submit(scheduling.apply, settings).result()
            for rate in RATES:
                for name, loop in LOOPS.items():
                    one = thread.submit(measure, loop, rate, seconds).result()
                    words = "loaded" if busy else "idle"
                    results.append({"loop": name, "load": words, "hz": rate, **dataclasses.asdict(one)})
                    print(f"{name:<28}{words:<8}{rate:5.0f}{one.rate_hz:9.3f}", end="")
                    columns = (one.p50_ms, one.p99_ms, one.p99_9_ms, one.max_ms, one.slip_ms)
                    print("".join(f"{value:10.3f}" for value in columns) + f"{one.misses:10}", flush=True)
    return results
