"""What may vary from cluster to cluster: a strict, typed model of the stack file."""
