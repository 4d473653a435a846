"""What storage promises, on every database."""
