"""Facts and predictions to verdicts; the catalogue of known differences."""
