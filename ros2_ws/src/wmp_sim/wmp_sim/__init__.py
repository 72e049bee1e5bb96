"""The simulated robot: an A1 in MuJoCo, its terrains, its depth camera, and the process that is an A1 on the network."""
