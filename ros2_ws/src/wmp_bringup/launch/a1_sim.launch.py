"""Walk a simulated A1. Example: ros2 launch wmp_bringup a1_sim.launch.py terrain:=rough vx:=0.5"""

from wmp_bringup.launch_actions import describe_graph


def generate_launch_description():
    """The graph of ``wmp_bringup.graph`` with a simulated robot."""
    return describe_graph("sim")
