"""``wmp teleop``: drives a robot from the keyboard of this terminal, over ``cmd_vel``."""

from __future__ import annotations

import argparse

from wmp_cli.options import add_domain_option, enter_domain

EXAMPLES = """examples:
  ros2 launch wmp_bringup a1_sim.launch.py operator:=ros     first terminal: simulated robot
  wmp teleop                                                 second terminal: keyboard
  wmp teleop --domain-id 7                                   a robot in another ROS domain

The robot moves only while space is held. policy_node must run with operator:=ros and without
another publisher of cmd_vel; wmp sim publishes cmd_vel itself."""


class TeleopCommand:
    """The subcommand ``wmp teleop``."""

    help = "drive a robot by keyboard"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the ROS domain."""
        parser.description = "Drives the robot from this terminal; the keys are shown at the start."
        parser.epilog = EXAMPLES
        add_domain_option(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Drive until Ctrl-C."""
        enter_domain(arguments)
        from wmp_controller import teleop_keyboard  # needs ROS; not needed for --help

        return teleop_keyboard.main()
