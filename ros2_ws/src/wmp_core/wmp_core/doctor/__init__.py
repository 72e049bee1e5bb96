"""Checks of computer, bundle and robot before a walk; each function returns one or more checks."""
