"""What answers each message of a charge point: one module a subject, `routes` has the list."""
