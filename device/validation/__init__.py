"""The running firmware against the reference: measure, judge, tell."""
