"""``wmp teleop``: drive a robot that subscribes to ``cmd_vel`` with the keyboard of this terminal."""

from __future__ import annotations

import argparse

from wmp_cli.options import add_domain_option, use_domain

EXAMPLES = """examples:
  ros2 launch wmp_bringup a1_sim.launch.py operator:=ros     a simulated robot in one terminal,
  wmp teleop                                                 its operator in another
  wmp teleop --domain-id 7                                   a robot in another ROS domain

The robot moves only while space is held. policy_node must run with operator:=ros, and nothing else may
publish cmd_vel: 'wmp sim' publishes it itself."""


class TeleopCommand:
    """The subcommand ``wmp teleop``."""

    help = "drive the robot with the keyboard"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the ROS domain."""
        parser.description = (
            "Drives the robot with the keyboard of this terminal; shows the keys at the start."
        )
        parser.epilog = EXAMPLES
        add_domain_option(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Drive until Ctrl-C."""
        use_domain(arguments.domain_id)
        from wmp_controller import teleop_keyboard  # after the domain is set; --help needs no ROS

        return teleop_keyboard.main()
