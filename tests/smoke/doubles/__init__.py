"""A platform on the loopback: doubles that behave as its services do, and can be told to lie."""
