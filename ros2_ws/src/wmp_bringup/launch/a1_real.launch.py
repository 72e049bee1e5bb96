"""Drive a real A1. Example: ros2 launch wmp_bringup a1_real.launch.py dry_run:=true"""

from wmp_bringup.launch_actions import describe_graph


def generate_launch_description():
    """The graph of ``wmp_bringup.graph`` with a real robot."""
    return describe_graph("real")
