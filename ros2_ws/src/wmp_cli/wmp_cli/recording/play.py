"""``wmp play``: publish a bag into a running graph."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from wmp_cli.command import UsageError
from wmp_cli.options import add_domain_option, use_domain

EXAMPLES = """examples:
  wmp play bags/stairs                             all topics, at the recorded times
  wmp play bags/stairs --rate 0.5 --topics wmp/depth wmp/policy_step
  wmp play bags/stairs --lockstep                  as fast as a world_model_node in lockstep computes latents,
                                                   which are compared with those of the bag
  wmp play bags/stairs --lockstep --listeners 2    the same beside a 'wmp record --await wmp/latent'

A running policy_node receives the published topics: with motors attached, play only into a graph without
policy_node.

exit code: 0 played to the end; 1 stopped, no subscriber or no answer; 2 wrong arguments"""


class PlayCommand:
    """The subcommand ``wmp play``."""

    help = "publish a bag into a running graph, for machines without 'ros2 bag'"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description = (
            "Publishes the messages of a rosbag2 (MCAP or sqlite3; whole, split, compressed or cut off) in "
            "the order of their log times, byte for byte."
        )
        parser.epilog = EXAMPLES
        parser.add_argument("bag", type=Path, help="rosbag2 folder, or a .mcap or .db3 file")
        parser.add_argument(
            "--rate", type=float, default=1.0, metavar="FACTOR", help="speed factor (default: 1)"
        )
        parser.add_argument("--topics", nargs="+", metavar="TOPIC", help="only these topics (default: all)")
        parser.add_argument(
            "--lockstep", action="store_true", help="wait for the subscribers instead of the clock"
        )
        parser.add_argument(
            "--wait",
            type=float,
            default=10.0,
            metavar="S",
            help="longest wait for subscribers [s] (default: 10)",
        )
        parser.add_argument(
            "--listeners",
            type=int,
            default=1,
            metavar="N",
            help="in lockstep, subscribers of wmp/policy_step to wait for (default: 1)",
        )
        add_domain_option(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Play to the end, or until a signal."""
        use_domain(arguments.domain_id)
        if not 0 < arguments.rate < float("inf"):
            raise UsageError(f"--rate is {arguments.rate:g}, expected a positive number")
        if arguments.listeners < 1:
            raise UsageError(f"--listeners is {arguments.listeners}, expected at least 1")
        sys.argv = ["player"]  # rclpy reads ROS arguments from there
        from wmp_recording.player import Player, PlayError, open_bag  # after the domain is set
        from wmp_ros.running import run_node

        topics = None if arguments.topics is None else {topic.lstrip("/") for topic in arguments.topics}
        try:
            recording = open_bag(arguments.bag)
        except PlayError as error:
            raise UsageError(str(error)) from error
        for problem in recording.problems:
            print(f"{arguments.bag}: {problem}", file=sys.stderr)

        def serve(node: Player, stop: threading.Event) -> None:
            node.wait_for_subscribers(stop, arguments.wait)
            played = node.play(stop)
            print(f"played {played.messages} messages of {arguments.bag}")
            if arguments.lockstep:
                print(
                    f"received {played.latents} latents, largest difference from the recorded h: "
                    f"{played.largest_difference:.1e}"
                )
            if stop.is_set():
                raise PlayError("stopped before the end of the bag")

        return run_node(
            lambda: Player(recording, arguments.rate, topics, arguments.lockstep, arguments.listeners),
            (PlayError,),
            serve,
        )
