"""Training for world-model-based perceptive locomotion: simulation, learning, evaluation, export."""
