"""The result as one HTML file that needs no network and opens from disk."""
