"""A simulated A1 walks. Try: ros2 launch wmp_bringup a1_sim.launch.py terrain:=rough vx:=0.5"""

from wmp_bringup.launch_actions import describe_graph


def generate_launch_description():
    """The graph described in ``wmp_bringup.graph``."""
    return describe_graph("sim")
