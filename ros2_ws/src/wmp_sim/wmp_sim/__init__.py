"""The simulated robot: an A1 in MuJoCo, its terrains and camera, and a process that speaks its protocol."""
