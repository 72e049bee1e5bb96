"""The simulated robot: an A1 in MuJoCo, its terrains and depth camera, and its UDP protocol."""
