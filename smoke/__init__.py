"""Acceptance suite for a real cluster, run from its network: does the platform do what it is for?"""
