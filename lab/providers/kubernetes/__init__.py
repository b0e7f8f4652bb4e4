"""The simulated Kubernetes API server, its controllers, and the charts' operators."""
