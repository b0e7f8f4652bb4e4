"""Servers in the internet that lead to the cluster."""
