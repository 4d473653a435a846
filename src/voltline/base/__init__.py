"""The ground floor: clock, identities and message ids."""
