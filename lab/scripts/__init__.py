"""Scripts of pods, run as they are mounted: in this process, with the files, time and network of their pod."""
