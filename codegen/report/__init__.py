"""The build's report: what its JSON files say, as one page."""
