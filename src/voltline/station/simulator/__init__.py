"""Cars, meters and drivers that are not there, and the station that serves them."""
