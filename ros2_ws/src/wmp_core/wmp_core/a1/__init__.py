"""The Unitree A1: wire format, joint order, links, remote."""
