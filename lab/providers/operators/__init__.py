"""The operators that charts bring: what they make of their custom resources."""
