"""Reads rosbag2 recordings, whole or damaged, into the inputs and outputs of the networks."""
