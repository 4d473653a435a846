"""Charging profiles computed: which limit holds when, and the schedule that several profiles come to."""
