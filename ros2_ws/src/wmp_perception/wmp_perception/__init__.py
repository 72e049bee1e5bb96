"""ROS 2 nodes that turn depth frames into the world model's latent state."""
