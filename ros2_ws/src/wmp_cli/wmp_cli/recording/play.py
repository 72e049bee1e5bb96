"""``wmp play``: publish a bag into a live graph."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from pathlib import Path

from wmp_cli.command import UsageError

EXAMPLES = """examples:
  wmp play bags/stairs                             all topics, in the recorded rhythm
  wmp play bags/stairs --rate 0.5 --topics wmp/depth wmp/policy_step
  wmp play bags/stairs --lockstep                  as fast as a world_model_node with lockstep answers; the
                                                   latents of the bag are compared with its own
  wmp play bags/stairs --lockstep --listeners 2    the same beside a 'wmp record --await wmp/latent'

A controller that is running hears the same topics: play with motors only into a graph without policy_node.

exit code: 0 played; 1 stopped, nobody listened or answered; 2 wrong arguments"""


class PlayCommand:
    """The subcommand ``wmp play``."""

    help = "publish a bag into a running graph, for machines without 'ros2 bag'"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description = "Publishes the messages of a rosbag2 (MCAP or sqlite3), byte for byte."
        parser.epilog = EXAMPLES
        parser.add_argument("bag", type=Path, help="rosbag2 folder, or a .mcap or .db3 file")
        parser.add_argument("--rate", type=float, default=1.0, metavar="FACTOR", help="speed (default: 1)")
        parser.add_argument("--topics", nargs="+", metavar="TOPIC", help="only these (default: all)")
        parser.add_argument(
            "--lockstep", action="store_true", help="wait for the listeners instead of the clock"
        )
        parser.add_argument(
            "--wait", type=float, default=10.0, metavar="S", help="for listeners (default: 10 s)"
        )
        parser.add_argument(
            "--listeners",
            type=int,
            default=1,
            metavar="N",
            help="in lockstep, listeners of wmp/policy_step to wait for (default: 1)",
        )
        parser.add_argument("--domain-id", type=int, metavar="N", help="ROS domain (default: $ROS_DOMAIN_ID)")

    def run(self, arguments: argparse.Namespace) -> int:
        """Play to the end, or until a signal."""
        if not 0 < arguments.rate < float("inf"):
            raise UsageError(f"--rate is {arguments.rate:g}, expected a positive number")
        if arguments.listeners < 1:
            raise UsageError(f"--listeners is {arguments.listeners}, expected at least 1")
        if arguments.domain_id is not None:
            os.environ["ROS_DOMAIN_ID"] = str(arguments.domain_id)
        sys.argv = ["player"]  # ROS looks for its own arguments there
        from wmp_recording.player import Player, PlayError, open_bag  # after the domain is set
        from wmp_ros.running import run_node

        topics = None if arguments.topics is None else {f"/{topic.lstrip('/')}" for topic in arguments.topics}
        try:
            reader = open_bag(arguments.bag)
        except PlayError as error:
            raise UsageError(str(error)) from error

        def serve(node: Player, stop: threading.Event) -> None:
            node.wait_for_listeners(stop, arguments.wait)
            played = node.play(stop)
            print(f"played {played.messages} messages of {arguments.bag}")
            if arguments.lockstep:
                print(
                    f"{played.latents} latents answered, largest difference from the recorded h: "
                    f"{played.largest_difference:.1e}"
                )
            if stop.is_set():
                raise PlayError("stopped before the end of the bag")

        try:
            return run_node(
                lambda: Player(reader, arguments.rate, topics, arguments.lockstep, arguments.listeners),
                (PlayError,),
                serve,
            )
        finally:
            reader.close()
