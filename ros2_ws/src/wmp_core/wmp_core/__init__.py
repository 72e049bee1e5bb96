"""The runtime as a plain library: contract, bundle, observations, depth, inference, control, A1 protocol."""
