"""The pytest plugin: a test that runs once on each target."""
