"""Stack files as nobody would write them, made from the model itself, and what may come of one."""
