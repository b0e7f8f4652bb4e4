"""`make doctor`: whether everything is there that the next `make up` needs, with the fix of each thing that is not."""
