"""Unitree A1: wire format, joint order, UDP link, remote."""
