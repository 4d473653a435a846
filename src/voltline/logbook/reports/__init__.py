"""What came of an inspection, written for somebody: a program, a spreadsheet, a browser."""
