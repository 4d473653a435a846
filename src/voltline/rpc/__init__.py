"""The rules of CALL and answer on one connection, without I/O and without a clock."""
