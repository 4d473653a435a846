"""Facts and rules of a central system. Pure: no database, no network, no clock; time is an argument."""
