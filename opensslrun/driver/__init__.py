"""One `openssl` binary: a command with its prompts answered, typed results out. Needs no Docker."""
