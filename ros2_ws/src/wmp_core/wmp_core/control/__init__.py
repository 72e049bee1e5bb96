"""Control of the robot: state machine, postures, policy, safety monitor, envelope."""
