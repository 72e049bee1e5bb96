"""Shared by all nodes: QoS, settings from parameters, diagnostics, journals, clean shutdown."""
