"""Training of world-model-based perception for legged robots: simulation, learning, evaluation, export."""
