"""What runs a core in real time, and what a core needs of the hardware around it."""
