"""``wmp bench``: measure this machine; ``wmp bench loop`` measures how well loops keep their rate.

Other packages add a benchmark with an entry point in the group ``wmp.benches``: an object with ``run(seconds,
json_file, device, ranks, mixed_precision) -> int``, such as ``wmp bench training``. The output file has been
checked before it runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib.metadata import entry_points
from typing import Any

from wmp_cli.command import UsageError
from wmp_cli.options import add_bundle_option, add_json_option, bundle_folder
from wmp_cli.output import check_file, write_json
from wmp_core.realtime import scheduling
from wmp_core.realtime.scheduling import SWITCH_INTERVAL, RealtimeSettings

BENCH_GROUP = "wmp.benches"
RATES = (50.0, 500.0)
DESCRIPTION = """Walks in simulation with the whole graph in real time, then runs the control loop's pacing at
50 and 500 Hz beside the two common idioms sleep(dt) and sleep(dt - elapsed). Each is measured twice: on the
machine as it is, and with all cores loaded."""

EXAMPLES = """examples:
  wmp bench loop                                 one minute per measurement: 15 minutes
  wmp bench loop --seconds 5 --json loop.json    a first look, 4 minutes
  wmp bench loop --priority 80 --cpus 1          loops and graph tuned as in docs/how-to/real_time.md
  wmp bench training                             environment and learning steps per second, 7 minutes
  wmp bench training --ranks 2                   the same with two data-parallel processes

slip: delay of the last cycle's start; misses: periods in which no cycle began; late: latents that missed
their deadline; blind: latents whose image missed its deadline, of 600 per minute. Required of our loop: slip
below 1 ms, 99 % of the policy steps below 1 ms, no late latent."""


class BenchCommand:
    """The subcommand ``wmp bench``."""

    help = "measure how well this machine keeps a control loop's rate"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.epilog = EXAMPLES
        parser.description = DESCRIPTION
        others = sorted(entry.name for entry in entry_points(group=BENCH_GROUP))
        parser.add_argument(
            "what",
            choices=("loop", *others),
            metavar="WHAT",
            help=f"what is measured: {', '.join(('loop', *others))}",
        )
        parser.add_argument("--no-graph", action="store_true", help="loop: do not walk with the graph")
        add_bundle_option(parser)
        parser.add_argument(
            "--seconds", type=float, default=60.0, metavar="S", help="length of a measurement (default: 60 s)"
        )
        add_json_option(parser)
        parser.add_argument(
            "--device", default="cpu", help="training: device that learns, cpu (default) or cuda"
        )
        parser.add_argument(
            "--ranks",
            type=int,
            default=1,
            metavar="N",
            help="training: processes that share the robots (default: 1)",
        )
        parser.add_argument(
            "--mixed-precision",
            action="store_true",
            help="training: bfloat16 as in wmp train --mixed-precision",
        )
        parser.add_argument(
            "--priority",
            type=int,
            default=0,
            metavar="N",
            help="loop: SCHED_FIFO priority of the loops and of the graph's control thread, 1 to 99; its "
            "perception nodes get lower ones (default: 0, no real-time scheduling)",
        )
        parser.add_argument(
            "--cpus",
            type=int,
            nargs="+",
            default=[],
            metavar="N",
            help="loop: CPUs that the loops and the graph's control thread may run on (default: all)",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        """Measure, print a table, write the figures."""
        if not arguments.seconds >= 1.0:
            raise UsageError(f"--seconds is {arguments.seconds:g}, expected at least 1")
        check_file("--json", arguments.json, arguments.overwrite)
        try:
            return _bench_loop(arguments) if arguments.what == "loop" else _bench_other(arguments)
        except ValueError as error:
            raise UsageError(str(error)) from error


def _bench_other(arguments: argparse.Namespace) -> int:
    (other,) = entry_points(group=BENCH_GROUP, name=arguments.what)
    return other.load().run(
        arguments.seconds, arguments.json, arguments.device, arguments.ranks, arguments.mixed_precision
    )


def _bench_loop(arguments: argparse.Namespace) -> int:
    from wmp_cli.bench.loop import LOOPS

    settings = RealtimeSettings(
        priority=arguments.priority, cpus=tuple(arguments.cpus), switch_interval=SWITCH_INTERVAL
    )
    bundle = [] if arguments.no_graph else ["--bundle", str(bundle_folder(arguments.bundle))]
    walks = 0 if arguments.no_graph else 2
    begin = progress(walks + 2 * len(RATES) * len(LOOPS))
    graphs = bench_graph(arguments.seconds, bundle, settings, begin) if walks else []
    results = bench_loops(arguments.seconds, settings, begin)
    if arguments.json is not None:
        means = {"priority": settings.priority, "cpus": settings.cpus}
        content = {"seconds": arguments.seconds, **means, "loops": results, "graph": graphs}
        write_json(arguments.json, content)
    return 0


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


def bench_graph(
    seconds: float, arguments: list[str], settings: RealtimeSettings, begin: Begin
) -> list[dict[str, Any]]:
    """Walk with the whole graph, idle and loaded; print how it met its deadlines and return a record each.

    ``arguments`` are options of ``wmp sim``.
    """
    from wmp_cli.bench.graph import measure_graph, realtime_arguments
    from wmp_cli.bench.loop import load

    print(f"{'policy step of the graph':<28}{'load':<8}{'ticks':>7}", end="")
    print("".join(f"{name:>10}" for name in ("p50 ms", "p99 ms", "max ms", "late", "blind")), flush=True)
    results: list[dict[str, Any]] = []
    for state, cores in (("idle", nullcontext), ("loaded", load)):
        begin(f"graph, {state}")
        with cores():
            one = measure_graph(seconds, [*arguments, *realtime_arguments(settings)])
        results.append({"load": state, **dataclasses.asdict(one)})
        columns = (one.compute_p50_ms, one.compute_p99_ms, one.compute_max_ms)
        line = f"{'':<28}{state:<8}{one.ticks:7}" + "".join(f"{value:10.3f}" for value in columns)
        line += f"{one.latents_late:10}{one.latents_from_prior:10}"
        print(f"{line}  {one.failure}".rstrip(), flush=True)
    return results


def bench_loops(seconds: float, settings: RealtimeSettings, begin: Begin) -> list[dict[str, Any]]:
    """Measure and print every loop at every rate, idle and loaded; return a record each."""
    from wmp_cli.bench.loop import LOOPS, load, measure  # not needed for --help

    print(f"{'loop':<28}{'load':<8}{'Hz':>5}{'rate':>9}", end="")
    columns = ("p50 ms", "p99 ms", "p99.9 ms", "max ms", "slip ms", "misses")
    print("".join(f"{name:>10}" for name in columns), flush=True)
    results: list[dict[str, Any]] = []
    for state, cores in (("idle", nullcontext), ("loaded", load)):
        # The loops run in their own thread: the processes that load the cores must not inherit its priority.
        with cores(), ThreadPoolExecutor(1) as thread:
            thread.submit(scheduling.apply, settings).result()
            for rate in RATES:
                for name, loop in LOOPS.items():
                    begin(f"{name} at {rate:.0f} Hz, {state}")
                    one = thread.submit(measure, loop, rate, seconds).result()
                    results.append({"loop": name, "load": state, "hz": rate, **dataclasses.asdict(one)})
                    print(f"{name:<28}{state:<8}{rate:5.0f}{one.rate_hz:9.3f}", end="")
                    values = (one.p50_ms, one.p99_ms, one.p99_9_ms, one.max_ms, one.slip_ms)
                    print("".join(f"{value:10.3f}" for value in values) + f"{one.misses:10}", flush=True)
    return results
