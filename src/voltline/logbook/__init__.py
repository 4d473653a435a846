"""Log files in, reports out: readers, opening of archives, and what turns findings into pages."""
