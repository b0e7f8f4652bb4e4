"""Game days: a disaster is staged on real programs of the loopback, and people end it by the runbooks alone."""
