"""What every node needs: QoS, settings from parameters, diagnostics, an orderly end."""
