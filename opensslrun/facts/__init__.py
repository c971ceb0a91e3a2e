"""From what a step did to canonical values, by parsing."""
