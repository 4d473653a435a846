"""Every frame both ways, in a file of its own: see docs/decisions/0004-message-log.md."""
