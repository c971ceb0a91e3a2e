"""What is run: case files and fixtures, as data."""
