"""Harbor: the login of people, and the registry."""
