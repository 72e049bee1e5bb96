"""``wmp bench``: measure this machine; ``wmp bench loop`` measures how well loops keep their rate.

Other packages add a benchmark with an entry point in the group ``wmp.benches``: an object with ``run(seconds,
json_file, device, ranks, mixed_precision) -> int``, such as ``wmp bench training``. The output file has been
checked before it runs.
"""

from __future__ import annotations

import argparse
from importlib.metadata import entry_points

from wmp_cli.command import UsageError
from wmp_cli.options import add_bundle_option, add_json_option, bundle_folder
from wmp_cli.output import check_file, write_json
from wmp_core.realtime.scheduling import SWITCH_INTERVAL, RealtimeSettings

BENCH_GROUP = "wmp.benches"
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
    from wmp_cli.bench.table import bench_graph, bench_loops, count_loops, progress  # not needed for --help

    settings = RealtimeSettings(
        priority=arguments.priority, cpus=tuple(arguments.cpus), switch_interval=SWITCH_INTERVAL
    )
    bundle = [] if arguments.no_graph else ["--bundle", str(bundle_folder(arguments.bundle))]
    walks = 0 if arguments.no_graph else 2
    begin = progress(walks + count_loops())
    graphs = bench_graph(arguments.seconds, bundle, settings, begin) if walks else []
    results = bench_loops(arguments.seconds, settings, begin)
    if arguments.json is not None:
        means = {"priority": settings.priority, "cpus": settings.cpus}
        content = {"seconds": arguments.seconds, **means, "loops": results, "graph": graphs}
        write_json(arguments.json, content)
    return 0
