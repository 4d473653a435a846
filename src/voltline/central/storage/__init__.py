"""Where a central system keeps what it knows: SQLite or PostgreSQL, written by one thread."""
