"""A part of the platform: a phase or a service, what it needs, and whether it can be brought up by itself."""
