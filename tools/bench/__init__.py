"""`make bench`: what the program costs, against a floor that is measured in the same run."""
