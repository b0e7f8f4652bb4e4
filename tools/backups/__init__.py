"""Backups of a stack: its parts, what of each lies in the target, how it comes back, and the drill of that."""
