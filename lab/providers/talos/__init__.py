"""The simulated Talos nodes and Image Factory, and the `talos` package."""
