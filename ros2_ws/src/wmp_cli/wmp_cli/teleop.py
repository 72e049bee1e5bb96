"""``wmp teleop``: the keyboard of this terminal drives a robot that listens to ``cmd_vel``."""

from __future__ import annotations

import argparse
import os

from wmp_cli.command import UsageError

EXAMPLES = """examples:
  ros2 launch wmp_bringup a1_sim.launch.py operator:=ros     a simulated robot in one terminal,
  wmp teleop                                                 its driver in another
  wmp teleop --domain-id 7                                   a robot in another ROS domain

The robot moves only while space is held. policy_node must run with operator:=ros, and nobody
else may publish cmd_vel: wmp sim has an operator of its own."""


class TeleopCommand:
    """The subcommand ``wmp teleop``."""

    help = "drive by keyboard"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the ROS domain."""
        parser.description = "Drives the robot from this terminal; the keys are shown at the start."
        parser.epilog = EXAMPLES
        parser.add_argument(
            "--domain-id", type=int, metavar="N", help="ROS domain (default: $ROS_DOMAIN_ID, else 0)"
        )

    def run(self, arguments: argparse.Namespace) -> int:
        """Drive until Ctrl-C."""
        from wmp_controller import teleop_keyboard  # ROS only where it is asked for

        if arguments.domain_id is not None:
            if not 0 <= arguments.domain_id <= 232:
                raise UsageError(f"--domain-id is {arguments.domain_id}, expected 0 to 232")
            os.environ["ROS_DOMAIN_ID"] = str(arguments.domain_id)
        return teleop_keyboard.main()
