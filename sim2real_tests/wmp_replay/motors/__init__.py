"""Fits friction, strength and delay of the motors so that simulated legs move like the recorded ones."""
