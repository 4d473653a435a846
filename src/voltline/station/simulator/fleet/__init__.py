"""Thousands of simulated stations that behave like the drivers of a place: a workplace, a street, a depot."""
