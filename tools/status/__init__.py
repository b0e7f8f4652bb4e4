"""`make status`: where each phase and each service of a stack stands."""
