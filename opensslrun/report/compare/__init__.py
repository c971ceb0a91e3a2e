"""Two runs held against each other, and two versions within one run: plain functions from results to data."""
