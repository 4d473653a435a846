"""The charge point as a pure machine: happenings in, intents out; time is an argument."""
