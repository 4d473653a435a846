"""Every frame both ways, in a file of its own: see docs/decisions/0006-message-log.md."""
