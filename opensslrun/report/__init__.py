"""One result model with a published JSON Schema, and its renderings."""
