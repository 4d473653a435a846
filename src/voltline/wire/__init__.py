"""One text frame of OCPP-J 1.6 to one Frame and back, and the exceptions of the protocol library."""
