"""Friction, strength and delay of a robot's motors, found by moving simulated legs as the recorded ones."""
