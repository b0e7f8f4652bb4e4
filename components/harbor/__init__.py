"""What Harbor holds, in the words of its API."""
