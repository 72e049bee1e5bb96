"""ROS 2 nodes that command the robot: policy_node with the control loop, and keyboard teleoperation."""
