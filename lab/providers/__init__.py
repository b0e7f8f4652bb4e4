"""Simulated providers: one module or package for each Pulumi package the program uses."""
