"""What one control cycle does: PD law, safety envelope, safety rules, modes, postures, controller."""
