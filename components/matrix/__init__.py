"""Chat: its configuration files, and what other servers know it by."""
