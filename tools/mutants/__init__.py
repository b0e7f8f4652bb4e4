"""Defects that are planted on purpose, one by one, to learn which test notices each."""
