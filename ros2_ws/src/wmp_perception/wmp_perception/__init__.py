"""ROS 2 nodes from the depth camera to the world model's latent."""
