"""How a command reaches a binary: a local process or a container."""
