"""ROS 2 nodes that command the robot: the policy with its control loop, and teleoperation."""
