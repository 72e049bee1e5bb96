"""Reading rosbag2 recordings, whole or damaged, into what the networks saw."""
