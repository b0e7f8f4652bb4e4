"""`make recording`: a run of the demo in a terminal, as an asciicast and as the picture in the README."""
