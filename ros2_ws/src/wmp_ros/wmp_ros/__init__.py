"""What all nodes share: QoS profiles, parameters, stamps, diagnostics, start and end."""
