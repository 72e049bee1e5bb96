"""Bag files without ROS: reads rosbag2 recordings, whole or damaged, and writes complete ones.

``wmp replay``, ``wmp play`` and ``wmp recover`` share this reader.
"""
