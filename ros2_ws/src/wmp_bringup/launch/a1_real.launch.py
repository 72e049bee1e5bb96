"""Drives an A1 on the network. Try: ros2 launch wmp_bringup a1_real.launch.py dry_run:=true"""

from wmp_bringup.launch_actions import describe_graph


def generate_launch_description():
    """The graph described in ``wmp_bringup.graph``."""
    return describe_graph("real")
