"""Helpers that the tests of several packages share; no package of the project imports them."""
