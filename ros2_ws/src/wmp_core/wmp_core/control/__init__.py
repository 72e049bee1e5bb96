"""What one control cycle does: PD law, safety envelope, watchdogs, modes, postures, controller."""
