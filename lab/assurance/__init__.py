"""`make assurance`: every resource of a stack fails once at each moment of its life on the lab, and nothing is lost."""
