"""Which versions there are, how each is obtained, and the proof of what really ran."""
