"""Targets and cases to a result: plan, run, observe, judge."""
