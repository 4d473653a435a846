"""A site before there is one: its cars, charge points and network, simulated."""
