"""`make edge-drill`: real HAProxy, with the configuration that the program writes, loses workers and an edge."""

ANSWER_SECONDS = 0.1
"""How long a worker thinks about a request."""
HOST = "git.edge-drill.example.com"
