"""Helpers for the tests of every package; the runtime never imports them."""
