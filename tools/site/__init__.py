"""`make docs`: the documentation as a site, in build/site."""
