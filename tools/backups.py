"""Backups of a stack: when the last one was made and tried, and what a cluster that is made anew gets back of them."""

NONE = "none declared"


def last() -> str:
    """A line about the last backup and the last drill."""
    return f"backups: {NONE}"


def restored() -> list[str]:
    """What is restored into a new cluster, each with where it comes from; empty where nothing is."""
    return []
