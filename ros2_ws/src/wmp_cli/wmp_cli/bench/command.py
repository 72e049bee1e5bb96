"""``wmp bench``: measure this machine. ``wmp bench loop`` measures how well loops keep their rate.

Other packages add measurements with the entry point group ``wmp.benches``: an object with
``run(seconds, json_file, device, ranks, mixed_precision) -> int``, like ``wmp bench training``. This command
has checked ``json_file`` by then: the measurement may write it.
"""

from __future__ import annotations

import argparse
from importlib.metadata import entry_points

from wmp_cli.command import UsageError
from wmp_cli.options import add_bundle_option, add_json_option, bundle_folder
from wmp_cli.output import check_file, write_json
from wmp_core.realtime.scheduling import SWITCH_INTERVAL, RealtimeSettings

BENCH_GROUP = "wmp.benches"
EXAMPLES = """examples:
  wmp bench loop                                 a minute per measurement, 15 minutes in all
  wmp bench loop --seconds 5 --json loop.json    a first look
  wmp bench loop --priority 80 --cpus 1          loops and graph tuned as in docs/how-to/real_time.md
  wmp bench training                             environment and learning steps per second, 7 minutes
  wmp bench training --ranks 2                   the same with two data-parallel processes

slip: delay of the last cycle against its schedule; misses: periods in which no cycle began; late: latents
that missed their deadline, blind: those whose image missed it, of 600 per minute. Targets for absolute
deadlines and for the graph: slip below 1 ms, 99 % of the policy steps below 1 ms, no late latent."""


class BenchCommand:
    """The subcommand ``wmp bench``."""

    help = "measure how well this machine keeps a control loop's rate"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.epilog = EXAMPLES
        parser.description = (
            "'loop' walks with the whole graph in simulation, then runs the control loop's pacing at 50 and "
            "500 Hz and compares it with two common idioms, sleep(dt) and sleep(dt - elapsed); each "
            "measurement is made on the machine as it is and with all cores loaded."
        )
        others = sorted(entry.name for entry in entry_points(group=BENCH_GROUP))
        parser.add_argument("measurement", choices=("loop", *others), help="what to measure")
        parser.add_argument(
            "--no-graph", action="store_true", help="skip the walks of the graph in real time"
        )
        add_bundle_option(parser)
        parser.add_argument(
            "--seconds", type=float, default=60.0, metavar="S", help="duration of a measurement (default: 60)"
        )
        add_json_option(parser)
        parser.add_argument("--device", default="cpu", help="training: learn on cpu (default) or cuda")
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
            help="training: PPO's critic multiplies in bfloat16, as in wmp train --mixed-precision",
        )
        parser.add_argument(
            "--priority",
            type=int,
            default=0,
            metavar="N",
            help="SCHED_FIFO priority of the loops and the graph's control thread, 1 to 99; the perception "
            "nodes get lower ones (default: 0, no SCHED_FIFO)",
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
        """Measure and print the tables."""
        if not arguments.seconds >= 1.0:
            raise UsageError(f"--seconds is {arguments.seconds:g}, expected at least 1")
        check_file("--json", arguments.json, arguments.overwrite)
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
        bundle = [] if arguments.no_graph else ["--bundle", str(bundle_folder(arguments.bundle))]
        from wmp_cli.bench.table import bench_graph, bench_loops  # not needed for --help

        graphs = [] if arguments.no_graph else bench_graph(arguments.seconds, bundle, settings)
        loops = bench_loops(arguments.seconds, settings)
        if arguments.json is not None:
            scheduling = {"priority": settings.priority, "cpus": settings.cpus}
            content = {"seconds": arguments.seconds, **scheduling, "loops": loops, "graph": graphs}
            write_json(arguments.json, content)
        return 0
