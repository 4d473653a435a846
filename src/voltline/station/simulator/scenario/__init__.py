"""Scenarios: files that say what happens to simulated stations, and what must come of it."""
